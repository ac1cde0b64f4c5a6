/* acl.c - see acl.h. */
#include "extfs/acl.h"

#include <errno.h>
#include <string.h>

enum { DISK_VERSION = 1, XATTR_VERSION = 2 };
enum { TAG_USER_OBJ = 1, TAG_USER = 2, TAG_GROUP_OBJ = 4, TAG_GROUP = 8, TAG_MASK = 16, TAG_OTHER = 32 };

static bool get16(struct cursor *from, uint32_t *ret_value)
{
	uint8_t low, high;

	if (!cursor_u8(from, &low) || !cursor_u8(from, &high))
		return false;
	*ret_value = (uint32_t)high << 8 | low;
	return true;
}

/* Entries of the owner, the owning group, mask and others stand without their four bytes of an id. */
static bool get_entry(struct cursor *from, uint32_t *ret_tag, uint32_t *ret_perm, uint32_t *ret_id)
{
	*ret_id = UINT32_MAX;
	if (!get16(from, ret_tag) || !get16(from, ret_perm))
		return false;
	switch (*ret_tag) {
	case TAG_USER_OBJ:
	case TAG_GROUP_OBJ:
	case TAG_MASK:
	case TAG_OTHER:
		return true;
	case TAG_USER:
	case TAG_GROUP:
		return cursor_u32(from, ret_id);
	default:
		return false;
	}
}

int acl_convert(struct bytes from, struct buf *out)
{
	struct cursor cursor = { from.data, from.len };
	size_t start = out->len;
	uint32_t version, tag, perm, id;

	if (!cursor_u32(&cursor, &version) || version != DISK_VERSION)
		return -EUCLEAN;
	if (cursor.len == 0)
		return 0;
	(void)buf_add_u32(out, XATTR_VERSION);
	while (cursor.len > 0) {
		if (!get_entry(&cursor, &tag, &perm, &id)) {
			out->len = start;
			return -EUCLEAN;
		}
		(void)buf_add_u32(out, perm << 16 | tag);
		(void)buf_add_u32(out, id);
	}
	return buf_failed(out) ? -ENOMEM : 1;
}
