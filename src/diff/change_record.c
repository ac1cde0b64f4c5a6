/* change_record.c - see change_record.h. */
#include "diff/change_record.h"

#include <string.h>

enum { PART_RULE = 1, PART_BEFORE = 2, PART_AFTER = 4, PART_MOUNT_BEFORE = 8, PART_MOUNT_AFTER = 16, PARTS_ALL = 31 };

void change_space_done(struct change_space *space)
{
	buf_done(&space->before_xattrs);
	buf_done(&space->after_xattrs);
}

static void put(struct buf *out, const void *data, size_t len)
{
	(void)buf_add_u32(out, (uint32_t)len);
	(void)buf_add(out, data, len);
}

static void put_entry(struct buf *out, const struct entry *entry)
{
	size_t at;

	put(out, entry->path.data, entry->path.len);
	at = out->len;
	(void)buf_add_u32(out, 0);
	if (entry_encode(entry, out) < 0)
		out->failed = true;
	if (buf_failed(out))
		return;
	for (size_t i = 0; i < 4; i++)
		out->data[at + i] = (unsigned char)((out->len - at - 4) >> (8 * i));
}

static void put_mount(struct buf *out, const struct mount *mount)
{
	put(out, mount->path.data, mount->path.len);
	put(out, mount->fstype.data, mount->fstype.len);
	put(out, mount->id.data, mount->id.len);
}

int change_encode(const struct change *change, struct buf *out)
{
	unsigned parts = (change->rule ? PART_RULE : 0u) | (change->before ? PART_BEFORE : 0u) |
			 (change->after ? PART_AFTER : 0u) | (change->mount_before ? PART_MOUNT_BEFORE : 0u) |
			 (change->mount_after ? PART_MOUNT_AFTER : 0u);

	(void)buf_add_byte(out, (unsigned char)change->kind);
	(void)buf_add_byte(out, (unsigned char)change->severity);
	(void)buf_add_byte(out, (unsigned char)change->log);
	(void)buf_add_byte(out, (unsigned char)parts);
	(void)buf_add_u32(out, change->attributes);
	if (change->rule)
		put(out, change->rule, strlen(change->rule) + 1);
	if (change->before)
		put_entry(out, change->before);
	if (change->after)
		put_entry(out, change->after);
	if (change->mount_before)
		put_mount(out, change->mount_before);
	if (change->mount_after)
		put_mount(out, change->mount_after);
	return buf_failed(out) ? -1 : 0;
}

static bool get(struct cursor *cursor, struct bytes *ret_bytes)
{
	uint32_t len;

	if (!cursor_u32(cursor, &len) || !cursor_bytes(cursor, len, &ret_bytes->data))
		return false;
	ret_bytes->len = len;
	return true;
}

static bool get_rule(struct cursor *cursor, const char **ret_rule)
{
	struct bytes text;

	if (!get(cursor, &text) || text.len == 0 || memchr(text.data, '\0', text.len) != text.data + text.len - 1)
		return false;
	*ret_rule = (const char *)text.data;
	return true;
}

static bool get_entry(struct cursor *cursor, struct buf *xattrs, struct entry *ret_entry, struct err *err)
{
	struct bytes path, leaf;

	if (!get(cursor, &path) || !get(cursor, &leaf) || !path_valid(path))
		return false;
	if (entry_decode(leaf.data, leaf.len, xattrs, ret_entry, err) < 0)
		return false;
	ret_entry->path = path;
	return true;
}

static bool get_mount(struct cursor *cursor, struct mount *ret_mount)
{
	return get(cursor, &ret_mount->path) && get(cursor, &ret_mount->fstype) && get(cursor, &ret_mount->id);
}

static bool get_head(struct cursor *cursor, struct change *change, uint8_t *ret_parts)
{
	uint8_t kind, severity, log;

	if (!cursor_u8(cursor, &kind) || !cursor_u8(cursor, &severity) || !cursor_u8(cursor, &log) ||
	    !cursor_u8(cursor, ret_parts) || !cursor_u32(cursor, &change->attributes))
		return false;
	change->kind = (enum change_kind)kind;
	change->severity = (enum severity)severity;
	change->log = log;
	return kind <= CHANGE_MOVED && severity < SEVERITY_COUNT && !(*ret_parts & ~PARTS_ALL) &&
	       !(change->attributes & ~ATTR_ALL) &&
	       (*ret_parts & (PART_BEFORE | PART_AFTER | PART_MOUNT_BEFORE | PART_MOUNT_AFTER));
}

static bool get_parts(struct cursor *cursor, uint8_t parts, struct change_space *space, struct change *change,
		      struct err *err)
{
	if ((parts & PART_RULE) && !get_rule(cursor, &change->rule))
		return false;
	if (parts & PART_BEFORE) {
		if (!get_entry(cursor, &space->before_xattrs, &space->before, err))
			return false;
		change->before = &space->before;
	}
	if (parts & PART_AFTER) {
		if (!get_entry(cursor, &space->after_xattrs, &space->after, err))
			return false;
		change->after = &space->after;
	}
	if (parts & PART_MOUNT_BEFORE) {
		if (!get_mount(cursor, &space->mount_before))
			return false;
		change->mount_before = &space->mount_before;
	}
	if (parts & PART_MOUNT_AFTER) {
		if (!get_mount(cursor, &space->mount_after))
			return false;
		change->mount_after = &space->mount_after;
	}
	return cursor->len == 0;
}

static struct bytes path_now(const struct change *change)
{
	if (change->after || change->before)
		return change->after ? change->after->path : change->before->path;
	return change->mount_after ? change->mount_after->path : change->mount_before->path;
}

int change_decode(const unsigned char *data, size_t len, struct change_space *space, struct change *ret_change,
		  struct err *err)
{
	struct cursor cursor = { data, len };
	struct change change = { .kind = CHANGE_ADDED };
	struct err inner = ERR_INIT;
	uint8_t parts;

	if (!get_head(&cursor, &change, &parts) || !get_parts(&cursor, parts, space, &change, &inner)) {
		if (inner.code == ERR_INTERNAL)
			return err_nomem(err);
		return err_set(err, ERR_DATA, "a change read back from the temporary files is damaged");
	}
	change.path = path_now(&change);
	*ret_change = change;
	return 0;
}
