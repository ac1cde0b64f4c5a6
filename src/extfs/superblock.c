/* superblock.c - see superblock.h. */
#include "extfs/superblock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	SUPER_AT = 1024,
	SUPER_BYTES = 1024,
	LOG_BLOCK_MAX = 6,
	REVISION_MAX = 1,
	DESC_MIN = 32,
	DESC_64BIT = 64,
	DESC_MAX = 1024
};

_Static_assert(sizeof(struct ext2_super_block) == SUPER_BYTES, "the superblock is read as it stands");

static int damaged(struct err *err, const char *why)
{
	return err_set(err, ERR_DATA, "no ext2, ext3 or ext4 file system can be read here: %s", why);
}

static bool power_of_two(uint64_t number)
{
	return number != 0 && (number & (number - 1)) == 0;
}

static int fetch(const struct extfs *extfs, struct ext2_super_block *ret_super, struct err *err)
{
	int r;

	if (extfs->part.size < SUPER_AT + SUPER_BYTES)
		return damaged(err, "it is too small to hold a superblock");
	r = view_read(&extfs->view, SUPER_AT, ret_super, SUPER_BYTES);
	if (r < 0)
		return damaged(err, r == -ERANGE ? "the image ends before its superblock"
						 : "the superblock cannot be read in the image");
	return 0;
}

static int check_kind(const struct ext2_super_block *super, struct err *err)
{
	/* the header only counts multi-mount protection for whoever was configured for it; a reader has no part in it */
	uint32_t unknown =
		super->s_feature_incompat & ~(uint32_t)(EXT2_LIB_FEATURE_INCOMPAT_SUPP | EXT4_FEATURE_INCOMPAT_MMP);

	if (super->s_magic != EXT2_SUPER_MAGIC)
		return damaged(err, "the superblock's magic number is missing");
	if (super->s_feature_incompat & EXT3_FEATURE_INCOMPAT_JOURNAL_DEV)
		return damaged(err, "it is an external journal, which holds no files");
	if (super->s_rev_level > REVISION_MAX)
		return err_set(err, ERR_DATA, "an ext file system of revision %u, which is not known",
			       super->s_rev_level);
	if (unknown)
		return err_set(err, ERR_DATA,
			       "an ext file system with features that are not known:%s%s (incompat 0x%x)",
			       unknown & EXT2_FEATURE_INCOMPAT_COMPRESSION ? " compression" : "",
			       unknown & EXT4_FEATURE_INCOMPAT_DIRDATA ? " dirdata" : "", unknown);
	return 0;
}

static uint64_t blocks_of(struct ext2_super_block *super)
{
	uint64_t blocks = super->s_blocks_count;

	return ext2fs_has_feature_64bit(super) ? blocks | (uint64_t)super->s_blocks_count_hi << 32 : blocks;
}

static uint32_t inode_bytes_of(const struct ext2_super_block *super)
{
	return super->s_rev_level == EXT2_GOOD_OLD_REV ? EXT2_GOOD_OLD_INODE_SIZE : super->s_inode_size;
}

static int check_sizes(struct ext2_super_block *super, struct err *err)
{
	uint32_t inode_bytes = inode_bytes_of(super), block_bytes;

	if (super->s_log_block_size > LOG_BLOCK_MAX)
		return damaged(err, "its superblock names a block size that there is not");
	block_bytes = 1024u << super->s_log_block_size;
	if (super->s_log_cluster_size < super->s_log_block_size ||
	    super->s_log_cluster_size > EXT2_MAX_CLUSTER_LOG_SIZE - EXT2_MIN_BLOCK_LOG_SIZE)
		return damaged(err, "its superblock names a cluster size that there is not");
	if (!power_of_two(inode_bytes) || inode_bytes < EXT2_GOOD_OLD_INODE_SIZE || inode_bytes > block_bytes)
		return damaged(err, "its superblock names an inode size that there is not");
	if (super->s_first_data_block > 1 || blocks_of(super) <= super->s_first_data_block ||
	    blocks_of(super) > UINT64_MAX / block_bytes)
		return damaged(err, "its superblock names a number of blocks that cannot be");
	if (super->s_blocks_per_group < 8 || super->s_inodes_per_group == 0 ||
	    super->s_inodes_per_group > block_bytes * 8 || super->s_inodes_count < EXT2_FIRST_INO(super) ||
	    super->s_clusters_per_group == 0)
		return damaged(err, "its superblock names groups that cannot be");
	return 0;
}

/* libext2fs reads all descriptors into memory at once. */
static int check_groups(const struct extfs *extfs, struct ext2_super_block *super, struct err *err)
{
	uint64_t groups = (blocks_of(super) - super->s_first_data_block - 1) / super->s_blocks_per_group + 1;
	uint32_t desc = ext2fs_has_feature_64bit(super) ? super->s_desc_size : DESC_MIN;

	if (ext2fs_has_feature_64bit(super) && (!power_of_two(desc) || desc < DESC_64BIT || desc > DESC_MAX))
		return damaged(err, "its superblock names a size of group descriptors that there is not");
	if (groups > UINT32_MAX || groups * super->s_inodes_per_group != super->s_inodes_count)
		return damaged(err, "its superblock names another number of inodes than its groups have");
	if (groups * desc > extfs->part.size)
		return damaged(err, "its group descriptors would be larger than the image");
	return 0;
}

/* "ext2" and "ext3" are what the older kernels would have taken. */
static const char *type_of(struct ext2_super_block *super)
{
	uint32_t incompat =
		super->s_feature_incompat & ~(uint32_t)(EXT2_FEATURE_INCOMPAT_FILETYPE | EXT2_FEATURE_INCOMPAT_META_BG |
							EXT3_FEATURE_INCOMPAT_RECOVER);
	uint32_t ro_compat = super->s_feature_ro_compat &
			     ~(uint32_t)(EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE);

	if (incompat || ro_compat)
		return "ext4";
	return ext2fs_has_feature_journal(super) ? "ext3" : "ext2";
}

static void fill_info(struct extfs *extfs, struct ext2_super_block *super)
{
	struct extfs_info *info = &extfs->info;
	const unsigned char *u = super->s_uuid;

	(void)snprintf(info->type, sizeof(info->type), "%s", type_of(super));
	(void)snprintf(info->uuid, sizeof(info->uuid),
		       "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3],
		       u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
	(void)snprintf(info->label, sizeof(info->label), "%.16s", (const char *)super->s_volume_name);
	(void)snprintf(info->last_mounted, sizeof(info->last_mounted), "%.64s", (const char *)super->s_last_mounted);
	info->block_bytes = extfs->block_bytes;
	info->blocks = extfs->blocks;
	info->inodes = super->s_inodes_count;
	info->marked_errors = (super->s_state & EXT2_ERROR_FS) != 0;
	info->marked_unclean = !(super->s_state & EXT2_VALID_FS);
	if (extfs->blocks_here < extfs->blocks && info->problem[0] == '\0')
		(void)snprintf(info->problem, sizeof(info->problem),
			       "cut short: of %" PRIu64 " blocks %" PRIu64 " are in the image", extfs->blocks,
			       extfs->blocks_here);
}

int superblock_read(struct extfs *extfs, struct err *err)
{
	struct ext2_super_block super;
	uint64_t here;
	int r = fetch(extfs, &super, err);

	if (r == 0)
		r = check_kind(&super, err);
	if (r == 0)
		r = check_sizes(&super, err);
	if (r == 0)
		r = check_groups(extfs, &super, err);
	if (r < 0)
		return r;
	extfs->block_bytes = 1024u << super.s_log_block_size;
	extfs->inode_bytes = inode_bytes_of(&super);
	extfs->blocks = blocks_of(&super);
	here = extfs->part.size / extfs->block_bytes;
	extfs->blocks_here = here < extfs->blocks ? here : extfs->blocks;
	fill_info(extfs, &super);
	return 0;
}
