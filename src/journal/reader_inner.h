/* reader_inner.h - a reader's state. Private to journal/. */
#ifndef JOURNAL_READER_INNER_H
#define JOURNAL_READER_INNER_H

#include "base/buf.h"
#include "journal/journal.h"
#include "journal/line.h"
#include "journal/segment.h"

struct journal_reader {
	int dirfd; /* own */
	bool since_given; /* lines before `since` are passed over, up to the first that is not */
	struct timestamp since;
	struct segment_list list;
	size_t next; /* index in list of the first segment behind the present one */
	uint64_t present; /* the segment being read, by its number; 0 none yet */
	bool opened; /* fd is that segment */
	bool last_look; /* at its end a later segment was seen: it was read once more since */
	int fd;
	char name[SEGMENT_NAME];
	uint64_t offset; /* in the segment, of buf's first byte */
	uint64_t line; /* of the segment, for messages */
	struct buf buf;
	size_t used; /* bytes of buf that were given away */
	size_t scanned; /* bytes behind `used` that hold no newline */
	bool skipping; /* within a line that is too long */
	bool waiting; /* `line` below did not chain, was told, and is due */
	struct journal_line stash;
	struct chain chain;
	struct journal_count count;
};

#endif
