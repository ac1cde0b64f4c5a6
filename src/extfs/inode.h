/*
 * inode.h - one inode, its fields as the kernel takes them (ext4_iget() of Linux 6.1 and later).
 */
#ifndef EXTFS_INODE_H
#define EXTFS_INODE_H

#include "base/timefmt.h"
#include "extfs/extfs_inner.h"

enum { INODE_MAX_BYTES = 65536, INODE_BLOCK_BYTES = 60, INODE_GOOD_OLD = 128 };

struct inode {
	uint32_t number;
	unsigned char *raw; /* owned, info->inode_bytes long */
	uint16_t mode;
	uint32_t uid, gid, links, flags; /* EXT2_*_FL */
	uint64_t size, blocks; /* blocks of 512 bytes, as stat gives them but for inline data */
	uint64_t xattr_block; /* 0: none */
	size_t xattrs_at; /* where attributes begin in raw, behind the magic; 0: there are none */
	struct timestamp mtime, ctime, btime;
	bool has_btime;
	const unsigned char *pointers; /* i_block, INODE_BLOCK_BYTES long, in raw */
};

/* RET_INODE's raw is allocated when it is NULL, and used again. */
int inode_read(struct extfs *extfs, uint32_t number, struct inode *ret_inode, struct line *line);
void inode_done(struct inode *inode);

/* May a directory name it? Not what is reserved, nor what there is not. */
bool inode_can_be(const struct extfs *extfs, uint32_t number);

#endif
