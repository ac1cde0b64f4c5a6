/*
 * first.h - a first generation: whatever it is made of, there is a host key, a policy, entries, and a signature over them.
 */
#ifndef OPS_FIRST_H
#define OPS_FIRST_H

#include "ops/survey.h"
#include "store/baseline.h"

struct first_figures {
	uint64_t entries, bytes_read, excluded, mounts_skipped;
};

/* Where the entries come from. */
struct first_source {
	const char *name; /* for messages */
	const struct sys_mounts *system; /* of this system, whose mounts are recorded; NULL: a tree from elsewhere */
	/* Adds them all to WRITER, by POLICY. */
	int (*record)(void *context, const struct policy *policy, struct baseline_writer *writer,
		      struct first_figures *figures, struct err *err);
	void *context;
};

/* As op_init(), of SOURCE. Not thread-safe for one state folder: a lock in it holds off a second one. */
int first_make(const struct place *place, const struct first_source *source, const struct talk *talk,
	       struct init_result *ret_result, struct err *err);

/* For a source that is scanned: everything in OPTIONS' scope, all of it new, into WRITER. */
int first_scan(const struct scan_options *options, const struct talk *talk, struct baseline_writer *writer,
	       struct first_figures *figures, struct err *err);

#endif
