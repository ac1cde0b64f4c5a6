/*
 * changes.h - the changes of one comparison, collected: held back until the baseline has proved itself, moves
 * found, then read in path order as often as needed. Memory bounded by the spill component.
 */
#ifndef DIFF_CHANGES_H
#define DIFF_CHANGES_H

#include "diff/diff.h"

struct changes;

/* TMPDIR as spill_new() takes it. One owner; not thread-safe. */
int changes_new(const char *tmpdir, struct changes **ret_changes, struct err *err);
void changes_freep(struct changes **changes);
/* Where diff_run() and diff_mounts() put what they find. Lives as long as CHANGES. */
struct diff_sink changes_sink(struct changes *changes);

/*
 * After the last change, once: sorts, and turns pairs of removed and added into moves: non-empty regular files whose
 * digest (of the whole content) is unique among the removed and unique among the added. A move's attributes are
 * those that differ and that a rename leaves alone. Adjusts COUNTS. *ret_limited: there was no room to look at all
 * candidates; then none became a move.
 */
int changes_finish(struct changes *changes, struct diff_counts *counts, bool *ret_limited, struct err *err);

/* Instead of changes_finish(), for who hands the changes on to somebody who will look for moves. */
int changes_sort(struct changes *changes, struct err *err);

/*
 * From now on changes_next() asks EXPLAIN of each change: it leaves change->explained as it is, NULL, or sets it to something that
 * lives until the next call; and it may set change->pending_journal. CONTEXT outlives CHANGES or the last call of changes_next().
 */
void changes_explain(struct changes *changes, int (*explain)(void *context, struct change *change, struct err *err),
		     void *context);

/* Read in path order; a change of a mount comes before those of its path. 1, 0, <0. Borrowed until the next call on
 * CHANGES. */
int changes_next(struct changes *changes, struct change *ret_change, struct err *err);
int unexamined_next(struct changes *changes, struct unexamined *ret_unexamined, struct err *err);
int changes_rewind(struct changes *changes, struct err *err); /* both */
uint64_t changes_count(const struct changes *changes, enum severity severity); /* after finish */

#endif
