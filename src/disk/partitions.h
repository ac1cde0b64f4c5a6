/*
 * partitions.h - what a disk is divided into and what lies there, by libblkid over disk_read()-able bytes.
 *
 * To be called only where hostile bytes may be parsed (evidence/). MBR with logical partitions, GPT, or no table at all.
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
	char problem[160]; /* one line: why it could not be looked at; "" when it could */
};

struct partitions {
	char table[16]; /* "gpt", "dos", "" for none */
	char problem[160]; /* a damaged table: what was found. "" when nothing was */
	size_t count;
	struct partition partitions[PARTITIONS_MAX];
	size_t beyond; /* so many more than fit */
};

/*
 * OFFSET: where in the disk to look, for a file system in the middle of something (0: all of it). Never fails for what the bytes
 * say: that is a `problem`. Errors: memory, and reading the disk's first and last bytes.
 */
int partitions_read(struct disk *disk, uint64_t offset, struct partitions *ret_partitions, struct err *err);

#endif
