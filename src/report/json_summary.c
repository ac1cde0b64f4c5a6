/* json_summary.c - the last line: what was examined, what was found, whose word it rests on. See json.h. */
#include "base/cleanup.h"
#include "report/json.h"

static void set_side(struct record *record, const char *key, const struct report_side *side)
{
	CLEANUP(record_done) struct record inner = record_new();

	record_string(&inner, "kind", side->kind);
	record_bytes(&inner, "name", bytes_of(side->name));
	if (side->detail_count)
		record_messages(&inner, "details", side->details, side->detail_count);
	record->failed |= inner.failed;
	record_set(record, key, STEAL(inner.object));
}

static void set_counts(struct record *record, const struct report_summary *summary)
{
	const struct diff_counts *counts = &summary->counts;

	record_count(record, "examined", counts->examined);
	record_count(record, "added", counts->added);
	record_count(record, "removed", counts->removed);
	record_count(record, "changed", counts->changed);
	record_count(record, "moved", counts->moved);
	record_string(record, "moves", summary->moves_limited ? "limited" : "complete");
	record_count(record, "unexamined", counts->unexamined);
	record_count(record, "excluded", summary->excluded);
	record_count(record, "not_in_baseline", counts->not_in_baseline);
}

/* {"btime":12}: entries of which only one side looked at a compared attribute. */
static void set_incomparable(struct record *record, const struct diff_counts *counts)
{
	CLEANUP(record_done) struct record inner = record_new();

	for (unsigned attr = 0; attr < ATTR_COUNT; attr++) {
		if (counts->incomparable[attr])
			record_count(&inner, attr_name((enum attr)attr), counts->incomparable[attr]);
	}
	record->failed |= inner.failed;
	if (json_object_size(inner.object) > 0)
		record_set(record, "incomparable", STEAL(inner.object));
}

/* Members beyond the contract: at the end. */
static void set_more(struct record *record, const struct report_summary *summary)
{
	set_incomparable(record, &summary->counts);
	record_count(record, "followed", summary->counts.followed);
	record_count(record, "rotated", summary->rotated);
	record_count(record, "mounts_not_crossed", summary->mounts_skipped);
	record_count(record, "bytes_read", summary->bytes_read);
	if (summary->host)
		record_message(record, "host", bytes_of(summary->host));
	if (summary->host_id)
		record_message(record, "host_id", bytes_of(summary->host_id));
	if (summary->sequence)
		record_string(record, "created", time_utc(summary->created).text);
	if (summary->quick) {
		record_set(record, "quick", json_true());
		record_count(record, "contents_not_read", summary->skipped);
		if (summary->last_full)
			record_string(record, "last_full_read", time_utc_seconds(summary->last_full).text);
	}
	if (summary->sync != REPORT_NO_SYNC)
		record_set(record, "synced", json_boolean(summary->sync == REPORT_SYNCED));
	if (summary->unknown_signer_count)
		record_messages(record, "unknown_signers", summary->unknown_signers, summary->unknown_signer_count);
	if (summary->remark_count)
		record_messages(record, "remarks", summary->remarks, summary->remark_count);
	if (summary->note_count)
		record_messages(record, "notes", summary->notes, summary->note_count);
}

int json_summary(const struct report_out *out, const struct report_summary *summary, struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();

	record_string(&record, "record", "summary");
	record_count(&record, "format", 1);
	set_side(&record, "a", &summary->a);
	set_side(&record, "b", &summary->b);
	set_counts(&record, summary);
	record_set(&record, "authentic", json_boolean(summary->authentic));
	record_signers(&record, "signers", summary->signers, summary->signer_count);
	record_count(&record, "sequence", summary->sequence);
	record_set(&record, "root", summary->root ? json_string(summary->root) : json_null());
	record_set(&record, "seconds", json_real(summary->seconds));
	record_attributes(&record, "attributes_not_compared", summary->attributes_not_compared);
	set_more(&record, summary);
	return record_write(out, &record, err);
}
