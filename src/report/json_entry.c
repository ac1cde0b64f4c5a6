/* json_entry.c - ENTRY: what is recorded of a path, as members of a JSON object. See json.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "report/base64.h"
#include "report/form.h"
#include "report/json.h"

static bool has(const struct entry *entry, enum attr attr)
{
	return entry->value & ATTR_BIT(attr);
}

static void set_format(struct record *record, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void set_format(struct record *record, const char *key, const char *format, ...)
{
	char text[128];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	record_string(record, key, text);
}

static void set_time(struct record *record, const struct entry *entry, enum attr attr, struct timestamp time)
{
	if (has(entry, attr))
		record_string(record, attr_name(attr), time_utc(time).text);
}

static void set_device(struct record *record, const char *key, uint32_t major, uint32_t minor)
{
	set_format(record, key, "%" PRIu32 ":%" PRIu32, major, minor);
}

static void set_owner(struct record *record, const struct entry *entry)
{
	if (has(entry, ATTR_OWNER))
		record_count(record, "uid", entry->uid);
	if (has(entry, ATTR_GROUP))
		record_count(record, "gid", entry->gid);
	if (has(entry, ATTR_OWNER) && entry->user.len)
		record_bytes(record, "user", entry->user);
	if (has(entry, ATTR_GROUP) && entry->group.len)
		record_bytes(record, "group", entry->group);
}

/* Of a growing log only the beginning may have been hashed: then how much of it. */
static void set_digest(struct record *record, const struct entry *entry)
{
	char hex[DIGEST_HEX];

	if (!has(entry, ATTR_CONTENT))
		return;
	digest_hex(entry->digest, hex);
	set_format(record, "digest", "sha256:%s", hex);
	if (!has(entry, ATTR_SIZE) || entry->digest_bytes != entry->size)
		record_count(record, "digest_bytes", entry->digest_bytes);
}

/* {"escaped name":"base64 of the value"}; the escaping has one result for each name. */
static void set_xattrs(struct record *record, const struct entry *entry)
{
	CLEANUP(record_done) struct record inner = record_new();
	CLEANUP(buf_done) struct buf text = BUF_INIT;

	for (size_t i = 0; i < entry->xattr_count; i++) {
		CLEANUP(freep) char *name = NULL;

		if (xattr_attr(entry->xattrs[i].name) != ATTR_XATTRS)
			continue;
		name = quote_dup(entry->xattrs[i].name.data, entry->xattrs[i].name.len);
		buf_clear(&text);
		(void)base64_add(&text, entry->xattrs[i].value);
		if (!name || !buf_str(&text)) {
			record->failed = true;
			return;
		}
		record_string(&inner, name, (const char *)text.data);
	}
	record->failed |= inner.failed;
	record_set(record, "xattrs", STEAL(inner.object));
}

static void set_text(struct record *record, const char *key, const struct entry *entry,
		     void (*form)(struct buf *out, const struct entry *entry))
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;

	form(&text, entry);
	record_string(record, key, buf_str(&text));
}

static void set_flags(struct record *record, uint32_t flags)
{
	json_t *list = json_array();
	const char *name;

	for (unsigned bit = 0; (name = form_flag(flags, &bit));) {
		if (json_array_append_new(list, json_string(name)) < 0)
			record->failed = true;
	}
	record_set(record, "flags", list);
}

static void set_inode(struct record *record, const struct entry *entry)
{
	/* a string: 64 bits do not survive every JSON reader */
	if (has(entry, ATTR_INODE)) {
		set_format(record, "inode", "%" PRIu64, entry->inode);
		if (entry->dev_major || entry->dev_minor) /* else in a tree that is on no device of this system */
			set_device(record, "device", entry->dev_major, entry->dev_minor);
	}
	if (has(entry, ATTR_LINKS))
		record_count(record, "links", entry->links);
	if (has(entry, ATTR_SIZE))
		record_count(record, "blocks", entry->blocks);
	if (has(entry, ATTR_RDEV))
		set_device(record, "rdev", entry->rdev_major, entry->rdev_minor);
}

void record_entry(struct record *record, const struct entry *entry)
{
	if (has(entry, ATTR_TYPE))
		record_string(record, "type", type_name(entry->type));
	if (has(entry, ATTR_MODE))
		set_format(record, "mode", "%04o", (unsigned)entry->mode);
	set_owner(record, entry);
	if (has(entry, ATTR_SIZE))
		record_count(record, "size", entry->size);
	set_time(record, entry, ATTR_MTIME, entry->mtime);
	set_time(record, entry, ATTR_CTIME, entry->ctime);
	set_time(record, entry, ATTR_BTIME, entry->btime);
	set_inode(record, entry);
	set_digest(record, entry);
	if (has(entry, ATTR_TARGET))
		record_bytes(record, "target", entry->target);
	if (has(entry, ATTR_XATTRS))
		set_xattrs(record, entry);
	if (has(entry, ATTR_ACL))
		set_text(record, "acl", entry, form_acl);
	if (has(entry, ATTR_CAPS))
		set_text(record, "caps", entry, form_caps);
	if (has(entry, ATTR_SELINUX))
		record_bytes(record, "selinux", form_selinux(entry));
	if (has(entry, ATTR_FLAGS))
		set_flags(record, entry->flags);
}
