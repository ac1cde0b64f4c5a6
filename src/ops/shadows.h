/*
 * shadows.h - mount points that only one side has, or that cover a part of an image: what neither side is asked about, and what lies
 * there all the same.
 *
 * Three things are told, each once a place and as unexamined: that a file system of one side is not part of the other's image; that an image,
 * or a tree that is scanned, holds files below a mount point, where nobody compares them; and that paths of such a file system are not in an image
 * that may or may not be a copy of it. Folders do not count as files, nor below a devtmpfs device nodes and links: systems are installed with
 * them. What the policy leaves out does not count at all.
 */
#ifndef OPS_SHADOWS_H
#define OPS_SHADOWS_H

#include "ops/comparison.h"
#include "ops/side.h"

struct shadows {
	struct buf rows; /* struct shadow_row[], sorted by path */
	struct buf hidden; /* struct bytes[], sorted: what neither side is asked about, there and below */
	struct path_list places; /* of the rows */
	struct texts *texts; /* borrowed: owner of the paths */
	uint64_t skipped; /* mount points that are hidden */
	bool device; /* a side is the running system's own device: other mounts are no part of the question */
};
void shadows_done(struct shadows *shadows);

/* After side_assemble() on both, before a look; looks at what lies at the places themselves. POLICY and PATHS as for the looks to come.
 * Errors: those of a look. */
int shadows_find(struct side *a, struct side *b, const struct policy *policy, const struct path_list *paths,
		 struct shadows *shadows, struct err *err);

/* 1 when PAIR is not to be judged: one side only has what the other, an image, may not hold at all, or what lies where nobody compares, in an
 * archive or a baseline, which are not walked before. Counted. Else 0; memory. */
int shadows_doubt(struct shadows *shadows, const struct pair *pair, struct err *err);

/* After the look. */
int shadows_tell(const struct shadows *shadows, struct comparison *comparison, struct err *err);

#endif
