/* json.c - see json.h: building and writing records, changes, unexamined paths. Not for ENTRY and the summary. */
#include "report/json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "json/parse.h"
#include "report/base64.h"
#include "report/form.h"

json_t *record_parse(const char *text, size_t len, struct err *err)
{
	json_t *object = NULL;
	int r = json_parse(text, len, &object, err);

	if (r == ERR_DATA || (r >= 0 && !json_is_object(object)))
		(void)err_set(err, ERR_DATA, "a line is not a JSON object");
	if (r >= 0 && json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

struct record record_new(void)
{
	json_t *object;

	json_prepare();
	object = json_object();
	return (struct record){ object, object == NULL };
}

void record_done(struct record *record)
{
	json_decref(record->object);
	record->object = NULL;
}

void record_set(struct record *record, const char *key, json_t *value)
{
	/* it takes the reference even when it fails, and refuses NULL */
	if (json_object_set_new(record->object, key, value) < 0)
		record->failed = true;
}

void record_string(struct record *record, const char *key, const char *text)
{
	record_set(record, key, json_string(text));
}

void record_count(struct record *record, const char *key, uint64_t number)
{
	record_set(record, key, json_integer((json_int_t)number));
}

static void set_text(struct record *record, const char *key, const struct buf *text)
{
	record_set(record, key, buf_failed(text) ? NULL : json_stringn((const char *)text->data, text->len));
}

void record_bytes(struct record *record, const char *key, struct bytes bytes)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	bool escaped = false;
	char exact[32];

	(void)buf_reserve(&text, bytes.len + 1);
	(void)quote_add(&text, bytes.data, bytes.len, &escaped);
	set_text(record, key, &text);
	if (!escaped)
		return;
	buf_clear(&text);
	(void)base64_add(&text, bytes);
	(void)snprintf(exact, sizeof(exact), "%s_b64", key);
	set_text(record, exact, &text);
}

void record_message(struct record *record, const char *key, struct bytes line)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;

	(void)buf_reserve(&text, line.len + 1);
	form_message(&text, line);
	set_text(record, key, &text);
}

void record_messages(struct record *record, const char *key, const char *const *lines, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		CLEANUP(record_done) struct record holder = record_new();

		record_message(&holder, "line", bytes_of(lines[i]));
		record->failed |= holder.failed || json_array_append(list, json_object_get(holder.object, "line")) < 0;
	}
	record_set(record, key, list);
}

void record_signers(struct record *record, const char *key, const struct report_signer *signers, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		CLEANUP(record_done) struct record inner = record_new();

		record_bytes(&inner, "name", bytes_of(signers[i].name));
		record_message(&inner, "fingerprint", bytes_of(signers[i].fingerprint));
		record_message(&inner, "key_id", bytes_of(signers[i].key_id));
		record_set(&inner, "host", json_boolean(signers[i].host));
		record->failed |= inner.failed || json_array_append_new(list, STEAL(inner.object)) < 0;
	}
	record_set(record, key, list);
}

void record_attributes(struct record *record, const char *key, uint32_t mask)
{
	json_t *list = json_array();

	for (unsigned attr = 0; attr < ATTR_COUNT; attr++) {
		if ((mask >> attr & 1) && json_array_append_new(list, json_string(attr_name((enum attr)attr))) < 0)
			record->failed = true;
	}
	record_set(record, key, list);
}

static int append(const char *text, size_t len, void *context)
{
	return buf_add(context, text, len);
}

int record_write(const struct report_out *out, const struct record *record, struct err *err)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;

	/* json_dumps() and the return value here would not do: jansson 2.14 overlooks that a key could not be appended */
	if (record->failed ||
	    json_dump_callback(record->object, append, &line, JSON_COMPACT | JSON_REAL_PRECISION(12)) < 0)
		return err_nomem(err);
	(void)buf_add_byte(&line, '\n');
	return form_write(out, &line, err);
}

static void set_record(struct record *record, const char *key, struct record *inner)
{
	record->failed |= inner->failed;
	record_set(record, key, STEAL(inner->object));
}

static void set_entry(struct record *record, const char *key, const struct entry *entry)
{
	CLEANUP(record_done) struct record inner = record_new();

	if (!entry)
		return;
	record_entry(&inner, entry);
	set_record(record, key, &inner);
}

/* {"mount":{"type":...,"id":...}} */
static void set_mount(struct record *record, const char *key, const struct mount *mount)
{
	CLEANUP(record_done) struct record outer = record_new();
	CLEANUP(record_done) struct record inner = record_new();

	if (!mount)
		return;
	record_bytes(&inner, "type", mount->fstype);
	if (mount->id.len)
		record_bytes(&inner, "id", mount->id);
	set_record(&outer, "mount", &inner);
	set_record(record, key, &outer);
}

static void set_log(struct record *record, unsigned log)
{
	json_t *list;
	const char *name;

	if (!log)
		return;
	list = json_array();
	for (unsigned bit = 0; (name = form_log(log, &bit));) {
		if (json_array_append_new(list, json_string(name)) < 0)
			record->failed = true;
	}
	record_set(record, "log", list);
}

static void set_attributes(struct record *record, const struct change *change)
{
	if (change->mount_before || change->mount_after)
		record_set(record, "attributes", json_pack("[s]", "mount"));
	else
		record_attributes(record, "attributes", change->attributes);
}

static void set_explained(struct record *record, const struct explained *explained)
{
	CLEANUP(record_done) struct record inner = record_new();

	record_string(&inner, "by", "host");
	record_count(&inner, "sequence", explained->sequence);
	record_string(&inner, "created", time_utc(explained->created).text);
	record_message(&inner, "reason", bytes_of(explained->reason));
	record_string(&inner, "signers", explained->signers);
	record->failed |= inner.failed;
	record_set(record, "explained", STEAL(inner.object));
}

void record_change(struct record *record, const struct change *change)
{
	record_bytes(record, "path", change->path);
	if (change->kind == CHANGE_MOVED)
		record_bytes(record, "from", change->before->path);
	set_attributes(record, change);
	set_entry(record, "before", change->before);
	set_mount(record, "before", change->mount_before);
	set_entry(record, "after", change->after);
	set_mount(record, "after", change->mount_after);
	record_string(record, "severity", severity_name(change->severity));
	if (change->rule)
		record_message(record, "rule", bytes_of(change->rule));
	set_log(record, change->log);
	if (change->pending_journal)
		record_set(record, "pending_journal", json_true());
	if (change->explained)
		set_explained(record, change->explained);
}

static int write_change(const struct report_out *out, const struct change *change, struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();

	record_string(&record, "record", "change");
	record_string(&record, "kind", change_kind_name(change->kind));
	record_change(&record, change);
	return record_write(out, &record, err);
}

static int write_unexamined(const struct report_out *out, const struct unexamined *unexamined, struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();

	record_string(&record, "record", "unexamined");
	record_string(&record, "side", unexamined->side == 'a' ? "a" : "b");
	record_bytes(&record, "path", unexamined->path);
	record_message(&record, "reason", unexamined->reason);
	return record_write(out, &record, err);
}

int json_comparison(const struct report_out *out, struct changes *changes, const struct report_summary *summary,
		    struct err *err)
{
	struct unexamined unexamined;
	struct change change;
	int r = 0;

	while (!out->quiet && (r = changes_next(changes, &change, err)) > 0) {
		r = write_change(out, &change, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	while (!out->quiet && (r = unexamined_next(changes, &unexamined, err)) > 0) {
		r = write_unexamined(out, &unexamined, err);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : json_summary(out, summary, err);
}
