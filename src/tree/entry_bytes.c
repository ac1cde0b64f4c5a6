/*
 * entry_bytes.c - the canonical bytes of an entry: docs/FORMATS.md "Entry".
 *
 * Invariants: tags ascend; which tags stand there follows from the states alone (but for `problem`, which
 * stands there when it is not empty), so that one entry has one encoding. Numbers are little endian.
 */
#include "tree/entry.h"

#include <string.h>

enum { ENTRY_VERSION = 1 };

enum tag { /* in the bytes: never renumber */
	   TAG_STATES = 1,
	   TAG_TYPE,
	   TAG_MODE,
	   TAG_OWNER,
	   TAG_GROUP,
	   TAG_SIZE,
	   TAG_CONTENT,
	   TAG_MTIME,
	   TAG_CTIME,
	   TAG_BTIME,
	   TAG_INODE,
	   TAG_LINKS,
	   TAG_TARGET,
	   TAG_RDEV,
	   TAG_XATTRS,
	   TAG_FLAGS,
	   TAG_DEVICE,
	   TAG_BLOCKS,
	   TAG_RECORDED,
	   TAG_PROBLEM,
	   TAG_END
};

#define XATTR_BITS (ATTR_BIT(ATTR_XATTRS) | ATTR_BIT(ATTR_ACL) | ATTR_BIT(ATTR_CAPS) | ATTR_BIT(ATTR_SELINUX))
enum { FIXED_BYTES = 512 }; /* more than all parts of fixed size */

/* The tag of each attribute; the four kinds of extended attributes share one. */
static const unsigned char tag_of[ATTR_COUNT] = {
	[ATTR_TYPE] = TAG_TYPE,      [ATTR_MODE] = TAG_MODE,       [ATTR_OWNER] = TAG_OWNER, [ATTR_GROUP] = TAG_GROUP,
	[ATTR_SIZE] = TAG_SIZE,      [ATTR_CONTENT] = TAG_CONTENT, [ATTR_MTIME] = TAG_MTIME, [ATTR_CTIME] = TAG_CTIME,
	[ATTR_BTIME] = TAG_BTIME,    [ATTR_INODE] = TAG_INODE,     [ATTR_LINKS] = TAG_LINKS, [ATTR_TARGET] = TAG_TARGET,
	[ATTR_RDEV] = TAG_RDEV,      [ATTR_XATTRS] = TAG_XATTRS,   [ATTR_ACL] = TAG_XATTRS,  [ATTR_CAPS] = TAG_XATTRS,
	[ATTR_SELINUX] = TAG_XATTRS, [ATTR_FLAGS] = TAG_FLAGS,
};

/* --- writing: the room was reserved, so the pointer only moves --- */

static unsigned char *put_number(unsigned char *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (unsigned char)(value >> (8 * i));
	return at + bytes;
}

static unsigned char *put_bytes(unsigned char *at, struct bytes bytes)
{
	if (bytes.len)
		memcpy(at, bytes.data, bytes.len);
	return at + bytes.len;
}

static unsigned char *put_head(unsigned char *at, enum tag tag, size_t len)
{
	*at++ = (unsigned char)tag;
	return put_number(at, len, 4);
}

static unsigned char *put_item(unsigned char *at, enum tag tag, uint64_t value, size_t bytes)
{
	return put_number(put_head(at, tag, bytes), value, bytes);
}

static unsigned char *put_pair(unsigned char *at, enum tag tag, uint32_t first, uint32_t second)
{
	return put_number(put_number(put_head(at, tag, 8), first, 4), second, 4);
}

static unsigned char *put_id(unsigned char *at, enum tag tag, uint32_t id, struct bytes name)
{
	return put_bytes(put_number(put_head(at, tag, 4 + name.len), id, 4), name);
}

static unsigned char *put_time(unsigned char *at, enum tag tag, struct timestamp time)
{
	return put_number(put_number(put_head(at, tag, 12), (uint64_t)time.sec, 8), time.nsec, 4);
}

static unsigned char *put_content(unsigned char *at, const struct entry *entry)
{
	at = put_number(put_head(at, TAG_CONTENT, 8 + DIGEST_BYTES), entry->digest_bytes, 8);
	memcpy(at, entry->digest, DIGEST_BYTES);
	return at + DIGEST_BYTES;
}

static size_t xattrs_bytes(const struct entry *entry)
{
	size_t total = 0;

	for (size_t i = 0; i < entry->xattr_count; i++)
		total += 8 + entry->xattrs[i].name.len + entry->xattrs[i].value.len;
	return total;
}

static unsigned char *put_xattrs(unsigned char *at, const struct entry *entry)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		at = put_bytes(put_number(at, entry->xattrs[i].name.len, 4), entry->xattrs[i].name);
		at = put_bytes(put_number(at, entry->xattrs[i].value.len, 4), entry->xattrs[i].value);
	}
	return at;
}

static unsigned char *put_attributes(unsigned char *at, const struct entry *entry, size_t xattrs)
{
#define HAS(attr) (entry->value & ATTR_BIT(attr))
	at = HAS(ATTR_TYPE) ? put_item(at, TAG_TYPE, entry->type, 1) : at;
	at = HAS(ATTR_MODE) ? put_item(at, TAG_MODE, entry->mode, 2) : at;
	at = HAS(ATTR_OWNER) ? put_id(at, TAG_OWNER, entry->uid, entry->user) : at;
	at = HAS(ATTR_GROUP) ? put_id(at, TAG_GROUP, entry->gid, entry->group) : at;
	at = HAS(ATTR_SIZE) ? put_item(at, TAG_SIZE, entry->size, 8) : at;
	at = HAS(ATTR_CONTENT) ? put_content(at, entry) : at;
	at = HAS(ATTR_MTIME) ? put_time(at, TAG_MTIME, entry->mtime) : at;
	at = HAS(ATTR_CTIME) ? put_time(at, TAG_CTIME, entry->ctime) : at;
	at = HAS(ATTR_BTIME) ? put_time(at, TAG_BTIME, entry->btime) : at;
	at = HAS(ATTR_INODE) ? put_item(at, TAG_INODE, entry->inode, 8) : at;
	at = HAS(ATTR_LINKS) ? put_item(at, TAG_LINKS, entry->links, 8) : at;
	at = HAS(ATTR_TARGET) ? put_bytes(put_head(at, TAG_TARGET, entry->target.len), entry->target) : at;
	at = HAS(ATTR_RDEV) ? put_pair(at, TAG_RDEV, entry->rdev_major, entry->rdev_minor) : at;
	at = entry->value & XATTR_BITS ? put_xattrs(put_head(at, TAG_XATTRS, xattrs), entry) : at;
	at = HAS(ATTR_FLAGS) ? put_item(at, TAG_FLAGS, entry->flags, 4) : at;
#undef HAS
	return at;
}

int entry_encode(const struct entry *entry, struct buf *out)
{
	size_t xattrs = xattrs_bytes(entry);
	unsigned char *at;

	if (buf_failed(out) || buf_reserve(out, FIXED_BYTES + entry->user.len + entry->group.len + entry->target.len +
							entry->problem.len + xattrs) < 0)
		return -1;
	at = out->data + out->len;
	*at++ = ENTRY_VERSION;
	at = put_head(at, TAG_STATES, 12);
	at = put_number(put_number(put_number(at, entry->value, 4), entry->none, 4), entry->failed, 4);
	at = put_attributes(at, entry, xattrs);
	at = put_pair(at, TAG_DEVICE, entry->dev_major, entry->dev_minor);
	at = put_item(at, TAG_BLOCKS, entry->blocks, 8);
	at = put_number(put_head(at, TAG_RECORDED, 6), entry->since, 4);
	*at++ = entry->head;
	*at++ = entry->racy;
	if (entry->problem.len)
		at = put_bytes(put_head(at, TAG_PROBLEM, entry->problem.len), entry->problem);
	out->len = (size_t)(at - out->data);
	return 0;
}

/* --- reading --- */

static bool get_rest(struct cursor *value, struct bytes *ret_bytes)
{
	ret_bytes->len = value->len;
	return cursor_bytes(value, value->len, &ret_bytes->data);
}

static bool get_id(struct cursor *value, uint32_t *ret_id, struct bytes *ret_name)
{
	return cursor_u32(value, ret_id) && get_rest(value, ret_name);
}

static bool get_time(struct cursor *value, struct timestamp *ret_time)
{
	uint64_t sec;

	if (!cursor_u64(value, &sec) || !cursor_u32(value, &ret_time->nsec))
		return false;
	ret_time->sec = (int64_t)sec;
	return true;
}

static bool get_content(struct cursor *value, struct entry *entry)
{
	const unsigned char *digest;

	if (!cursor_u64(value, &entry->digest_bytes) || !cursor_bytes(value, DIGEST_BYTES, &digest))
		return false;
	memcpy(entry->digest, digest, DIGEST_BYTES);
	return true;
}

static bool get_mode(struct cursor *value, uint16_t *ret_mode)
{
	uint8_t low, high;

	if (!cursor_u8(value, &low) || !cursor_u8(value, &high))
		return false;
	*ret_mode = (uint16_t)(low | high << 8);
	return true;
}

static bool get_type(struct cursor *value, enum file_type *ret_type)
{
	uint8_t type;

	if (!cursor_u8(value, &type))
		return false;
	*ret_type = (enum file_type)type;
	return true;
}

static bool get_recorded(struct cursor *value, struct entry *entry)
{
	uint8_t racy;

	if (!cursor_u32(value, &entry->since) || !cursor_u8(value, &entry->head) || !cursor_u8(value, &racy) ||
	    racy > 1)
		return false;
	entry->racy = racy;
	return true;
}

static bool get_sized(struct cursor *value, struct bytes *ret_bytes)
{
	uint32_t len;

	if (!cursor_u32(value, &len) || !cursor_bytes(value, len, &ret_bytes->data))
		return false;
	ret_bytes->len = len;
	return true;
}

/* *ret_nomem tells memory from damage. */
static bool get_xattrs(struct cursor *value, struct buf *space, struct entry *entry, bool *ret_nomem)
{
	while (value->len) {
		struct xattr xattr;

		if (!get_sized(value, &xattr.name) || !get_sized(value, &xattr.value))
			return false;
		if (buf_add(space, &xattr, sizeof(xattr)) < 0) {
			*ret_nomem = true;
			return false;
		}
		entry->xattr_count++;
	}
	return entry->xattr_count > 0;
}

/* Reads one item's value, all of it. */
static bool get_item(enum tag tag, struct cursor *value, struct buf *space, struct entry *entry, bool *ret_nomem)
{
	switch (tag) {
	case TAG_STATES:
		return cursor_u32(value, &entry->value) && cursor_u32(value, &entry->none) &&
		       cursor_u32(value, &entry->failed);
	case TAG_TYPE:
		return get_type(value, &entry->type);
	case TAG_MODE:
		return get_mode(value, &entry->mode);
	case TAG_OWNER:
		return get_id(value, &entry->uid, &entry->user);
	case TAG_GROUP:
		return get_id(value, &entry->gid, &entry->group);
	case TAG_SIZE:
		return cursor_u64(value, &entry->size);
	case TAG_CONTENT:
		return get_content(value, entry);
	case TAG_MTIME:
		return get_time(value, &entry->mtime);
	case TAG_CTIME:
		return get_time(value, &entry->ctime);
	case TAG_BTIME:
		return get_time(value, &entry->btime);
	case TAG_INODE:
		return cursor_u64(value, &entry->inode);
	case TAG_LINKS:
		return cursor_u64(value, &entry->links);
	case TAG_TARGET:
		return get_rest(value, &entry->target);
	case TAG_RDEV:
		return cursor_u32(value, &entry->rdev_major) && cursor_u32(value, &entry->rdev_minor);
	case TAG_XATTRS:
		return get_xattrs(value, space, entry, ret_nomem);
	case TAG_FLAGS:
		return cursor_u32(value, &entry->flags);
	case TAG_DEVICE:
		return cursor_u32(value, &entry->dev_major) && cursor_u32(value, &entry->dev_minor);
	case TAG_BLOCKS:
		return cursor_u64(value, &entry->blocks);
	case TAG_RECORDED:
		return get_recorded(value, entry);
	case TAG_PROBLEM:
		return value->len > 0 && get_rest(value, &entry->problem);
	case TAG_END:
	default:
		return false;
	}
}

/* The tags that must stand there by the states, `problem` apart. */
static uint32_t tags_due(const struct entry *entry)
{
	uint32_t due = 1u << TAG_STATES | 1u << TAG_DEVICE | 1u << TAG_BLOCKS | 1u << TAG_RECORDED;

	for (unsigned attr = 0; attr < ATTR_COUNT; attr++) {
		if (entry->value & ATTR_BIT(attr))
			due |= 1u << tag_of[attr];
	}
	return due;
}

int entry_decode(const unsigned char *data, size_t len, struct buf *xattr_space, struct entry *ret_entry,
		 struct err *err)
{
	struct cursor cursor = { data, len };
	struct entry entry = { .path = ret_entry->path };
	uint8_t version, tag, last = 0;
	uint32_t present = 0;
	bool nomem = false;
	int r;

	buf_clear(xattr_space);
	if (!cursor_u8(&cursor, &version) || version != ENTRY_VERSION)
		return err_set(err, ERR_DATA, "malformed entry: not of version %d", ENTRY_VERSION);
	while (cursor.len) {
		struct bytes item;
		struct cursor value;

		if (!cursor_u8(&cursor, &tag) || tag <= last || tag >= TAG_END || !get_sized(&cursor, &item))
			return err_set(err, ERR_DATA, "malformed entry: a tag out of order or cut short");
		value = (struct cursor){ item.data, item.len };
		if (!get_item((enum tag)tag, &value, xattr_space, &entry, &nomem) || value.len)
			return nomem ? err_nomem(err)
				     : err_set(err, ERR_DATA, "malformed entry: bad value of tag %u", tag);
		present |= 1u << tag;
		last = tag;
	}
	entry.xattrs = entry.xattr_count ? (const struct xattr *)(const void *)xattr_space->data : NULL;
	if ((entry.value & ~ATTR_ALL) || (present & ~(1u << TAG_PROBLEM)) != tags_due(&entry))
		return err_set(err, ERR_DATA, "malformed entry: tags do not agree with the states");
	r = entry_check(&entry, err);
	if (r < 0)
		return r;
	*ret_entry = entry;
	return 0;
}
