/*
 * settled.h - a first generation of a system that does not hold still. See ops.h.
 */
#ifndef TALLY_SETTLED_H
#define TALLY_SETTLED_H

#include "tally/ops.h"

/*
 * op_init() of this system by somebody who watches it meanwhile. After the scan and before anything is signed CHANGED is called again
 * and again: it gives the paths that changed since (absolute and normal, parents' links resolved, sorted, each once; borrowed
 * until its next call; out of scope is harmless) and returns 1, or 0 when nothing has changed since the last call, or when it
 * gives up waiting for that. Each is examined again, a directory itself only, with the directories above it, and recorded as
 * it stands then; what is gone is recorded no more, with all below it. An error of CHANGED is returned, and nothing signed.
 */
struct init_settle {
	int (*changed)(void *context, const struct bytes **ret_paths, size_t *ret_count, struct err *err);
	void *context;
};
int op_init_settled(const struct place *place, const struct talk *talk, const struct init_settle *settle,
		    struct init_result *ret_result, struct err *err);

#endif
