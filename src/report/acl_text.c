/* acl_text.c - see acl_text.h. */
#include "report/acl_text.h"

enum { ACL_VERSION = 2, ACL_ENTRY_BYTES = 8, PERMISSIONS = 7 };
enum { TAG_USER_OBJ = 1, TAG_USER = 2, TAG_GROUP_OBJ = 4, TAG_GROUP = 8, TAG_MASK = 16, TAG_OTHER = 32 };
#define ID_UNDEFINED 0xffffffffu

static const char *tag_name(unsigned tag)
{
	switch (tag) {
	case TAG_USER_OBJ:
	case TAG_USER:
		return "user";
	case TAG_GROUP_OBJ:
	case TAG_GROUP:
		return "group";
	case TAG_MASK:
		return "mask";
	case TAG_OTHER:
		return "other";
	default:
		return NULL;
	}
}

static bool add_entry(struct buf *out, uint32_t tag_and_permissions, uint32_t id, const char *prefix)
{
	unsigned tag = tag_and_permissions & 0xffff, permissions = tag_and_permissions >> 16;
	const char *name = tag_name(tag);
	bool named = tag == TAG_USER || tag == TAG_GROUP;

	if (!name || permissions > PERMISSIONS || (!named && id != ID_UNDEFINED))
		return false;
	(void)buf_printf(out, "%s%s:", prefix, name);
	if (named)
		(void)buf_printf(out, "%u", id);
	(void)buf_printf(out, ":%c%c%c", permissions & 4 ? 'r' : '-', permissions & 2 ? 'w' : '-',
			 permissions & 1 ? 'x' : '-');
	return true;
}

bool acl_text_add(struct buf *out, struct bytes value, const char *prefix)
{
	struct cursor cursor = { value.data, value.len };
	size_t start = out->len;
	uint32_t version, tag_and_permissions, id;

	if (!cursor_u32(&cursor, &version) || version != ACL_VERSION || cursor.len == 0 ||
	    cursor.len % ACL_ENTRY_BYTES != 0)
		return false;
	while (cursor_u32(&cursor, &tag_and_permissions) && cursor_u32(&cursor, &id)) {
		if (out->len > start)
			(void)buf_add_byte(out, ',');
		if (!add_entry(out, tag_and_permissions, id, prefix)) {
			out->len = start;
			return false;
		}
	}
	return true;
}
