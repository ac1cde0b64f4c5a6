/* event_change.c - events of kind added, removed, changed, moved, restored for people: see event.h. */
#include <string.h>

#include "base/cleanup.h"
#include "report/event.h"

static void add(struct text *text, const char *line)
{
	if (line)
		form_message(&text->buf, bytes_of(line));
}

static void add_bytes(struct text *text, const char *line)
{
	(void)buf_add_str(&text->buf, line);
}

/* What stands in the line as text: acl, caps, selinux, and other extended attributes by name. */
static bool is_textual(enum attr attr)
{
	return attr == ATTR_ACL || attr == ATTR_CAPS || attr == ATTR_SELINUX;
}

static void add_textual(struct text *text, const json_t *before, const json_t *after, enum attr attr)
{
	const char *old = event_string(before, attr_name(attr)), *new = event_string(after, attr_name(attr));

	text_label(text, attr_name(attr));
	add(text, old ? old : "none");
	text_arrow(text, attr != ATTR_CAPS && old && new);
	add(text, new ? new : "none");
	add_bytes(text, "\n");
}

static void add_xattr(struct text *text, const char *name, const char *how)
{
	text_label(text, "xattrs");
	add(text, name);
	add_bytes(text, how);
}

/* The values are base64 here: that they changed is told, --json has them. */
static void add_xattrs(struct text *text, const json_t *before, const json_t *after)
{
	const json_t *value;
	const char *name;
	json_t *old = json_object_get(before, "xattrs"), *new = json_object_get(after, "xattrs");

	json_object_foreach(old, name, value)
	{
		const json_t *now = json_object_get(new, name);

		if (!now || !json_equal(value, now))
			add_xattr(text, name, now ? " has another value\n" : " removed\n");
	}
	json_object_foreach(new, name, value)
	{
		if (!json_object_get(old, name))
			add_xattr(text, name, " added\n");
	}
}

static void add_mount(struct text *text, const json_t *side)
{
	const json_t *mount = json_object_get(side, "mount");
	const char *id = event_string(mount, "id");

	add(text, mount ? event_string(mount, "type") : "nothing");
	if (id)
		add_bytes(text, " ");
	add(text, id);
}

static void read_entry(struct text *text, const json_t *side, struct event_entry *ret_entry)
{
	event_entry_read(side, ret_entry);
	text->buf.failed |=
		buf_failed(&ret_entry->user) || buf_failed(&ret_entry->group) || buf_failed(&ret_entry->target);
}

static void add_differences(struct text *text, const json_t *object)
{
	const json_t *before = json_object_get(object, "before"), *after = json_object_get(object, "after");
	CLEANUP(event_entry_done) struct event_entry old = { .user = BUF_INIT }, new = { .user = BUF_INIT };
	const json_t *name;
	enum attr attr;
	size_t i;

	read_entry(text, before, &old);
	read_entry(text, after, &new);
	json_array_foreach(json_object_get(object, "attributes"), i, name)
	{
		const char *known = json_string_value(name);

		if (known && strcmp(known, "mount") == 0) {
			text_label(text, "mount");
			add_mount(text, before);
			text_arrow(text, false);
			add_mount(text, after);
			add_bytes(text, "\n");
		}
		if (!known || !attr_parse(known, &attr))
			continue;
		/* what has no member here has no value */
		old.entry.none |= ATTR_BIT(attr) & ~old.entry.value;
		new.entry.none |= ATTR_BIT(attr) & ~new.entry.value;
		if (is_textual(attr))
			add_textual(text, before, after, attr);
		else if (attr == ATTR_XATTRS)
			add_xattrs(text, before, after);
		else
			text_difference(text, &old.entry, &new.entry, attr);
	}
}

static void add_description(struct text *text, const json_t *side)
{
	static const enum attr textual[] = { ATTR_ACL, ATTR_CAPS };
	CLEANUP(event_entry_done) struct event_entry entry = { .user = BUF_INIT };
	const json_t *value;
	const char *name;

	if (!json_is_object(side))
		return;
	read_entry(text, side, &entry);
	text_description(text, &entry.entry);
	json_object_foreach(json_object_get(side, "xattrs"), name, value) add_xattr(text, name, "\n");
	for (size_t i = 0; i < ARRAY_SIZE(textual); i++) {
		const char *line = event_string(side, attr_name(textual[i]));

		if (!line)
			continue;
		text_label(text, attr_name(textual[i]));
		add(text, line);
		add_bytes(text, "\n");
	}
}

static void add_notes(struct text *text, const json_t *object)
{
	const char *rule = event_string(object, "rule"), *by = event_string(object, "by");
	const json_t *log;
	size_t i;

	json_array_foreach(json_object_get(object, "log"), i, log)
	{
		add_bytes(text, "  log ");
		add(text, json_string_value(log));
	}
	if (json_is_true(json_object_get(object, "baseline")))
		add_bytes(text, "  as recorded");
	if (rule) {
		add_bytes(text, "  [");
		add(text, rule);
		add_bytes(text, "]");
	}
	if (by && strcmp(by, "event") != 0) {
		add_bytes(text, "  found by: ");
		add(text, by);
	}
	add_bytes(text, "\n");
}

void event_change_text(struct text *text, const struct event *event)
{
	const json_t *object = event->object;
	const char *from = event_string(object, "from");

	if (from) {
		add(text, from);
		add_bytes(text, " -> ");
	}
	add(text, event_string(object, "path"));
	add_notes(text, object);
	if (strcmp(event->kind, "added") == 0)
		add_description(text, json_object_get(object, "after"));
	else if (strcmp(event->kind, "removed") == 0)
		add_description(text, json_object_get(object, "before"));
	else
		add_differences(text, object);
}
