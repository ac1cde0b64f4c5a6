/*
 * event_text.c - one event for people: a line headed by time, severity and kind; below it what differs. See event.h.
 *
 * Strings of a line are escaped already; form_message() escapes what somebody left raw and nothing twice.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/event.h"

/* Of observed and transient: more names than these are counted. */
enum { NAMES_SHOWN = 20 };

static void add(struct text *text, const char *line)
{
	if (line)
		form_message(&text->buf, bytes_of(line));
}

static void add_bytes(struct text *text, const char *line)
{
	(void)buf_add_str(&text->buf, line);
}

/* Local time, milliseconds. */
static void add_time(struct text *text, const char *utc)
{
	struct err ignored = ERR_INIT;
	struct timestamp time;
	struct timetext local;
	const char *point;

	if (!utc || time_parse_utc(utc, &time, &ignored) < 0) {
		add(text, utc ? utc : "at an unknown time");
		return;
	}
	local = time_local(time);
	point = strchr(local.text, '.');
	if (point && strlen(point) >= 10)
		(void)buf_printf(&text->buf, "%.*s%s", (int)(point - local.text) + 4, local.text, point + 10);
	else
		add_bytes(text, local.text);
}

static void add_padded(struct text *text, enum text_color color, const char *word, size_t width)
{
	CLEANUP(buf_done) struct buf shown = BUF_INIT;
	size_t len;

	form_message(&shown, bytes_of(word));
	len = shown.len;
	if (!buf_str(&shown)) {
		text->buf.failed = true;
		return;
	}
	text_colored(text, color, (const char *)shown.data);
	for (; len < width; len++)
		(void)buf_add_byte(&text->buf, ' ');
	add_bytes(text, "  ");
}

static bool is_kind(const struct event *event, const char *kind)
{
	return strcmp(event->kind, kind) == 0;
}

static void add_head(struct text *text, const struct event *event)
{
	const char *name = event_string(event->object, "severity");
	enum text_color color = COLOR_NONE;
	enum severity severity;

	add_time(text, event_string(event->object, "time"));
	add_bytes(text, "  ");
	if (name && severity_parse(name, &severity))
		add_padded(text, text_severity_color(severity), severity_name(severity), 8);
	else
		add_padded(text, COLOR_NONE, "-", 8);
	if (is_kind(event, "tamper"))
		color = COLOR_BAD;
	else if (is_kind(event, "gap"))
		color = COLOR_WARN;
	else if (event_is_routine(event))
		color = COLOR_DIM;
	add_padded(text, color, event->kind[0] ? event->kind : "unknown", 8);
}

static void add_value(struct text *text, const json_t *value)
{
	CLEANUP(freep) char *dumped = NULL;

	if (json_is_string(value)) {
		add(text, json_string_value(value));
	} else {
		dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
		text->buf.failed |= !dumped;
		add(text, dumped);
	}
}

static void add_list(struct text *text, const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (i)
			add_bytes(text, " ");
		add_value(text, item);
	}
}

/* Every member that is not in the head, as "name value". */
static void add_members(struct text *text, const struct event *event)
{
	static const char *const head[] = { "record", "seq", "time", "uptime", "kind", "severity", "chain" };
	const char *between = "", *name;
	const json_t *value;

	json_object_foreach(event->object, name, value)
	{
		bool shown = !json_is_null(value) && !(json_is_array(value) && json_array_size(value) == 0);

		for (size_t i = 0; i < ARRAY_SIZE(head); i++)
			shown &= strcmp(name, head[i]) != 0;
		if (!shown)
			continue;
		add_bytes(text, between);
		add(text, name);
		add_bytes(text, " ");
		if (json_is_array(value))
			add_list(text, value);
		else
			add_value(text, value);
		between = ", ";
	}
	add_bytes(text, "\n");
}

static void add_names(struct text *text, const struct event *event)
{
	const json_t *list = json_object_get(event->object, "paths"), *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (i == NAMES_SHOWN) {
			(void)buf_printf(&text->buf, ", and %zu more", json_array_size(list) - i);
			break;
		}
		add_bytes(text, i ? ", " : "");
		add(text, event_string(item, "path"));
		add_bytes(text, " (");
		add_list(text, json_object_get(item, "mask"));
		add_bytes(text, ")");
	}
	add_bytes(text, "\n");
}

static void add_gap(struct text *text, const struct event *event)
{
	add_bytes(text, "events may be missing: from ");
	add_time(text, event_string(event->object, "from"));
	add_bytes(text, " to ");
	add_time(text, event_string(event->object, "to"));
	add_bytes(text, ", below ");
	add(text, event_string(event->object, "subtree"));
	add_bytes(text, ": ");
	add(text, event_string(event->object, "reason"));
	add_bytes(text, "\n");
}

static void add_tamper(struct text *text, const struct event *event)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;
	const char *path = event_string(event->object, "path"), *what = event_string(event->object, "what");

	form_message(&line, bytes_of(path ? path : "?"));
	(void)buf_add_str(&line, ": ");
	form_message(&line, bytes_of(what ? what : "?"));
	if (buf_str(&line))
		text_colored(text, COLOR_BAD, (const char *)line.data);
	else
		text->buf.failed = true;
	add_bytes(text, "\n");
}

static void add_count(struct text *text, const json_t *object, const char *key, const char *what)
{
	json_int_t count = json_integer_value(json_object_get(object, key));

	text_number(&text->buf, count > 0 ? (uint64_t)count : 0);
	add_bytes(text, what);
}

static void add_scan(struct text *text, const struct event *event)
{
	const json_t *object = event->object;
	json_int_t bytes = json_integer_value(json_object_get(object, "bytes_read"));
	const char *problem = event_string(object, "problem");

	add(text, event_string(object, "purpose"));
	add_bytes(text, ": from ");
	add_time(text, event_string(object, "from"));
	add_bytes(text, " to ");
	add_time(text, event_string(object, "to"));
	add_bytes(text, ", ");
	add_count(text, object, "examined", " paths examined, ");
	add_count(text, object, "files_read", " files read (");
	text_unit(&text->buf, bytes > 0 ? (uint64_t)bytes : 0);
	add_bytes(text, "), ");
	add_count(text, object, "differing", " not as believed, ");
	add_count(text, object, "unexamined", " not examined");
	add_bytes(text, json_is_false(json_object_get(object, "ended")) ? "; it did not come to its end" : "");
	add_bytes(text, problem ? ": " : "");
	add(text, problem);
	add_bytes(text, "\n");
}

void event_text(struct text *text, const struct event *event)
{
	static const struct {
		const char *kind;
		void (*add)(struct text *text, const struct event *event);
	} kinds[] = {
		{ "added", event_change_text },    { "removed", event_change_text },
		{ "changed", event_change_text },  { "moved", event_change_text },
		{ "restored", event_change_text }, { "observed", add_names },
		{ "transient", add_names },        { "gap", add_gap },
		{ "tamper", add_tamper },          { "scan", add_scan },
	};

	add_head(text, event);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!is_kind(event, kinds[i].kind))
			continue;
		kinds[i].add(text, event);
		return;
	}
	add_members(text, event);
}
