/* xattr.c - see xattr.h. */
#include "extfs/xattr.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "extfs/acl.h"
#include "extfs/content.h"
#include "extfs/xattr_area.h"

enum {
	BLOCK_HEAD = 32,
	VALUE_MAX = 65536, /* XATTR_SIZE_MAX: getxattr(2) gives no more */
	ALL_MAX = 4 << 20 /* as for the live system: SYS_XATTRS_MAX */
};

struct place {
	size_t name, name_len, value, value_len; /* in xattrs->data */
};

void xattrs_done(struct xattrs *xattrs)
{
	buf_done(&xattrs->data);
	buf_done(&xattrs->places);
	buf_done(&xattrs->table);
	inode_done(&xattrs->value);
	xattrs->count = 0;
}

/* NULL: the kernel does not show it. */
static const char *prefix_of(const struct inode *inode, unsigned kind)
{
	switch (kind) {
	case XATTR_USER:
		return S_ISREG(inode->mode) || S_ISDIR(inode->mode) ? "user." : NULL;
	case XATTR_ACL_ACCESS:
		return "system.posix_acl_access";
	case XATTR_ACL_DEFAULT:
		return "system.posix_acl_default";
	case XATTR_TRUSTED:
		return "trusted.";
	case XATTR_SECURITY:
		return "security.";
	case XATTR_HURD:
		return S_ISREG(inode->mode) || S_ISDIR(inode->mode) ? "gnu." : NULL;
	default:
		return NULL;
	}
}

static int damaged(const struct inode *inode, struct line *line, const char *why)
{
	line_set(line, "the extended attributes of inode %" PRIu32 " cannot be: %s", inode->number, why);
	return -EUCLEAN;
}

/* Its inode says what the value hashes to, where i_atime stands otherwise. The first writers of such inodes (Lustre) did not. */
static bool value_hash_right(const struct extfs *extfs, const struct inode *value, const unsigned char *data,
			     size_t len)
{
	const struct ext2_inode_large *raw = (const struct ext2_inode_large *)(const void *)value->raw;

	return raw->i_atime == ext2fs_crc32c_le(extfs->fs->csum_seed, data, len) || raw->osd1.linux1.l_i_version == 0;
}

static int value_of_inode(struct extfs *extfs, const struct inode *inode, const struct xattr_entry *entry,
			  struct xattrs *xattrs, struct line *line)
{
	struct inode *value = &xattrs->value;
	unsigned char *to = xattrs->data.data + xattrs->data.len; /* reserved */
	int r;

	if (!inode_can_be(extfs, entry->value_inode))
		return damaged(inode, line, "a value in an inode that there cannot be");
	r = inode_read(extfs, entry->value_inode, value, line);
	if (r < 0)
		return r;
	if (!(value->flags & EXT4_EA_INODE_FL) || value->size != entry->value_len)
		return damaged(inode, line, "a value in an inode that is for something else");
	r = content_head(extfs, value, to, entry->value_len, line);
	if (r == 0 && !value_hash_right(extfs, value, to, entry->value_len))
		return damaged(inode, line, "the checksum of a value is wrong");
	return r;
}

/* The kernel gives capabilities of the first user namespace in the form without a namespace's root. */
static void plain_caps(struct xattrs *xattrs, struct place *place)
{
	struct vfs_ns_cap_data caps;
	uint32_t magic;

	if (place->value_len != sizeof(caps))
		return;
	memcpy(&caps, xattrs->data.data + place->value, sizeof(caps));
	magic = le32toh(caps.magic_etc);
	if ((magic & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_3 || caps.rootid != 0)
		return;
	caps.magic_etc = htole32(VFS_CAP_REVISION_2 | (magic & VFS_CAP_FLAGS_EFFECTIVE));
	memcpy(xattrs->data.data + place->value, &caps, sizeof(struct vfs_cap_data));
	place->value_len = sizeof(struct vfs_cap_data);
	xattrs->data.len = place->value + place->value_len;
}

/* Turns the value at the end of the data into an ACL as getxattr(2) gives it. 1, 0 when there is none after all. */
static int plain_acl(const struct inode *inode, struct xattrs *xattrs, struct place *place, struct line *line)
{
	CLEANUP(buf_done) struct buf acl = BUF_INIT;
	int r = acl_convert((struct bytes){ xattrs->data.data + place->value, place->value_len }, &acl);

	if (r == -EUCLEAN)
		return damaged(inode, line, "an access control list that is none");
	if (r <= 0)
		return r;
	xattrs->data.len = place->value;
	place->value_len = acl.len;
	return buf_add(&xattrs->data, acl.data, acl.len) < 0 ? -ENOMEM : 1;
}

static int add_value(struct extfs *extfs, const struct inode *inode, const struct xattr_entry *entry,
		     struct xattrs *xattrs, struct place *place, struct line *line)
{
	int r = 0;

	if (entry->value_len > VALUE_MAX || xattrs->data.len > ALL_MAX)
		return damaged(inode, line,
			       entry->value_len > VALUE_MAX ? "a value of more than 64 KiB"
							    : "more than 4 MiB of them");
	if (buf_reserve(&xattrs->data, entry->value_len) < 0)
		return -ENOMEM;
	place->value = xattrs->data.len;
	place->value_len = entry->value_len;
	if (entry->value_inode)
		r = value_of_inode(extfs, inode, entry, xattrs, line);
	else if (entry->value_len)
		memcpy(xattrs->data.data + place->value, entry->value, entry->value_len);
	if (r < 0)
		return r;
	xattrs->data.len += entry->value_len;
	if (entry->kind == XATTR_ACL_ACCESS || entry->kind == XATTR_ACL_DEFAULT)
		return plain_acl(inode, xattrs, place, line);
	if (entry->kind == XATTR_SECURITY && bytes_equal(entry->name, bytes_of("capability")))
		plain_caps(xattrs, place);
	return 1;
}

static int add_all(struct extfs *extfs, const struct inode *inode, struct xattr_area *area, struct xattrs *xattrs,
		   struct line *line)
{
	struct xattr_entry entry;
	int r;

	while (xattr_area_next(area, &entry)) {
		struct place place = { .name = xattrs->data.len };
		const char *prefix = prefix_of(inode, entry.kind);

		if (!prefix)
			continue;
		if (buf_add_str(&xattrs->data, prefix) < 0 ||
		    buf_add(&xattrs->data, entry.name.data, entry.name.len) < 0)
			return -ENOMEM;
		place.name_len = xattrs->data.len - place.name;
		r = add_value(extfs, inode, &entry, xattrs, &place, line);
		if (r < 0)
			return r;
		if (r > 0 && buf_add(&xattrs->places, &place, sizeof(place)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool open_inode_area(const struct extfs *extfs, const struct inode *inode, struct xattr_area *ret_area)
{
	const unsigned char *first = inode->raw + inode->xattrs_at;

	return xattr_area_open(first, first, inode->raw + extfs->inode_bytes, ret_area);
}

static int from_block(struct extfs *extfs, const struct inode *inode, struct xattrs *xattrs, struct line *line)
{
	struct ext2_ext_attr_header *head = (struct ext2_ext_attr_header *)(void *)extfs->block;
	struct xattr_area area;
	int r;

	if (inode->xattr_block < extfs->fs->super->s_first_data_block || inode->xattr_block >= extfs->blocks)
		return damaged(inode, line, "their block lies outside of the file system");
	r = extfs_block(extfs, inode->xattr_block, "the block of its extended attributes", extfs->block, line);
	if (r < 0)
		return r;
	if (le32toh(head->h_magic) != EXT2_EXT_ATTR_MAGIC || le32toh(head->h_blocks) != 1)
		return damaged(inode, line, "their block holds something else");
	if (extfs_has_checksums(extfs) &&
	    !ext2fs_ext_attr_block_csum_verify(extfs->fs, inode->number, inode->xattr_block, head))
		return damaged(inode, line, "the checksum of their block is wrong");
	if (!xattr_area_open(extfs->block + BLOCK_HEAD, extfs->block, extfs->block + extfs->block_bytes, &area))
		return damaged(inode, line, "names or values lie outside of their block");
	return add_all(extfs, inode, &area, xattrs, line);
}

static int by_name(const void *a, const void *b)
{
	return path_compare(((const struct xattr *)a)->name, ((const struct xattr *)b)->name);
}

static int make_table(const struct inode *inode, struct xattrs *xattrs, struct line *line)
{
	const struct place *places = (const struct place *)(const void *)xattrs->places.data;
	size_t count = xattrs->places.len / sizeof(*places);
	struct xattr *table;

	if (count == 0)
		return 0;
	if (buf_reserve(&xattrs->table, count * sizeof(*table)) < 0)
		return -ENOMEM;
	table = (struct xattr *)(void *)xattrs->table.data;
	for (size_t i = 0; i < count; i++)
		table[i] = (struct xattr){ { xattrs->data.data + places[i].name, places[i].name_len },
					   { xattrs->data.data + places[i].value, places[i].value_len } };
	qsort(table, count, sizeof(*table), by_name);
	for (size_t i = 1; i < count; i++)
		if (bytes_equal(table[i - 1].name, table[i].name))
			return damaged(inode, line, "two of one name");
	xattrs->count = count;
	return 0;
}

int xattrs_read(struct extfs *extfs, const struct inode *inode, struct xattrs *xattrs, struct line *line)
{
	struct xattr_area area;
	int r = 0;

	xattrs->count = 0;
	buf_clear(&xattrs->data);
	buf_clear(&xattrs->places);
	buf_clear(&xattrs->table);
	if (inode->xattrs_at) {
		if (!open_inode_area(extfs, inode, &area))
			return damaged(inode, line, "names or values lie outside of the inode");
		r = add_all(extfs, inode, &area, xattrs, line);
	}
	if (r == 0 && inode->xattr_block)
		r = from_block(extfs, inode, xattrs, line);
	return r == 0 ? make_table(inode, xattrs, line) : r;
}

int xattr_inline_data(const struct extfs *extfs, const struct inode *inode, struct bytes *ret_data, struct line *line)
{
	struct xattr_area area;
	struct xattr_entry entry;

	if (inode->xattrs_at && open_inode_area(extfs, inode, &area))
		while (xattr_area_next(&area, &entry))
			if (entry.kind == XATTR_SYSTEM && !entry.value_inode &&
			    bytes_equal(entry.name, bytes_of("data"))) {
				*ret_data = (struct bytes){ entry.value, entry.value_len };
				return 0;
			}
	line_set(line, "inode %" PRIu32 " says that it holds its data, and does not", inode->number);
	return -EUCLEAN;
}
