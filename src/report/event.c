/* event.c - see event.h, and tally/report.h for report_event() and report_break(). */
#include "report/event.h"

#include <string.h>

#include "base/cleanup.h"
#include "report/json.h"

int event_parse(const char *line, size_t len, struct event *ret_event, struct err *err)
{
	json_t *object = record_parse(line, len, err);
	const char *kind;

	if (!object)
		return err->code;
	kind = event_string(object, "kind");
	*ret_event = (struct event){ object, kind ? kind : "" };
	return 0;
}

void event_done(struct event *event)
{
	json_decref(event->object);
	event->object = NULL;
}

const char *event_string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

bool event_is_routine(const struct event *event)
{
	static const char *const kinds[] = { "observed", "transient", "heartbeat", "seal" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(event->kind, kinds[i]) == 0)
			return true;
	}
	return false;
}

/* Escaping leaves slashes and what lies between them alone, so that the escaped paths lie below one another as the paths do. */
static bool concerns(const char *path, const struct bytes *paths, size_t count, bool or_above)
{
	for (size_t i = 0; path && i < count; i++) {
		if (path_covers(paths[i], bytes_of(path)) || (or_above && path_covers(bytes_of(path), paths[i])))
			return true;
	}
	return false;
}

bool event_concerns(const struct event *event, const struct bytes *paths, size_t count)
{
	const json_t *list = json_object_get(event->object, "paths");
	const json_t *item;
	size_t i;

	if (concerns(event_string(event->object, "path"), paths, count, false) ||
	    concerns(event_string(event->object, "subtree"), paths, count, true))
		return true;
	/* of a gap, "from" is a time */
	if (concerns(event_string(event->object, "from"), paths, count, false))
		return true;
	json_array_foreach(list, i, item)
	{
		if (concerns(event_string(item, "path"), paths, count, false))
			return true;
	}
	return false;
}

static int write_unreadable(const struct report_out *out, const char *line, struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();

	record_string(&record, "record", "unreadable");
	record_message(&record, "line", bytes_of(line));
	return record_write(out, &record, err);
}

/* As it is, when nothing in it could do harm; else in ASCII, which is the same JSON. */
static int write_json(const struct report_out *out, const char *line, const struct event *event, struct err *err)
{
	CLEANUP(buf_done) struct buf safe = BUF_INIT;
	CLEANUP(freep) char *ascii = NULL;

	(void)buf_reserve(&safe, strlen(line) + 1);
	form_message(&safe, bytes_of(line));
	if (!buf_failed(&safe) && !bytes_equal((struct bytes){ safe.data, safe.len }, bytes_of(line))) {
		ascii = json_dumps(event->object, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12));
		buf_clear(&safe);
		safe.failed = !ascii;
		/* DEL is ASCII too, and jansson leaves it */
		for (const char *at = ascii; at && *at; at++)
			(void)(*at == 0x7f ? buf_add_str(&safe, "\\u007f") : buf_add_byte(&safe, (unsigned char)*at));
	}
	(void)buf_add_byte(&safe, '\n');
	return form_write(out, &safe, err);
}

int report_event(const struct report_out *out, const char *line, struct err *err)
{
	CLEANUP(text_done) struct text text = { .out = out };
	CLEANUP(event_done) struct event event = { .object = NULL };
	int r = event_parse(line, strlen(line), &event, err);

	if (r == ERR_INTERNAL)
		return r;
	if (r < 0) {
		if (out->json)
			return write_unreadable(out, line, err);
		text_colored(&text, COLOR_BAD, "unreadable");
		(void)buf_add_str(&text.buf, "  ");
		form_message(&text.buf, bytes_of(line));
		(void)buf_add_byte(&text.buf, '\n');
	} else if (out->json) {
		return write_json(out, line, &event, err);
	} else {
		event_text(&text, &event);
	}
	return form_write(out, &text.buf, err);
}

int report_break(const struct report_out *out, const char *message, struct err *err)
{
	CLEANUP(text_done) struct text text = { .out = out };
	CLEANUP(record_done) struct record record = { .object = NULL };

	if (out->json) {
		record = record_new();
		record_string(&record, "record", "break");
		record_message(&record, "reason", bytes_of(message));
		return record_write(out, &record, err);
	}
	text_colored(&text, COLOR_BAD, "BROKEN CHAIN");
	(void)buf_add_str(&text.buf, "  ");
	form_message(&text.buf, bytes_of(message));
	(void)buf_add_byte(&text.buf, '\n');
	return form_write(out, &text.buf, err);
}
