/*
 * moves.h - which removed and added files are one that moved: same whole content, one to one. Private to changes.c.
 *
 * Candidates are sorted by digest and size in a spill, so the work is that of sorting, however many there are.
 * One owner; not thread-safe.
 */
#ifndef DIFF_MOVES_H
#define DIFF_MOVES_H

#include "diff/change_record.h"

struct moves;

int moves_new(const char *tmpdir, struct moves **ret_moves, struct err *err);
void moves_freep(struct moves **moves);

/* A change that may be half of a move; others are passed over. */
int moves_add(struct moves *moves, const struct change *change, struct err *err);

/*
 * After the last: pairs them. Adjusts COUNTS and the number of changes BY_SEVERITY. Without room for the candidates
 * *ret_limited is set and nothing moved.
 */
int moves_pair(struct moves *moves, struct diff_counts *counts, uint64_t by_severity[SEVERITY_COUNT], bool *ret_limited,
	       struct err *err);

/*
 * Applied to each change in path order, after moves_pair(): *CHANGE becomes a move when it is the added half. False in
 * *ret_keep: it is the removed half of one. Borrowed until the next call.
 */
int moves_apply(struct moves *moves, struct change *change, bool *ret_keep, struct err *err);
int moves_rewind(struct moves *moves, struct err *err);

#endif
