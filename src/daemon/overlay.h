/*
 * overlay.h - the drift laid over the baseline's rows, as pairs for diff: what a check would find different, without looking at
 * a single file.
 *
 * Rows that stand there as recorded make no pair. They are counted instead, so that a verdict can say how much it rests on.
 * Belongs to one thread.
 */
#ifndef DAEMON_OVERLAY_H
#define DAEMON_OVERLAY_H

#include <stdatomic.h>

#include "ops/survey.h"
#include "store/baseline.h"
#include "store/drift.h"
#include "tree/tree.h"

struct overlay_options {
	struct baseline *baseline; /* proved, of the calling thread */
	struct drift *drift;
	const struct path_list *paths; /* only at or below these; empty: everything */
	const struct bytes *blind; /* mount points at and below which nothing is judged; sorted */
	size_t blind_count;
	const atomic_bool *interrupted;
}; /* all borrowed until the pairs are freed */

/*
 * In path order: for each path that the drift holds, the row (NULL: none) and what is held (NULL: it is gone); and rows that
 * could not be read when they were recorded, held against themselves, for they are as unexamined now.
 */
int overlay_new(const struct overlay_options *options, struct pairs **ret_pairs, struct err *err);

/*
 * After the last pair: the rows that made none and can be called examined. Not those below a mount that hides them or a directory that
 * cannot be listed now. Exact but for what a check passes over while it walks.
 */
int overlay_rest(struct pairs *overlay, uint64_t *ret_rows, struct err *err);

#endif
