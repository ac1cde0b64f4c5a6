/*
 * stage_inner.h - what stage.c (the pairs) and stage_above.c (the directories above them) share.
 */
#ifndef OPS_STAGE_INNER_H
#define OPS_STAGE_INNER_H

#include "base/spill.h"
#include "ops/stage.h"

struct stage {
	struct stage_options options;
	const struct path_list *paths;
	struct spill *staged; /* struct staged by path */
	struct stage_counts counts;
	struct buf key; /* scratch */
	struct entry kept; /* the b side of a pair whose record stays; borrows from both */
	struct buf blind; /* paths of directories that could not be listed: struct bytes of heap copies */
	struct entry_copy **parents;
	size_t parent_count;
};

/* Writes ENTRY into the next generation; the second look expects PRESENT. */
int stage_put(struct stage *stage, const struct entry *entry, const struct entry *present, struct err *err);

#endif
