/* entry.c - see entry.h. */
#include "extfs/entry.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "extfs/content.h"

#define XATTR_BITS (ATTR_BIT(ATTR_XATTRS) | ATTR_BIT(ATTR_ACL) | ATTR_BIT(ATTR_CAPS) | ATTR_BIT(ATTR_SELINUX))

void entry_space_done(struct entry_space *space)
{
	xattrs_done(&space->xattrs);
	buf_done(&space->target);
}

static uint32_t flags_of(uint32_t flags)
{
	static const struct {
		uint32_t disk, ours;
	} rows[] = {
		{ EXT2_IMMUTABLE_FL, FLAG_IMMUTABLE }, { EXT2_APPEND_FL, FLAG_APPEND },
		{ EXT2_NODUMP_FL, FLAG_NODUMP },       { EXT2_COMPR_FL, FLAG_COMPRESSED },
		{ EXT4_ENCRYPT_FL, FLAG_ENCRYPTED },   { EXT4_VERITY_FL, FLAG_VERITY },
	};
	uint32_t ours = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ours |= flags & rows[i].disk ? rows[i].ours : 0;
	return ours;
}

void entry_unknown(const struct entry_space *space, uint8_t d_type, struct entry *ret_entry)
{
	enum file_type type = d_type == DT_UNKNOWN ? (enum file_type)0 : type_of_mode((unsigned)d_type << 12);

	*ret_entry = (struct entry){ .failed = ATTR_ALL, .problem = bytes_of(space->line.text) };
	if (type != 0) {
		ret_entry->type = type;
		ret_entry->value = ATTR_BIT(ATTR_TYPE);
		ret_entry->failed &= ~ATTR_BIT(ATTR_TYPE);
	}
}

void entry_content_failed(const struct entry_space *space, struct entry *entry)
{
	entry->none &= ~ATTR_BIT(ATTR_CONTENT);
	entry->failed |= ATTR_BIT(ATTR_CONTENT);
	entry->problem = bytes_of(space->line.text);
}

static void set_time(struct entry *entry, enum attr attr, struct timestamp from, struct timestamp *to,
		     struct line *line)
{
	if (from.nsec > 999999999u) {
		line_set(line, "a time stamp is out of range");
		entry->failed |= ATTR_BIT(attr);
		return;
	}
	*to = from;
	entry->value |= ATTR_BIT(attr);
}

/* The first pointer holds a device number of 16 bits, or else the second one of 32. */
static void set_rdev(const struct inode *inode, struct entry *entry)
{
	uint32_t numbers[2];

	if (entry->type != TYPE_CHAR && entry->type != TYPE_BLOCK) {
		entry->none |= ATTR_BIT(ATTR_RDEV);
		return;
	}
	memcpy(numbers, inode->pointers, sizeof(numbers));
	entry->value |= ATTR_BIT(ATTR_RDEV);
	if (numbers[0] != 0) {
		entry->rdev_major = le32toh(numbers[0]) >> 8 & 0xff;
		entry->rdev_minor = le32toh(numbers[0]) & 0xff;
	} else {
		entry->rdev_major = (le32toh(numbers[1]) & 0xfff00) >> 8;
		entry->rdev_minor = (le32toh(numbers[1]) & 0xff) | (le32toh(numbers[1]) >> 12 & 0xfff00);
	}
}

static void set_stat(const struct inode *inode, struct entry *entry, struct line *line)
{
	entry->mode = inode->mode & 07777;
	entry->uid = inode->uid;
	entry->gid = inode->gid;
	entry->size = inode->size;
	entry->blocks = inode->blocks;
	if (inode->flags & EXT4_INLINE_DATA_FL && entry->type == TYPE_FILE)
		entry->blocks += (inode->size + 511) / 512; /* as if there were blocks: tar(1) takes none for a hole */
	entry->inode = inode->number;
	entry->links = inode->links;
	entry->flags = flags_of(inode->flags);
	entry->value = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_MODE) | ATTR_BIT(ATTR_OWNER) | ATTR_BIT(ATTR_GROUP) |
		       ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_LINKS) | ATTR_BIT(ATTR_INODE) | ATTR_BIT(ATTR_FLAGS);
	set_time(entry, ATTR_MTIME, inode->mtime, &entry->mtime, line);
	set_time(entry, ATTR_CTIME, inode->ctime, &entry->ctime, line);
	if (inode->has_btime)
		set_time(entry, ATTR_BTIME, inode->btime, &entry->btime, line);
	else
		entry->none |= ATTR_BIT(ATTR_BTIME);
	set_rdev(inode, entry);
	if (entry->type != TYPE_FILE)
		entry->none |= ATTR_BIT(ATTR_CONTENT);
}

/* Does the target stand where the pointers to blocks would? */
static bool is_fast(const struct extfs *extfs, const struct inode *inode)
{
	struct ext2_super_block *super = extfs->fs->super;
	uint64_t cluster = (uint64_t)1024 << super->s_log_cluster_size;

	if (inode->flags & EXT4_INLINE_DATA_FL)
		return false;
	if (ext2fs_has_feature_ea_inode(super))
		return inode->size > 0 && inode->size < INODE_BLOCK_BYTES;
	return inode->blocks == (inode->xattr_block ? cluster / 512 : 0);
}

static int read_target(struct extfs *extfs, const struct inode *inode, struct buf *target, struct line *line)
{
	bool fast = is_fast(extfs, inode);
	size_t max = fast ? INODE_BLOCK_BYTES - 1 : extfs->block_bytes - 1;
	int r = 0;

	buf_clear(target);
	if (inode->flags & EXT4_ENCRYPT_FL) {
		line_set(line, "encrypted: the key is not in the image");
		return -EUCLEAN;
	}
	if (inode->size == 0 || inode->size > max) {
		line_set(line, "inode %" PRIu32 " cannot be: a link of %" PRIu64 " bytes", inode->number, inode->size);
		return -EUCLEAN;
	}
	if (buf_reserve(target, (size_t)inode->size) < 0)
		return -ENOMEM;
	if (fast)
		memcpy(target->data, inode->pointers, (size_t)inode->size);
	else
		r = content_head(extfs, inode, target->data, (size_t)inode->size, line);
	if (r == 0)
		target->len = strnlen((const char *)target->data, (size_t)inode->size);
	return r;
}

static int set_target(struct extfs *extfs, const struct inode *inode, struct entry_space *space, struct entry *entry)
{
	int r;

	if (entry->type != TYPE_SYMLINK) {
		entry->none |= ATTR_BIT(ATTR_TARGET);
		return 0;
	}
	r = read_target(extfs, inode, &space->target, &space->line);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		entry->failed |= ATTR_BIT(ATTR_TARGET);
		return 0;
	}
	entry->value |= ATTR_BIT(ATTR_TARGET);
	entry->target = (struct bytes){ space->target.data, space->target.len };
	return 0;
}

static int set_xattrs(struct extfs *extfs, const struct inode *inode, struct entry_space *space, struct entry *entry)
{
	uint32_t found = 0;
	int r = xattrs_read(extfs, inode, &space->xattrs, &space->line);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		entry->failed |= XATTR_BITS;
		return 0;
	}
	entry->xattr_count = space->xattrs.count;
	if (entry->xattr_count)
		entry->xattrs = xattrs_table(&space->xattrs);
	for (size_t i = 0; i < entry->xattr_count; i++)
		found |= ATTR_BIT(xattr_attr(entry->xattrs[i].name));
	entry->value |= found;
	entry->none |= XATTR_BITS & ~found;
	return 0;
}

int entry_make(struct extfs *extfs, const struct inode *inode, const struct names *names, struct entry_space *space,
	       struct entry *ret_entry)
{
	struct entry entry = { .type = type_of_mode(inode->mode) };
	int r;

	space->line.text[0] = '\0';
	if (entry.type == 0 || inode->flags & EXT4_EA_INODE_FL) {
		line_set(&space->line, "inode %" PRIu32 " %s", inode->number,
			 entry.type == 0 ? "is of a type that is not known" : "holds an extended attribute, no file");
		entry_unknown(space, DT_UNKNOWN, ret_entry);
		return 0;
	}
	set_stat(inode, &entry, &space->line);
	entry.user = names_user(names, entry.uid);
	entry.group = names_group(names, entry.gid);
	r = set_target(extfs, inode, space, &entry);
	if (r == 0)
		r = set_xattrs(extfs, inode, space, &entry);
	if (r < 0)
		return r;
	entry.problem = bytes_of(space->line.text);
	*ret_entry = entry;
	return 0;
}
