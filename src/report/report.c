/* report.c - see tally/report.h: chooses the form. */
#include "tally/report.h"

#include "base/cleanup.h"
#include "report/json.h"
#include "report/text.h"

int report_comparison(const struct report_out *out, struct changes *changes, const struct report_summary *summary,
		      struct err *err)
{
	int r;

	r = changes_rewind(changes, err);
	if (r < 0)
		return r;
	if (out->json)
		return json_comparison(out, changes, summary, err);
	return text_comparison(out, changes, summary, err);
}

static int entry_json(const struct report_out *out, const struct entry *entry, struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();

	record_string(&record, "record", "entry");
	record_bytes(&record, "path", entry->path);
	record_entry(&record, entry);
	if (entry->failed) {
		record_attributes(&record, "failed", entry->failed);
		record_message(&record, "problem", entry->problem);
	}
	if (entry->since)
		record_count(&record, "since", entry->since);
	return record_write(out, &record, err);
}

int report_entry(const struct report_out *out, const struct entry *entry, bool detail, struct err *err)
{
	CLEANUP(text_done) struct text text = { .out = out };

	if (out->json)
		return entry_json(out, entry, err);
	text_entry(&text, entry, detail);
	return form_write(out, &text.buf, err);
}
