/*
 * partitions.h - what a disk is divided into and what lies there, by libblkid over disk_read()-able bytes.
 *
 * To be called only where hostile bytes may be parsed (evidence/). MBR with logical partitions, GPT, or no table at all.
 *
 * libblkid wants a file descriptor and, where that is a block device, opens /sys and asks with ioctl(2). So it gets the image itself only
 * where that is one plain file that was not cut off. Else it gets the source's `scratch`: a memory file of the partition's size that holds
 * the places where superblocks and tables are (picture.c), at most 8 MiB of it no hole. So the calling process needs `scratch` among
 * its descriptors and may have no RLIMIT_FSIZE; one process a source at a time. System calls beside disk_read()'s pread64: lseek, read,
 * fstat (newfstatat with AT_EMPTY_PATH), fadvise64; ftruncate and pwrite64 (of the scratch alone); memory (brk, mmap, munmap, getrandom).
 */
#ifndef DISK_PARTITIONS_H
#define DISK_PARTITIONS_H

#include "disk/disk.h"

enum { PARTITIONS_MAX = 256 };

struct partition {
	uint32_t number; /* as the table numbers it; 0: the whole disk, which has no table */
	uint64_t offset, size; /* bytes, within the disk */
	/* what lies there; NUL-terminated, "" when not known */
	char type[32]; /* "ext4", "xfs", "crypto_LUKS", "LVM2_member", "swap", "dos" for an extended one ... */
	char uuid[64], label[256]; /* as libblkid tells them; label raw bytes but NUL */
	char part_uuid[64], part_label[256];
	/* what is wrong with it, one line, nothing in it from outside but libblkid's type names; "" when nothing is. With a type, it can be looked at all the same */
	char problem[384];
};

struct partitions {
	char table[16]; /* "gpt", "dos", "" for none */
	char problem[320]; /* a damaged table, overlaps: what was found, one line. "" when nothing was */
	size_t count;
	struct partition partitions[PARTITIONS_MAX];
	size_t beyond; /* so many more than fit, or that the table names and libblkid does not believe */
};

/*
 * OFFSET: where in the disk to look, for a file system in the middle of something (0: all of it); in the result too offsets count from the
 * disk's beginning. Never fails for what the bytes say, or when they cannot be read: that is a `problem`. With no table there is one partition of number 0, or none when OFFSET is
 * not within the disk. Errors: memory. RET_PARTITIONS is 200 KiB: not for the stack.
 */
int partitions_read(struct disk *disk, uint64_t offset, struct partitions *ret_partitions, struct err *err);

#endif
