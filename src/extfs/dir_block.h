/*
 * dir_block.h - the records of one block of a directory, gathered.
 */
#ifndef EXTFS_DIR_BLOCK_H
#define EXTFS_DIR_BLOCK_H

#include "extfs/dir.h"

/* Lists of all directories that are being walked together hold at most so much. */
#define DIR_HELD_MAX ((uint64_t)512 << 20)

struct gathering {
	struct extfs *extfs;
	const struct inode *inode;
	struct dir *dir;
	struct line *line;
	unsigned dots; /* "." and ".." seen */
};

/* Takes the names from a block, or from a part of an inode. 0, 1 when there is no room for more (the line says so), -ENOMEM. */
int dir_block_take(struct gathering *gathering, const unsigned char *data, size_t len);

#endif
