/*
 * apply.h - what a judge's answer means: what is kept of it in the drift, and which event it is. Pure, thread-safe.
 *
 * Three states of one name are held against each other: as recorded (the baseline's row), as believed until now (the drift's, else
 * the row), as it is now. Each may be NULL: not there.
 */
#ifndef DAEMON_APPLY_H
#define DAEMON_APPLY_H

#include "diff/diff.h"

struct apply_in {
	const struct entry *row, *believed, *now;
	const struct decision *decision; /* of the path; in scope */
	const struct diff_options *options;
	bool children; /* a directory in which names came or went: its times, size and links follow from that */
};

enum apply_store {
	APPLY_SAME, /* as believed: nothing to write */
	APPLY_REMOVE, /* as recorded: nothing to hold */
	APPLY_PUT, /* NOW is to be held */
	APPLY_PUT_ABSENT
};
enum apply_event { APPLY_NONE, APPLY_ADDED, APPLY_REMOVED, APPLY_CHANGED, APPLY_RESTORED };

struct apply_out {
	enum apply_store store;
	enum apply_event event;
	uint32_t attributes; /* that differ between believed and now, of those that the profile compares */
	unsigned log; /* LOG_*: against the record */
	bool moved_on; /* believed and now differ at all: other names of the same inode may, too */
	bool failed; /* something that counts could not be read now */
};

struct apply_out apply_judge(const struct apply_in *in);

#endif
