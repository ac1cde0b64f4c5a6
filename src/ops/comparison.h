/*
 * comparison.h - making a struct comparison (tally/ops.h) and its notes; mounts as far as a question reaches.
 */
#ifndef OPS_COMPARISON_H
#define OPS_COMPARISON_H

#include "ops/survey.h"
#include "ops/texts.h"
#include "tally/ops.h"

int comparison_new(const char *tmpdir, struct comparison **ret_comparison, struct err *err);

/* One more line for the head of the verdict. */
int comparison_note(struct comparison *comparison, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct mounts_view {
	const struct mount *mounts;
	size_t count;
};

/* diff_mounts() for the mounts at, above or below the paths of LIST (empty: all). */
int mounts_compare(const struct policy *policy, const struct mounts_view *a, const struct mounts_view *b,
		   const struct path_list *list, const struct diff_sink *sink, struct buf *ret_blind,
		   struct diff_counts *counts, struct err *err);

#endif
