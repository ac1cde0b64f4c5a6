/*
 * drift_answer.h - the lines of a drift answer put together to a comparison, as op_check() makes one. Apart from the socket, so that
 * anything can be fed to it. One owner.
 */
#ifndef OPS_DRIFT_ANSWER_H
#define OPS_DRIFT_ANSWER_H

#include "ops/comparison.h"
#include "ops/drift_wire.h"

struct drift_answer {
	struct comparison *comparison;
	struct change_wire wire;
	struct buf space;
	struct drift_sync sync;
	uint64_t added, removed, changed, unexamined; /* lines so far */
	bool summed; /* the summary has come: nothing may follow */
};

/* TMPDIR as comparison_new() takes it. */
int drift_answer_init(struct drift_answer *answer, const char *tmpdir, struct err *err);
void drift_answer_done(struct drift_answer *answer);
/* One line. ERR_DATA for what does not belong into a drift answer, or not there. */
int drift_answer_take(struct drift_answer *answer, const json_t *reply, struct err *err);
/* After the last: holds the lines against the summary, finds moves, notes what of the present is not in it. The caller's. ASKED:
 * only some paths were asked for. */
int drift_answer_finish(struct drift_answer *answer, bool asked, struct comparison **ret_comparison, struct err *err);

#endif
