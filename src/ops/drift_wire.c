/* drift_wire.c - making the lines of a drift answer; see drift_wire.h. */
#include "ops/drift_wire.h"

#include "base/cleanup.h"
#include "report/base64.h"
#include "report/json.h"

static json_t *take(struct record *record)
{
	return record->failed ? NULL : STEAL(record->object);
}

json_t *path_wire_make(struct bytes path)
{
	CLEANUP(record_done) struct record record = record_new();

	record_bytes(&record, "path", path);
	return take(&record);
}

json_t *change_wire_make(const struct change *change)
{
	CLEANUP(record_done) struct record record = record_new();
	CLEANUP(buf_done) struct buf bytes = BUF_INIT, text = BUF_INIT;

	record_string(&record, "record", "change");
	record_string(&record, "kind", change_kind_name(change->kind));
	record_bytes(&record, "path", change->path);
	record_string(&record, "severity", severity_name(change->severity));
	if (change_encode(change, &bytes) < 0 || base64_add(&text, (struct bytes){ bytes.data, bytes.len }) < 0)
		return NULL;
	record_set(&record, "change_b64", json_stringn_nocheck((const char *)text.data, text.len));
	return take(&record);
}

json_t *unexamined_wire_make(const struct unexamined *unexamined)
{
	CLEANUP(record_done) struct record record = record_new();

	record_string(&record, "record", "unexamined");
	record_string(&record, "side", unexamined->side == 'a' ? "a" : "b");
	record_bytes(&record, "path", unexamined->path);
	record_message(&record, "reason", unexamined->reason);
	return take(&record);
}

static void put_inner(struct record *record, const char *key, struct record *inner)
{
	record->failed |= inner->failed;
	record_set(record, key, STEAL(inner->object));
}

static void put_side(struct record *record, const char *key, const struct report_side *side)
{
	CLEANUP(record_done) struct record inner = record_new();

	record_string(&inner, "kind", side->kind);
	record_bytes(&inner, "name", bytes_of(side->name));
	put_inner(record, key, &inner);
}

static void put_counts(struct record *record, const struct diff_counts *counts)
{
	CLEANUP(record_done) struct record inner = record_new();

	record_count(record, "examined", counts->examined);
	record_count(record, "added", counts->added);
	record_count(record, "removed", counts->removed);
	record_count(record, "changed", counts->changed);
	record_count(record, "unexamined", counts->unexamined);
	record_count(record, "followed", counts->followed);
	record_count(record, "not_in_baseline", counts->not_in_baseline);
	for (unsigned attr = 0; attr < ATTR_COUNT; attr++) {
		if (counts->incomparable[attr])
			record_count(&inner, attr_name((enum attr)attr), counts->incomparable[attr]);
	}
	put_inner(record, "incomparable", &inner);
}

static void put_line(struct record *record, const char *key, const char *line)
{
	if (line)
		record_message(record, key, bytes_of(line));
	else
		record_set(record, key, json_null());
}

static void put_time(struct record *record, const char *key, bool known, struct timestamp time)
{
	put_line(record, key, known ? time_utc(time).text : NULL);
}

json_t *summary_parts_make(const struct report_summary *summary, const struct drift_sync *sync)
{
	CLEANUP(record_done) struct record record = record_new();

	record_string(&record, "record", "summary_parts");
	record_count(&record, "format", 1);
	put_side(&record, "a", &summary->a);
	put_side(&record, "b", &summary->b);
	put_counts(&record, &summary->counts);
	record_count(&record, "excluded", summary->excluded);
	record_count(&record, "mounts_not_crossed", summary->mounts_skipped);
	record_count(&record, "rotated", summary->rotated);
	record_count(&record, "bytes_read", summary->bytes_read);
	put_time(&record, "last_full_read", summary->last_full != 0, (struct timestamp){ summary->last_full, 0 });
	record_set(&record, "authentic", json_boolean(summary->authentic));
	record_signers(&record, "signers", summary->signers, summary->signer_count);
	record_messages(&record, "unknown_signers", summary->unknown_signers, summary->unknown_signer_count);
	record_count(&record, "sequence", summary->sequence);
	put_line(&record, "root", summary->root);
	put_line(&record, "host", summary->host);
	put_line(&record, "host_id", summary->host_id);
	put_time(&record, "created", summary->sequence != 0, summary->created);
	record_attributes(&record, "attributes_not_compared", summary->attributes_not_compared);
	record_messages(&record, "notes", summary->notes, summary->note_count);
	record_set(&record, "synced", json_boolean(sync->synced));
	put_line(&record, "sync_gap", sync->gap);
	return take(&record);
}
