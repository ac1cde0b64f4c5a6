/*
 * superblock.h - may this superblock be given to libext2fs, and what does it say.
 */
#ifndef EXTFS_SUPERBLOCK_H
#define EXTFS_SUPERBLOCK_H

#include "extfs/extfs_inner.h"

/*
 * Reads it and checks all that memory and loops of libext2fs depend on: sizes, counts, features, the length of the descriptor table against
 * the image. Fills block_bytes, inode_bytes, blocks, blocks_here and the info of EXTFS but for its journal. ERR_DATA with one line.
 */
int superblock_read(struct extfs *extfs, struct err *err);

#endif
