/*
 * extcopy.h - where the first superblock of an ext2, ext3 or ext4 is damaged: is one of its copies there? kernel.org, ext4 Data Structures, "Super
 * Block" and "Block Group Descriptors" (sparse_super: copies in groups 1 and powers of 3, 5 and 7). Reads by disk_read(); what cannot be read is none.
 */
#ifndef DISK_EXTCOPY_H
#define DISK_EXTCOPY_H

#include "disk/disk.h"

struct extcopy {
	uint64_t block; /* number of the file system's block that it stands in */
	uint32_t block_bytes;
};

/* Within SIZE bytes from OFFSET, with groups of the usual size. It names its own place, so that no file's content is taken for one easily. */
bool extcopy_find(struct disk *disk, uint64_t offset, uint64_t size, struct extcopy *ret_copy);

#endif
