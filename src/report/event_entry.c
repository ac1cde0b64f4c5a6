/* event_entry.c - ENTRY of docs/FORMATS.md "NDJSON" back into an entry, so that text has one form for both. See event.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/event.h"

void event_entry_done(struct event_entry *entry)
{
	buf_done(&entry->user);
	buf_done(&entry->group);
	buf_done(&entry->target);
}

static int hex_value(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = digit ? strchr(digits, digit) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The bytes that TEXT is the escaped form of. What is no escape stands for itself. */
static struct bytes unescape(const char *text, struct buf *bytes)
{
	while (*text) {
		unsigned char byte = (unsigned char)*text++;

		if (byte == '\\' && *text == '\\') {
			text++;
		} else if (byte == '\\' && *text == 'x' && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0) {
			byte = (unsigned char)(hex_value(text[1]) * 16 + hex_value(text[2]));
			text += 3;
		}
		(void)buf_add_byte(bytes, byte);
	}
	return (struct bytes){ bytes->data, bytes->len };
}

static bool read_number(const char *text, int base, uint64_t limit, uint64_t *ret_number)
{
	char *end;
	unsigned long long number;

	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, base);
	if (*end || errno || number > limit)
		return false;
	*ret_number = number;
	return true;
}

static bool read_count(const json_t *object, const char *key, uint64_t limit, uint64_t *ret_number)
{
	const json_t *member = json_object_get(object, key);

	if (!json_is_integer(member) || json_integer_value(member) < 0 || (uint64_t)json_integer_value(member) > limit)
		return false;
	*ret_number = (uint64_t)json_integer_value(member);
	return true;
}

static void read_type(const json_t *object, struct entry *entry)
{
	const char *name = event_string(object, "type");

	for (int type = TYPE_FILE; name && type <= TYPE_BLOCK; type++) {
		if (strcmp(name, type_name((enum file_type)type)) != 0)
			continue;
		entry->type = (enum file_type)type;
		entry->value |= ATTR_BIT(ATTR_TYPE);
	}
}

static void read_owner(const json_t *object, struct event_entry *out)
{
	const char *user = event_string(object, "user"), *group = event_string(object, "group");
	struct entry *entry = &out->entry;
	uint64_t number;

	if (read_count(object, "uid", UINT32_MAX, &number)) {
		entry->uid = (uint32_t)number;
		entry->value |= ATTR_BIT(ATTR_OWNER);
	}
	if (read_count(object, "gid", UINT32_MAX, &number)) {
		entry->gid = (uint32_t)number;
		entry->value |= ATTR_BIT(ATTR_GROUP);
	}
	if (user)
		entry->user = unescape(user, &out->user);
	if (group)
		entry->group = unescape(group, &out->group);
}

static void read_times(const json_t *object, struct entry *entry)
{
	const struct {
		enum attr attr;
		struct timestamp *time;
	} times[] = { { ATTR_MTIME, &entry->mtime }, { ATTR_CTIME, &entry->ctime }, { ATTR_BTIME, &entry->btime } };
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		const char *text = event_string(object, attr_name(times[i].attr));

		if (text && time_parse_utc(text, times[i].time, &ignored) >= 0)
			entry->value |= ATTR_BIT(times[i].attr);
	}
}

static void read_content(const json_t *object, struct entry *entry)
{
	static const char prefix[] = "sha256:";
	const char *text = event_string(object, "digest");

	if (!text || strlen(text) != sizeof(prefix) - 1 + 2 * DIGEST_BYTES ||
	    memcmp(text, prefix, sizeof(prefix) - 1) != 0)
		return;
	text += sizeof(prefix) - 1;
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return;
		entry->digest[i] = (unsigned char)(high * 16 + low);
	}
	entry->value |= ATTR_BIT(ATTR_CONTENT);
	entry->digest_bytes = entry->size;
	(void)read_count(object, "digest_bytes", INT64_MAX, &entry->digest_bytes);
}

static void read_rdev(const json_t *object, struct entry *entry)
{
	const char *text = event_string(object, "rdev");
	unsigned major, minor;
	char end;

	if (!text || sscanf(text, "%9u:%9u%c", &major, &minor, &end) != 2)
		return;
	entry->rdev_major = major;
	entry->rdev_minor = minor;
	entry->value |= ATTR_BIT(ATTR_RDEV);
}

static void read_flags(const json_t *object, struct entry *entry)
{
	const json_t *list = json_object_get(object, "flags");
	const char *name;

	if (!json_is_array(list))
		return;
	entry->value |= ATTR_BIT(ATTR_FLAGS);
	for (unsigned bit = 0; (name = form_flag(UINT32_MAX, &bit));) {
		const json_t *item;
		size_t i;

		json_array_foreach(list, i, item)
		{
			if (json_is_string(item) && strcmp(json_string_value(item), name) == 0)
				entry->flags |= 1u << (bit - 1);
		}
	}
}

void event_entry_read(const json_t *object, struct event_entry *ret_entry)
{
	struct entry *entry = &ret_entry->entry;
	const char *target = event_string(object, "target");
	uint64_t number;

	*ret_entry = (struct event_entry){ .user = BUF_INIT };
	read_type(object, entry);
	if (read_number(event_string(object, "mode"), 8, 07777, &number)) {
		entry->mode = (uint16_t)number;
		entry->value |= ATTR_BIT(ATTR_MODE);
	}
	read_owner(object, ret_entry);
	if (read_count(object, "size", INT64_MAX, &entry->size))
		entry->value |= ATTR_BIT(ATTR_SIZE);
	read_times(object, entry);
	if (read_number(event_string(object, "inode"), 10, UINT64_MAX, &entry->inode))
		entry->value |= ATTR_BIT(ATTR_INODE);
	if (read_count(object, "links", INT64_MAX, &entry->links))
		entry->value |= ATTR_BIT(ATTR_LINKS);
	read_content(object, entry);
	if (target) {
		entry->target = unescape(target, &ret_entry->target);
		entry->value |= ATTR_BIT(ATTR_TARGET);
	}
	read_rdev(object, entry);
	read_flags(object, entry);
}
