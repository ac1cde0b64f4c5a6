/*
 * extfs_inner.h - an opened file system from within.
 *
 * libext2fs opens it, reads its inodes and knows the checksums. What an image can make endless (extents, block maps, directories, attributes)
 * is decoded here, with bounds.
 *
 * One owner and one thread, but for contents that were handed out: they only use `view`.
 *
 * Functions that decode return 0, -EUCLEAN (it cannot be), -EIO (the image cannot be read there), both with a line, or -ENOMEM.
 */
#ifndef EXTFS_EXTFS_INNER_H
#define EXTFS_EXTFS_INNER_H

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

#include "extfs/extfs.h"
#include "extfs/line.h"
#include "extfs/view.h"

enum { TREE_DEPTH = 5 }; /* of extents; a block map has 3 */

struct extfs {
	struct extfs_options options;
	struct extent_of_disk part;
	struct extfs_info info;
	struct replay *replay; /* owned */
	struct view view;
	struct cache cache;
	ext2_filsys fs; /* owned */
	uint32_t block_bytes, inode_bytes;
	uint64_t blocks; /* of the file system, as it says */
	uint64_t blocks_here; /* of them within the image */
	unsigned char *levels[TREE_DEPTH]; /* owned, a block each: the way down a tree of extents or block pointers */
	unsigned char *block; /* owned, a block: of attributes */
	uint64_t held_bytes; /* by lists of directories, all together */
	uint64_t budget_blocks; /* that directories may still claim, all together */
	uint32_t good_group; /* whose descriptor was found right, last; + 1 */
};

/* Block NUMBER, a piece of metadata named by WHAT in the line. */
int extfs_block(struct extfs *extfs, uint64_t number, const char *what, void *data, struct line *line);

/* Has FEATURE_... of the superblock. */
static inline bool extfs_has_checksums(const struct extfs *extfs)
{
	return ext2fs_has_feature_metadata_csum(extfs->fs->super) != 0;
}

/* Of what was read: it may be in the middle of being written (a mounted device). To be called before it is read again. */
void extfs_forget(struct extfs *extfs);

/* How often what looks damaged on a mounted device is read again. */
enum { LIVE_TRIES = 4 };

#endif
