/*
 * runs.h - where the blocks of an inode lie: extents, or the block map of ext2 and ext3, as a sorted list.
 */
#ifndef EXTFS_RUNS_H
#define EXTFS_RUNS_H

#include "extfs/inode.h"

/* Blocks LOGICAL and LENGTH - 1 more of a file lie at PHYSICAL of the file system. What is in no run is a hole: zeros. */
struct run {
	uint32_t logical, length;
	uint64_t physical;
};

enum { RUNS_MAX = 1 << 22 }; /* 64 MiB of them */

struct runs {
	struct run first; /* most files have but one */
	struct run *all; /* owned when capacity is not 0; else &first or NULL */
	size_t count, capacity;
};
#define RUNS_INIT ((struct runs){ .all = NULL })
void runs_done(struct runs *runs);
/* Not to be moved but by this: `all` may point into it. */
void runs_move(struct runs *from, struct runs *to);

/*
 * The runs of the inode's first BLOCKS blocks: ascending, disjoint, within the file system, adjoining ones joined. Blocks that are reserved but
 * were not written are holes. RET_RUNS is RUNS_INIT.
 */
int runs_read(struct extfs *extfs, const struct inode *inode, uint64_t blocks, struct runs *ret_runs,
	      struct line *line);

/* The run that LOGICAL is in, or the first behind it; count when there is none. */
size_t runs_find(const struct runs *runs, uint64_t logical);

/* The largest content that a file of this kind can have, bytes. */
uint64_t runs_size_max(const struct extfs *extfs, const struct inode *inode);

#endif
