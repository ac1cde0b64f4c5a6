/* status.c - the daemon's status: as NDJSON, or its first line and what the getters of status.h read. */
#include "report/status.h"

#include "base/cleanup.h"
#include "report/json.h"

enum { DEPTH_MAX = 32 };
#define SECONDS_MAX (INT64_C(1) << 40)

const json_t *status_at(const json_t *object, const char *first, const char *second)
{
	const json_t *value = json_object_get(object, first);

	return second ? json_object_get(value, second) : value;
}

uint64_t status_count(const json_t *value)
{
	json_int_t number = json_integer_value(value);

	return number > 0 ? (uint64_t)number : 0;
}

bool status_time(const json_t *value, int64_t *ret_sec)
{
	const char *text = json_string_value(value);
	struct err err = ERR_INIT;
	struct timestamp time;

	if (text && time_parse_utc(text, &time, &err) == 0)
		*ret_sec = time.sec;
	else if (json_is_integer(value))
		*ret_sec = json_integer_value(value);
	else
		return false;
	return *ret_sec > 0 && *ret_sec < SECONDS_MAX; /* what lies outside could not even be subtracted */
}

void status_add_text(struct buf *body, const json_t *value)
{
	const char *text = json_string_value(value);

	form_message(body, bytes_of(text && *text ? text : "unknown"));
}

void status_add_number(struct buf *body, const json_t *value)
{
	if (json_is_integer(value) && json_integer_value(value) >= 0)
		text_number(body, status_count(value));
	else
		(void)buf_add_byte(body, '?');
}

void status_add_count(struct buf *body, const json_t *value, const char *one, const char *many)
{
	status_add_number(body, value);
	(void)buf_printf(body, " %s", json_is_integer(value) && json_integer_value(value) == 1 ? one : many);
}

void status_add_ago(struct buf *body, const struct status *status, const json_t *value)
{
	int64_t sec;

	if (!status_time(value, &sec)) {
		(void)buf_add_str(body, "at an unknown time");
	} else if (sec > status->now) {
		(void)buf_add_str(body, "in the future");
	} else {
		text_age(body, status->now - sec);
		(void)buf_add_str(body, " ago");
	}
}

void status_add_when(struct buf *body, const struct status *status, const json_t *value)
{
	int64_t sec;

	status_add_ago(body, status, value);
	if (status_time(value, &sec))
		(void)buf_printf(body, " (%s)", time_local_seconds(sec).text);
}

/* ---- NDJSON ---- */

static json_t *clean(const json_t *value, unsigned depth);

static json_t *clean_text(const char *text, size_t len)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;

	(void)buf_reserve(&line, len + 1);
	form_message(&line, (struct bytes){ (const unsigned char *)text, len });
	return buf_failed(&line) ? NULL : json_stringn((const char *)line.data, line.len);
}

static json_t *clean_list(const json_t *list, unsigned depth)
{
	json_t *copy = json_array();

	for (size_t i = 0; i < json_array_size(list); i++) {
		if (json_array_append_new(copy, clean(json_array_get(list, i), depth)) < 0) {
			json_decref(copy);
			return NULL;
		}
	}
	return copy;
}

static json_t *clean_object(const json_t *object, unsigned depth)
{
	json_t *copy = json_object(), *from = (json_t *)(uintptr_t)object;

	for (void *at = json_object_iter(from); at; at = json_object_iter_next(from, at)) {
		const char *key = json_object_iter_key(at);
		json_t *name = clean_text(key, strlen(key));
		int r = name ? json_object_set_new(copy, json_string_value(name),
						   clean(json_object_iter_value(at), depth))
			     : -1;

		json_decref(name);
		if (r < 0) {
			json_decref(copy);
			return NULL;
		}
	}
	return copy;
}

/* A copy in which no string can move a terminal; what is nested deeper than any status is left out. */
static json_t *clean(const json_t *value, unsigned depth)
{
	if (depth == DEPTH_MAX)
		return json_null();
	switch (json_typeof(value)) {
	case JSON_STRING:
		return clean_text(json_string_value(value), json_string_length(value));
	case JSON_ARRAY:
		return clean_list(value, depth + 1);
	case JSON_OBJECT:
		return clean_object(value, depth + 1);
	case JSON_INTEGER:
	case JSON_REAL:
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
		break;
	}
	return json_incref((json_t *)(uintptr_t)value);
}

/* ---- text ---- */

enum { REASONS_SHOWN = 10 };

static void add_reasons(struct status *status, const json_t *reasons)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	size_t count = json_array_size(reasons);

	for (size_t i = 1; i < count && i < REASONS_SHOWN; i++) {
		status_add_text(&body, json_array_get(reasons, i));
		page_line(&status->text, "also", COLOR_NONE, &body);
	}
	if (count > REASONS_SHOWN) {
		(void)buf_add_str(&body, "and ");
		text_number(&body, count - REASONS_SHOWN);
		(void)buf_add_str(&body, " more: --json lists all");
		page_line(&status->text, "", COLOR_NONE, &body);
	}
}

/* The state and the one reason that matters most. */
static void add_title(struct status *status)
{
	static const struct {
		const char *state, *label, *otherwise;
		enum text_color color;
	} rows[] = {
		{ "green", "GREEN", "everything in scope is watched", COLOR_GOOD },
		{ "yellow", "YELLOW", "not everything in scope is watched", COLOR_WARN },
		{ "red", "RED", "what is watched cannot be judged, or not be written down", COLOR_BAD },
		{ NULL, "UNKNOWN", "the daemon does not tell its state", COLOR_BAD },
	};
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	const char *state = json_string_value(json_object_get(status->object, "state"));
	const json_t *reason = json_array_get(json_object_get(status->object, "reasons"), 0);
	size_t i = 0;

	while (rows[i].state && (!state || strcmp(rows[i].state, state) != 0))
		i++;
	if (json_is_string(reason))
		status_add_text(&body, reason);
	else
		(void)buf_add_str(&body, rows[i].otherwise);
	page_title(&status->text, rows[i].label, rows[i].color, &body);
}

int report_status(const struct report_out *out, const struct json_t *object, struct err *err)
{
	struct status status = { .text = { .out = out }, .object = object };
	int r;

	if (out->json) {
		CLEANUP(record_done) struct record record = { clean(object, 0), false };

		record.failed = !record.object;
		return record_write(out, &record, err);
	}
	if (!status_time(json_object_get(object, "now"), &status.now))
		status.now = time_now().sec;
	add_title(&status);
	if (!out->quiet) {
		add_reasons(&status, json_object_get(object, "reasons"));
		status_lines(&status);
	}
	r = form_write(out, &status.text.buf, err);
	text_done(&status.text);
	return r;
}
