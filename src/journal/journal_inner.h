/*
 * journal_inner.h - the writer's state. Private to journal/.
 *
 * What the syncing thread needs stands in `shared`, below its lock; all else is the writing thread's.
 */
#ifndef JOURNAL_INNER_H
#define JOURNAL_INNER_H

#include <pthread.h>

#include "base/buf.h"
#include "journal/journal.h"
#include "journal/line.h"
#include "journal/segment.h"

enum { JOURNAL_RETIRED = 8, JOURNAL_PROBLEM = 256 };

struct journal_shared {
	pthread_mutex_t lock;
	int dirfd; /* borrowed */
	int fd; /* the segment being written; -1: the next line begins one */
	int retired[JOURNAL_RETIRED]; /* full segments, to be synced and closed */
	unsigned retired_count;
	bool folder_changed; /* it has a segment that is not yet durable by name */
	uint64_t written, durable; /* numbers of lines */
	char problem[JOURNAL_PROBLEM]; /* of the last sync */
};

struct journal {
	struct journal_shared *shared;
	int lock_fd;
	char *path; /* the folder's name when it was opened; NULL when unknown */
	struct chain chain; /* of the last line that was appended */
	struct buf pending; /* lines that are not written yet */
	size_t begun; /* bytes of the first of them that are in the segment already */
	uint64_t held; /* lines in pending */
	unsigned char before_pending[HASH_BYTES]; /* chain of the line before the first of them */
	bool batching;
	char segment[SEGMENT_NAME];
	uint64_t segment_first, segment_bytes;
	char problem[JOURNAL_PROBLEM]; /* why pending could not be written */
	uint64_t retry_ns; /* when that is tried again, CLOCK_MONOTONIC */
	struct {
		uint64_t total, unsaid; /* lines dropped; those that no gap line tells of yet */
		struct timestamp from, to; /* of the unsaid */
		int os_errno;
	} lost;
	/* The gap line that stands in pending for the lines that were dropped there. */
	struct journal_gap {
		uint64_t seq; /* its number; 0: there was none yet */
		uint64_t lines;
		struct timestamp from, to;
	} gap;
};

/* journal.c: takes the segment FD (-1: the next line begins one) for what is written from now on; the one before is left to the
 * next sync. */
void journal_take_segment(struct journal *journal, int fd, uint64_t first, uint64_t size);
/* journal.c: makes the segment that the first pending line, or the next one, begins. False (errno) when it cannot: that is held
 * against `problem`, and tried again. */
bool journal_begin_segment(struct journal *journal);
/* journal_drop.c: makes room in pending for LEN bytes more: drops its oldest lines, puts a gap line in their place, and chains the
 * others behind it anew. False, all being as it was: no memory, or a line that is in the segment in part leaves too little room. */
bool journal_drop(struct journal *journal, size_t len);
/* journal_drop.c: the members of a gap line. */
enum { JOURNAL_GAP_MEMBERS = 512 };
size_t journal_gap_members(const struct journal_gap *gap, int os_errno, char ret_members[JOURNAL_GAP_MEMBERS]);
/* journal_open.c: locks the folder. */
int journal_lock(int dirfd, int *ret_fd, struct err *err);
/* journal_sync.c: remembers the folder's name; it is not needed where /proc is missing. */
void journal_remember_path(struct journal *journal);

#endif
