/* inode.c - see inode.h. */
#include "extfs/inode.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* What the kernel takes as the extra size of an inode that says 0: all fields that it knows. */
enum { EXTRA_KNOWN = 32 };

bool inode_can_be(const struct extfs *extfs, uint32_t number)
{
	const struct ext2_super_block *super = extfs->fs->super;

	return number == EXT2_ROOT_INO || (number >= EXT2_FIRST_INO(super) && number <= super->s_inodes_count);
}

void inode_done(struct inode *inode)
{
	free(inode->raw);
	inode->raw = NULL;
}

/* Seconds are signed; the low two bits of EXTRA widen them, the others are nanoseconds. */
static struct timestamp time_of(uint32_t seconds, uint32_t extra)
{
	return (struct timestamp){ (int64_t)(int32_t)seconds + ((int64_t)(extra & 3) << 32), extra >> 2 };
}

#define FITS(extra, field)                                                                                             \
	(offsetof(struct ext2_inode_large, field) + sizeof(((struct ext2_inode_large *)0)->field) <=                   \
	 INODE_GOOD_OLD + (extra))

static void set_times(struct inode *inode, const struct ext2_inode_large *raw, size_t extra)
{
	inode->mtime = time_of(raw->i_mtime, FITS(extra, i_mtime_extra) ? raw->i_mtime_extra : 0);
	inode->ctime = time_of(raw->i_ctime, FITS(extra, i_ctime_extra) ? raw->i_ctime_extra : 0);
	inode->has_btime = FITS(extra, i_crtime);
	inode->btime = (struct timestamp){ 0, 0 };
	if (inode->has_btime)
		inode->btime = time_of(raw->i_crtime, FITS(extra, i_crtime_extra) ? raw->i_crtime_extra : 0);
}

static void set_sizes(const struct extfs *extfs, struct inode *inode, const struct ext2_inode_large *raw)
{
	struct ext2_super_block *super = extfs->fs->super;

	inode->size = raw->i_size;
	if (S_ISREG(inode->mode) || ext2fs_has_feature_largedir(super))
		inode->size |= (uint64_t)raw->i_size_high << 32;
	inode->blocks = raw->i_blocks;
	if (ext2fs_has_feature_huge_file(super)) {
		inode->blocks |= (uint64_t)raw->osd2.linux2.l_i_blocks_hi << 32;
		if (raw->i_flags & EXT4_HUGE_FILE_FL)
			inode->blocks *= extfs->block_bytes / 512;
	}
	inode->xattr_block = raw->i_file_acl;
	if (ext2fs_has_feature_64bit(super))
		inode->xattr_block |= (uint64_t)raw->osd2.linux2.l_i_file_acl_high << 32;
}

/* The part behind the first 128 bytes. */
static int set_extra(const struct extfs *extfs, struct inode *inode, const struct ext2_inode_large *raw,
		     struct line *line)
{
	size_t extra = 0;
	uint32_t magic;

	inode->xattrs_at = 0;
	if (extfs->inode_bytes > INODE_GOOD_OLD) {
		extra = raw->i_extra_isize;
		if (INODE_GOOD_OLD + extra > extfs->inode_bytes || extra % 4 != 0) {
			line_set(line, "inode %" PRIu32 " cannot be: %zu extra bytes", inode->number, extra);
			return -EUCLEAN;
		}
		if (extra != 0 && INODE_GOOD_OLD + extra + sizeof(magic) <= extfs->inode_bytes) {
			memcpy(&magic, inode->raw + INODE_GOOD_OLD + extra, sizeof(magic));
			if (le32toh(magic) == EXT2_EXT_ATTR_MAGIC)
				inode->xattrs_at = INODE_GOOD_OLD + extra + sizeof(magic);
		}
		if (extra == 0)
			extra = EXTRA_KNOWN;
	}
	set_times(inode, raw, extra);
	return 0;
}

static int decode(const struct extfs *extfs, struct inode *inode, struct line *line)
{
	const struct ext2_inode_large *raw = (const struct ext2_inode_large *)(const void *)inode->raw;

	inode->mode = raw->i_mode;
	inode->uid = (uint32_t)raw->osd2.linux2.l_i_uid_high << 16 | raw->i_uid;
	inode->gid = (uint32_t)raw->osd2.linux2.l_i_gid_high << 16 | raw->i_gid;
	inode->links = raw->i_links_count;
	inode->flags = raw->i_flags;
	inode->pointers = inode->raw + offsetof(struct ext2_inode_large, i_block);
	set_sizes(extfs, inode, raw);
	if (inode->links == 0) {
		line_set(line, "inode %" PRIu32 " was deleted: it has no links", inode->number);
		return -EUCLEAN;
	}
	if (inode->size > INT64_MAX) {
		line_set(line, "inode %" PRIu32 " cannot be: a size of %" PRIu64 " bytes", inode->number, inode->size);
		return -EUCLEAN;
	}
	return set_extra(extfs, inode, raw, line);
}

/* The kernel does not mount a file system with such a descriptor. On a mounted device they change while we look. */
static int check_group(struct extfs *extfs, uint32_t number, struct line *line)
{
	uint32_t group = (number - 1) / extfs->fs->super->s_inodes_per_group;

	if (!extfs->options.fixed || extfs->good_group == group + 1)
		return 0;
	if (!ext2fs_group_desc_csum_verify(extfs->fs, group)) {
		line_set(line, "inode %" PRIu32 ": the checksum of the descriptor of its group %" PRIu32 " is wrong",
			 number, group);
		return -EUCLEAN;
	}
	extfs->good_group = group + 1;
	return 0;
}

static int fetch(struct extfs *extfs, uint32_t number, struct inode *inode, struct line *line)
{
	errcode_t code = ext2fs_read_inode2(extfs->fs, number, (struct ext2_inode *)(void *)inode->raw,
					    (int)extfs->inode_bytes, 0);

	switch (code) {
	case 0:
		return 0;
	case ENOMEM:
	case EXT2_ET_NO_MEMORY:
		return -ENOMEM;
	case EXT2_ET_INODE_CSUM_INVALID:
		line_set(line, "the checksum of inode %" PRIu32 " is wrong", number);
		return -EUCLEAN;
	case EIO:
	case ERANGE:
		line_set(line, "inode %" PRIu32 " lies where the image %s", number,
			 code == EIO ? "cannot be read" : "has ended");
		return -EIO;
	default:
		line_set(line, "inode %" PRIu32 " cannot be found: the inode table of its group is out of place",
			 number);
		return -EUCLEAN;
	}
}

int inode_read(struct extfs *extfs, uint32_t number, struct inode *ret_inode, struct line *line)
{
	struct line first = *line;
	int r = -EUCLEAN;

	if (!ret_inode->raw)
		ret_inode->raw = malloc(extfs->inode_bytes);
	if (!ret_inode->raw)
		return -ENOMEM;
	ret_inode->number = number;
	if (number == 0 || number > extfs->fs->super->s_inodes_count) {
		line_set(line, "there can be no inode %" PRIu32, number);
		return -EUCLEAN;
	}
	r = check_group(extfs, number, line);
	if (r < 0)
		return r;
	for (int i = 0; i < (extfs->options.fixed ? 1 : LIVE_TRIES); i++) {
		*line = first;
		if (i > 0)
			extfs_forget(extfs);
		r = fetch(extfs, number, ret_inode, line);
		if (r == 0)
			r = decode(extfs, ret_inode, line);
		if (r != -EUCLEAN)
			break;
	}
	return r;
}
