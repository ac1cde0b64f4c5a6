/*
 * segment.h - the files of a journal: events-N.ndjson, N being the number of the first line in sixteen digits, so that C
 * order is theirs. Private to journal/. Thread-safe.
 *
 * A folder may come from a compromised host: only regular files are opened, without following links or waiting.
 */
#ifndef JOURNAL_SEGMENT_H
#define JOURNAL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tally/err.h"

enum { SEGMENT_NAME = 32, SEGMENTS_MAX = 1 << 20 };

void segment_name(uint64_t first, char ret_name[SEGMENT_NAME]);

struct segment_list {
	uint64_t *firsts; /* ascending */
	size_t count, capacity;
};
#define SEGMENT_LIST_INIT ((struct segment_list){ .firsts = NULL })
void segment_list_done(struct segment_list *list);
/* Reads the folder anew; other names are passed over. ERR_DATA when there are more than SEGMENTS_MAX. */
int segment_list_read(int dirfd, struct segment_list *list, struct err *err);

/* FLAGS: O_RDONLY or O_RDWR | O_APPEND. ERR_NOINPUT when there is none, ERR_DATA when it is no regular file. */
int segment_open(int dirfd, uint64_t first, int flags, int *ret_fd, uint64_t *ret_size, struct err *err);

/* The chain of a segment's last line, read from its end. False when it has none that is whole. */
bool segment_tail(int dirfd, uint64_t first, unsigned char ret_chain[]);

#endif
