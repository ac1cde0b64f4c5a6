/* drift_answer.c - see drift_answer.h. */
#include "ops/drift_answer.h"

#include "base/cleanup.h"
#include "base/quote.h"

int drift_answer_init(struct drift_answer *answer, const char *tmpdir, struct err *err)
{
	*answer = (struct drift_answer){ .comparison = NULL };
	return comparison_new(tmpdir, &answer->comparison, err);
}

void drift_answer_done(struct drift_answer *answer)
{
	comparison_freep(&answer->comparison);
	change_wire_done(&answer->wire);
	buf_done(&answer->space);
}

static int take_change(struct drift_answer *answer, const json_t *reply, struct err *err)
{
	struct diff_sink sink = changes_sink(answer->comparison->changes);
	struct change change;
	int r;

	r = change_wire_read(reply, &answer->wire, &change, err);
	if (r < 0)
		return r;
	answer->added += change.kind == CHANGE_ADDED;
	answer->removed += change.kind == CHANGE_REMOVED;
	answer->changed += change.kind == CHANGE_CHANGED;
	return sink.change(sink.context, &change, err);
}

static int take_unexamined(struct drift_answer *answer, const json_t *reply, struct err *err)
{
	struct diff_sink sink = changes_sink(answer->comparison->changes);
	struct unexamined unexamined;
	int r;

	r = unexamined_wire_read(reply, &answer->space, &unexamined, err);
	if (r < 0)
		return r;
	answer->unexamined++;
	return sink.unexamined(sink.context, &unexamined, err);
}

int drift_answer_take(struct drift_answer *answer, const json_t *reply, struct err *err)
{
	const char *record = json_string_value(json_object_get(reply, "record"));
	struct comparison *comparison = answer->comparison;
	int r;

	if (!record || answer->summed)
		return err_set(err, ERR_DATA, "the daemon's answer is damaged: it goes on behind its summary");
	if (strcmp(record, "change") == 0)
		return take_change(answer, reply, err);
	if (strcmp(record, "unexamined") == 0)
		return take_unexamined(answer, reply, err);
	if (strcmp(record, "summary_parts") != 0)
		return err_set(err, ERR_DATA, "the daemon's answer is damaged: '%s' does not belong into it",
			       QUOTE(record));
	r = summary_parts_read(reply, comparison->texts, &comparison->summary, &answer->sync, err);
	answer->summed = r >= 0;
	return r;
}

/* What may be missing because of a gap is not examined: a verdict must not look clean. */
static int count_gap(struct drift_answer *answer, struct err *err)
{
	struct diff_sink sink = changes_sink(answer->comparison->changes);
	const struct unexamined gap = { .side = 'b', .path = bytes_of("/"), .reason = bytes_of(answer->sync.gap) };

	answer->comparison->summary.counts.unexamined++;
	return sink.unexamined(sink.context, &gap, err);
}

static int note_sync(const struct drift_answer *answer, struct err *err)
{
	struct report_summary *summary = &answer->comparison->summary;

	summary->sync = answer->sync.synced ? REPORT_SYNCED : REPORT_NOT_SYNCED;
	if (answer->sync.synced)
		return 0;
	if (answer->sync.gap)
		return comparison_note(answer->comparison, err, "NOT SYNCED: %s", answer->sync.gap);
	return comparison_note(answer->comparison, err,
			       "not synced: what changed in the last moments may be missing (--sync waits for it)");
}

int drift_answer_finish(struct drift_answer *answer, bool asked, struct comparison **ret_comparison, struct err *err)
{
	struct report_summary *summary = &answer->comparison->summary;
	struct diff_counts *counts = &summary->counts;
	int r = 0;

	if (!answer->summed)
		return err_set(err, ERR_DATA, "the daemon's answer is damaged: it has no summary");
	if (counts->added != answer->added || counts->removed != answer->removed ||
	    counts->changed != answer->changed || counts->unexamined != answer->unexamined)
		return err_set(err, ERR_DATA,
			       "the daemon's answer is damaged: its summary does not count what stands in it");
	if (!counts->examined && !counts->removed && !counts->changed && !counts->unexamined)
		return err_set(err, ERR_NOINPUT, "nothing was in scope to examine%s",
			       asked ? ": the baseline's policy covers none of these paths" : "");
	if (answer->sync.gap)
		r = count_gap(answer, err);
	if (r >= 0)
		r = changes_finish(answer->comparison->changes, counts, &summary->moves_limited, err);
	if (r >= 0)
		r = note_sync(answer, err);
	if (r < 0)
		return r;
	*ret_comparison = STEAL(answer->comparison);
	return 0;
}
