/*
 * stage_inner.h - what stage.c (the pairs) and stage_above.c (the directories above them) share.
 */
#ifndef OPS_STAGE_INNER_H
#define OPS_STAGE_INNER_H

#include "ops/stage.h"

struct stage {
	struct stage_options options;
	const struct path_list *paths;
	struct staged *list;
	size_t count, capacity;
	struct buf blind; /* paths of directories that could not be listed: struct bytes of heap copies */
	struct entry_copy **parents;
	size_t parent_count;
};

/* Writes ENTRY into the next generation and notes it for the second look. */
int stage_put(struct stage *stage, const struct entry *entry, struct err *err);

#endif
