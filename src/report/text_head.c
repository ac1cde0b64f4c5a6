/* text_head.c - the first lines of a verdict: what was found, what was examined, whose word it rests on. */
#include <inttypes.h>

#include "report/text.h"

static uint64_t changes_total(const struct diff_counts *counts)
{
	return counts->added + counts->removed + counts->changed + counts->moved;
}

static void add_plural(struct buf *out, uint64_t number, const char *one, const char *many)
{
	text_number(out, number);
	(void)buf_printf(out, " %s", number == 1 ? one : many);
}

static void add_ago(struct buf *out, int64_t sec)
{
	int64_t age = time_now().sec - sec;

	if (age < 0) {
		(void)buf_add_str(out, "in the future by this clock");
		return;
	}
	text_age(out, age);
	(void)buf_add_str(out, " ago");
}

/* 3 changes: 1 critical, 2 high  (1 added, 0 removed, 2 changed, 0 moved) */
static void add_counts(struct buf *out, const struct diff_counts *counts, const uint64_t by_severity[SEVERITY_COUNT])
{
	const char *between = ": ";

	add_plural(out, changes_total(counts), "change", "changes");
	for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_INFO; severity--) {
		if (!by_severity[severity])
			continue;
		(void)buf_add_str(out, between);
		text_number(out, by_severity[severity]);
		(void)buf_printf(out, " %s", severity_name((enum severity)severity));
		between = ", ";
	}
	(void)buf_printf(out, "  (%" PRIu64 " added, %" PRIu64 " removed, %" PRIu64 " changed, %" PRIu64 " moved)",
			 counts->added, counts->removed, counts->changed, counts->moved);
}

/* What --quick leaves open, in the verdict itself. */
static void add_quick(struct buf *out, const struct report_summary *summary)
{
	if (!summary->quick)
		return;
	(void)buf_add_str(out, "; UNVERIFIED (--quick): ");
	add_plural(out, summary->skipped, "file's content was not read", "files' contents were not read");
	(void)buf_add_str(out, ", last full read ");
	if (summary->last_full)
		add_ago(out, summary->last_full);
	else
		(void)buf_add_str(out, "unknown");
}

/* Whose word it is, in short; the head has the fingerprints. */
static void add_vouchers(struct buf *out, const struct report_summary *summary)
{
	if (!summary->authentic) {
		(void)buf_add_str(out, "; against nothing that anybody signed");
		return;
	}
	for (size_t i = 0; i < summary->signer_count; i++) {
		(void)buf_add_str(out, i ? ", " : "; signed by ");
		form_message(out, bytes_of(summary->signers[i].name));
	}
}

void text_verdict(struct text *text, const struct report_summary *summary, const uint64_t by_severity[SEVERITY_COUNT])
{
	const struct diff_counts *counts = &summary->counts;
	bool grave = by_severity[SEVERITY_CRITICAL] || by_severity[SEVERITY_HIGH];

	if (changes_total(counts) > 0) {
		text_colored(text, grave ? COLOR_BAD : COLOR_WARN, "CHANGED");
		(void)buf_add_str(&text->buf, "  ");
		add_counts(&text->buf, counts, by_severity);
	} else {
		bool all_seen = counts->unexamined == 0 && !summary->quick && summary->note_count == 0;

		if (counts->examined == 0 && counts->unexamined > 0)
			text_colored(text, COLOR_BAD, "NOTHING EXAMINED");
		else
			text_colored(text, all_seen ? COLOR_GOOD : COLOR_WARN, "NO DIFFERENCE FOUND");
	}
	(void)buf_add_str(&text->buf, changes_total(counts) > 0 ? "; " : "  ");
	add_plural(&text->buf, counts->examined, "path examined", "paths examined");
	if (counts->unexamined > 0) {
		(void)buf_add_str(&text->buf, ", ");
		text_number(&text->buf, counts->unexamined);
		(void)buf_add_str(&text->buf, " could not be examined");
	}
	add_vouchers(&text->buf, summary);
	add_quick(&text->buf, summary);
	for (size_t i = 0; i < summary->note_count; i++) {
		(void)buf_add_str(&text->buf, "; ");
		form_message(&text->buf, bytes_of(summary->notes[i]));
	}
	(void)buf_add_byte(&text->buf, '\n');
}

/* examined 158,977 paths (8.6 GiB read) in 3.5 s; 0 could not be examined, 12 excluded by policy */
static void add_coverage(struct buf *out, const struct report_summary *summary)
{
	(void)buf_add_str(out, "examined ");
	add_plural(out, summary->counts.examined, "path", "paths");
	(void)buf_add_str(out, " (");
	text_unit(out, summary->bytes_read);
	(void)buf_printf(out, " read) in %.1f s; ", summary->seconds);
	text_number(out, summary->counts.unexamined);
	(void)buf_add_str(out, " could not be examined, ");
	text_number(out, summary->excluded);
	(void)buf_add_str(out, " excluded by policy, ");
	add_plural(out, summary->mounts_skipped, "mount not crossed", "mounts not crossed");
	if (summary->counts.not_in_baseline) {
		(void)buf_add_str(out, ", ");
		text_number(out, summary->counts.not_in_baseline);
		(void)buf_add_str(out, " outside the policy's scope");
	}
	(void)buf_add_byte(out, '\n');
}

static void add_side(struct buf *out, const char *word, const struct report_side *side)
{
	(void)buf_printf(out, "%s ", word);
	form_message(out, bytes_of(side->kind));
	(void)buf_add_byte(out, ':');
	form_message(out, bytes_of(side->name));
	(void)buf_add_byte(out, '\n');
}

static void add_details(struct buf *out, const char *letter, const struct report_side *side)
{
	for (size_t i = 0; i < side->detail_count; i++) {
		(void)buf_printf(out, "%s: ", letter);
		form_message(out, bytes_of(side->details[i]));
		(void)buf_add_byte(out, '\n');
	}
}

static void add_against(struct buf *out, const struct report_summary *summary)
{
	if (!summary->authentic) {
		(void)buf_add_str(out, "against ");
		form_message(out, bytes_of(summary->a.kind));
		(void)buf_add_byte(out, ':');
		form_message(out, bytes_of(summary->a.name));
		(void)buf_add_str(out, ", which nobody has signed\n");
		return;
	}
	if (summary->signed_b)
		add_side(out, "against", &summary->a);
	(void)buf_printf(out, "%s generation %" PRIu64 " of ", summary->signed_b ? "b is" : "against",
			 summary->sequence);
	form_message(out, bytes_of(summary->host ? summary->host : "an unnamed host"));
	if (summary->host_id) {
		(void)buf_add_str(out, " (host-id ");
		form_message(out, bytes_of(summary->host_id));
		(void)buf_add_byte(out, ')');
	}
	(void)buf_printf(out, ", made %s (", time_local_seconds(summary->created.sec).text);
	add_ago(out, summary->created.sec);
	(void)buf_add_str(out, ")\n");
}

static void add_signers(struct buf *out, const struct report_summary *summary)
{
	for (size_t i = 0; i < summary->signer_count; i++) {
		const struct report_signer *signer = &summary->signers[i];

		(void)buf_add_str(out, "signed by ");
		form_message(out, bytes_of(signer->name));
		(void)buf_add_str(out, signer->host ? " (this host's own key)  " : "  ");
		form_message(out, bytes_of(signer->fingerprint));
		(void)buf_add_byte(out, '\n');
	}
	for (size_t i = 0; i < summary->unknown_signer_count; i++) {
		(void)buf_add_str(out, i ? ", " : "also signed by keys that nobody here trusts, ignored: ");
		form_message(out, bytes_of(summary->unknown_signers[i]));
	}
	if (summary->unknown_signer_count > 0)
		(void)buf_add_byte(out, '\n');
}

void text_head(struct text *text, const struct report_summary *summary)
{
	add_coverage(&text->buf, summary);
	add_against(&text->buf, summary);
	add_signers(&text->buf, summary);
	if (summary->b.kind && (summary->remark_count || summary->b.detail_count))
		add_side(&text->buf, "compared with it:", &summary->b);
	for (size_t i = 0; i < summary->remark_count; i++) {
		form_message(&text->buf, bytes_of(summary->remarks[i]));
		(void)buf_add_byte(&text->buf, '\n');
	}
	add_details(&text->buf, "a", &summary->a);
	add_details(&text->buf, "b", &summary->b);
}
