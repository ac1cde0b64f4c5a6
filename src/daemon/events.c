/* events.c - see events.h. */
#include "daemon/events.h"

#include <string.h>
#include <sys/inotify.h>

#include "base/cleanup.h"

static const struct {
	uint32_t bit;
	const char *name;
} masks[] = {
	{ IN_CREATE, "create" },           { IN_DELETE, "delete" },      { IN_MODIFY, "modify" },
	{ IN_CLOSE_WRITE, "close_write" }, { IN_ATTRIB, "attrib" },      { IN_MOVED_FROM, "moved_from" },
	{ IN_MOVED_TO, "moved_to" },       { IN_DELETE_SELF, "delete" }, { IN_MOVE_SELF, "moved_from" },
};

struct record events_record(const char *kind)
{
	struct record record = record_new();

	record_string(&record, "kind", kind);
	return record;
}

static int append(const char *text, size_t len, void *context)
{
	return buf_add(context, text, len);
}

/* What a person sees needs the members that the journal puts before. */
static int print(const struct events *events, const struct buf *members, struct err *err)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;

	(void)buf_printf(&line, "{\"record\":\"event\",\"seq\":%llu,\"time\":\"%s\",", (unsigned long long)events->seq,
			 time_utc(time_now()).text);
	(void)buf_add(&line, members->data, members->len);
	(void)buf_add_byte(&line, '}');
	if (!buf_str(&line))
		return err_nomem(err);
	return report_event(&events->human, (const char *)line.data, err);
}

/* Nobody reads along, or has no room for it: the journal has the line, and that is what counts. */
static int show(const struct events *events, const struct buf *members, struct err *err)
{
	struct err trouble = ERR_INIT;
	int r = print(events, members, &trouble);

	if (r == ERR_INTERNAL) {
		*err = trouble;
		return r;
	}
	clearerr(events->human.file);
	return 0;
}

int events_put(struct events *events, const struct record *record, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct buf inside;
	int r;

	if (record->failed ||
	    json_dump_callback(record->object, append, &text, JSON_COMPACT | JSON_REAL_PRECISION(12)) < 0 ||
	    text.len < 2)
		return err_nomem(err);
	inside = (struct buf){ .data = text.data + 1, .len = text.len - 2 };
	r = journal_append(events->journal, (const char *)inside.data, inside.len, &events->seq, err);
	if (r < 0)
		return r;
	events->count++;
	return events->human.file ? show(events, &inside, err) : 0;
}

/* ---- lines of many names ---- */

static int flush_names(struct events *events, const char *kind, json_t **names, struct err *err)
{
	CLEANUP(record_done) struct record record = { .object = NULL };
	struct report_out human = events->human;
	int r;

	if (!*names)
		return 0;
	record = events_record(kind);
	record_set(&record, "paths", STEAL(*names));
	events->human.file = NULL;
	r = events_put(events, &record, err);
	events->human = human;
	return r;
}

static json_t *mask_names(uint32_t mask)
{
	json_t *list = json_array();
	bool failed = false;

	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		if (mask & masks[i].bit)
			failed |= json_array_append_new(list, json_string(masks[i].name)) < 0;
	}
	if (!failed)
		return list;
	json_decref(list);
	return NULL;
}

static int add_name(struct events *events, const char *kind, json_t **names, struct bytes path, uint32_t mask,
		    struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();

	record_bytes(&record, "path", path);
	record_set(&record, "mask", mask_names(mask));
	if (!*names)
		*names = json_array();
	if (record.failed || json_array_append_new(*names, STEAL(record.object)) < 0)
		return err_nomem(err);
	return json_array_size(*names) < EVENTS_PATHS_MAX ? 0 : flush_names(events, kind, names, err);
}

int events_observed(struct events *events, struct bytes path, uint32_t mask, struct err *err)
{
	return add_name(events, "observed", &events->observed, path, mask, err);
}

int events_transient(struct events *events, struct bytes path, uint32_t mask, struct err *err)
{
	return add_name(events, "transient", &events->transient, path, mask, err);
}

/* ---- lines of one thing ---- */

int events_change(struct events *events, const struct happened *happened, struct err *err)
{
	CLEANUP(record_done) struct record record = events_record(happened->kind);

	record_change(&record, &happened->change);
	record_string(&record, "by", found_name(happened->found));
	record_set(&record, "baseline", json_boolean(happened->baseline));
	return events_put(events, &record, err);
}

int events_gap(struct events *events, struct timestamp from, struct timestamp to, const char *reason,
	       struct bytes subtree, struct err *err)
{
	CLEANUP(record_done) struct record record = events_record("gap");

	record_string(&record, "from", time_utc(from).text);
	record_string(&record, "to", time_utc(to).text);
	record_message(&record, "reason", bytes_of(reason));
	record_bytes(&record, "subtree", subtree);
	return events_put(events, &record, err);
}

int events_tamper(struct events *events, const char *path, const char *what, struct err *err)
{
	CLEANUP(record_done) struct record record = events_record("tamper");

	record_bytes(&record, "path", bytes_of(path));
	record_message(&record, "what", bytes_of(what));
	record_string(&record, "severity", severity_name(SEVERITY_CRITICAL));
	return events_put(events, &record, err);
}

int events_flush(struct events *events, struct err *err)
{
	int r = flush_names(events, "observed", &events->observed, err);

	if (r >= 0)
		r = flush_names(events, "transient", &events->transient, err);
	return r < 0 ? r : journal_flush(events->journal, err);
}

void events_done(struct events *events)
{
	json_decref(events->observed);
	json_decref(events->transient);
	events->observed = events->transient = NULL;
}
