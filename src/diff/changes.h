/*
 * changes.h - the changes of one comparison, collected: held back until the baseline has proved itself, moves
 * found, then read in path order as often as needed. Memory bounded by the spill component.
 */
#ifndef DIFF_CHANGES_H
#define DIFF_CHANGES_H

#include "diff/diff.h"

struct changes;

int changes_new(const char *tmpdir, struct changes **ret_changes, struct err *err);
void changes_freep(struct changes **changes);
struct diff_sink changes_sink(struct changes *changes);

/*
 * After the last change: sorts, and turns pairs of removed and added into moves: non-empty regular files whose
 * digest is unique among the removed and unique among the added. Adjusts COUNTS. *ret_limited: there were too
 * many candidates to look at all of them.
 */
int changes_finish(struct changes *changes, struct diff_counts *counts, bool *ret_limited, struct err *err);

/* Reads in path order. 1, 0, <0. Borrowed until the next call. */
int changes_next(struct changes *changes, struct change *ret_change, struct err *err);
int unexamined_next(struct changes *changes, struct unexamined *ret_unexamined, struct err *err);
int changes_rewind(struct changes *changes, struct err *err); /* both */
uint64_t changes_count(const struct changes *changes, enum severity severity); /* after finish */

#endif
