/*
 * rotation.h - a log that was rotated is told apart from one that was replaced.
 *
 * A sink to put in front of another one. A growing log whose name stands for another inode now, and for nothing
 * else that differs, was rotated when the recorded inode lies beside it under another name and still begins with
 * what was recorded. Such a change is held back and counted; any other goes on.
 */
#ifndef OPS_ROTATION_H
#define OPS_ROTATION_H

#include <stdatomic.h>

#include "diff/diff.h"

struct rotation {
	struct diff_sink next;
	const atomic_bool *interrupted; /* may be NULL */
	bool quick; /* believe inode and size, read nothing */
	uint64_t logs; /* rotated ones */
	uint64_t bytes_read, skipped; /* what that cost, or what --quick left unread */
};

struct diff_sink rotation_sink(struct rotation *rotation);

#endif
