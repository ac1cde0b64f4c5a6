/*
 * suspects.h - paths that differed at a look, and what one side had there: whether the next look finds it moved.
 */
#ifndef OPS_SUSPECTS_H
#define OPS_SUSPECTS_H

#include "ops/survey.h"

struct suspect {
	struct bytes path;
	unsigned char hash[32]; /* of the entry */
	bool kept; /* by suspects_keep_below() already */
};
struct suspects;

int suspects_new(struct suspects **ret_suspects, struct err *err);
void suspects_freep(struct suspects **suspects);
/* Copies the path. ENTRY may be NULL. ERR_DATA when there are a million: what an image tells must not fill the memory. */
int suspects_add(struct suspects *suspects, struct bytes path, const struct entry *entry, struct err *err);
void suspects_sort(struct suspects *suspects); /* once, before it is asked */
size_t suspects_count(const struct suspects *suspects);
/* NULL when it is none. Borrowed. */
const struct suspect *suspects_find(const struct suspects *suspects, struct bytes path);
/* Those of FROM at or below PATH, added to TO, each once however often it is asked for. */
int suspects_keep_below(struct suspects *from, struct bytes path, struct suspects *to, struct err *err);
/* Those of ALL that are not among STILL, added to TO. */
int suspects_add_missing(const struct suspects *all, const struct suspects *still, struct suspects *to,
			 struct err *err);
/* All of them as a list, which borrows nothing. */
int suspects_paths(const struct suspects *suspects, struct path_list *list, struct err *err);

/* Is ENTRY (may be NULL) another one than it was then? */
int suspect_differs(const struct suspect *suspect, const struct entry *entry, bool *ret_differs, struct err *err);

#endif
