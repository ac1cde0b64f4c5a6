/* status_lines.c - the short aligned lines of `tally status`, one function each, in the order in which they are asked for at night. */
#include <inttypes.h>

#include "base/cleanup.h"
#include "report/status.h"

enum { SHOWN = 10 /* of a list; --json has all */ };

static void add_more(struct status *status, struct buf *body, enum text_color color, size_t count)
{
	if (count <= SHOWN)
		return;
	(void)buf_add_str(body, "and ");
	text_number(body, count - SHOWN);
	(void)buf_add_str(body, " more: --json lists all");
	page_line(&status->text, "", color, body);
}

static void add_tamper(struct status *status, struct buf *body)
{
	const json_t *list = json_object_get(status->object, "tamper");
	size_t count = json_array_size(list);

	for (size_t i = 0; i < count && i < SHOWN; i++) {
		const json_t *item = json_array_get(list, i);

		status_add_text(body, status_at(item, "path", NULL));
		(void)buf_add_str(body, ": ");
		status_add_text(body, status_at(item, "what", NULL));
		page_line(&status->text, i ? "" : "TAMPER", COLOR_BAD, body);
	}
	add_more(status, body, COLOR_BAD, count);
}

static void add_baseline(struct status *status, struct buf *body)
{
	const json_t *baseline = json_object_get(status->object, "baseline");
	const json_t *signers = json_object_get(baseline, "signers");

	if (!json_is_object(baseline)) {
		(void)buf_add_str(body, "none that can be believed");
		page_line(&status->text, "baseline", COLOR_BAD, body);
		return;
	}
	(void)buf_printf(body, "generation %" PRIu64 " of ", status_count(json_object_get(baseline, "sequence")));
	status_add_text(body, json_object_get(baseline, "host"));
	(void)buf_add_str(body, ", made ");
	status_add_when(body, status, json_object_get(baseline, "created"));
	page_line(&status->text, "baseline", COLOR_NONE, body);
	for (size_t i = 0; i < json_array_size(signers) && i < SHOWN; i++) {
		(void)buf_add_str(body, i ? ", " : "signed by ");
		status_add_text(body, json_object_get(json_array_get(signers, i), "name"));
	}
	page_line(&status->text, "", COLOR_NONE, body);
	if (!json_is_object(json_object_get(status->object, "policy")))
		return;
	status_add_text(body, status_at(status->object, "policy", "from"));
	(void)buf_add_str(body, ", ");
	status_add_count(body, status_at(status->object, "policy", "rules"), "rule", "rules");
	page_line(&status->text, "policy", COLOR_NONE, body);
}

static void add_classes(struct status *status, struct buf *body, const json_t *classes)
{
	for (size_t i = 0; i < json_array_size(classes) && i < SHOWN; i++) {
		const json_t *item = json_array_get(classes, i);

		if (i)
			(void)buf_add_str(body, "; ");
		status_add_text(body, json_object_get(item, "class"));
		(void)buf_add_byte(body, ' ');
		status_add_number(body, json_object_get(item, "watched"));
		(void)buf_add_str(body, " watched, ");
		status_add_count(body, json_object_get(item, "overflows"), "overflow", "overflows");
	}
	page_line(&status->text, "", COLOR_NONE, body);
}

static void add_watching(struct status *status, struct buf *body)
{
	const json_t *watches = json_object_get(status->object, "watches");
	uint64_t polled = status_count(json_object_get(watches, "polled"));
	uint64_t failed = status_count(json_object_get(watches, "failed"));

	status_add_number(body, json_object_get(watches, "watched"));
	(void)buf_add_str(body, " of ");
	status_add_count(body, json_object_get(watches, "directories"), "directory", "directories");
	(void)buf_add_str(body, "; limit ");
	status_add_number(body, json_object_get(watches, "limit"));
	(void)buf_add_str(body, "; ");
	text_unit(body, status_count(json_object_get(watches, "memory_bytes")));
	(void)buf_add_str(body, " of memory");
	page_line(&status->text, "watching", COLOR_NONE, body);
	if (polled || failed) {
		text_number(body, polled);
		(void)buf_add_str(body, " looked at in turns instead (");
		text_number(body, status_count(json_object_get(watches, "polled_severe")));
		(void)buf_add_str(body, " of them severe), last ");
		status_add_when(body, status, json_object_get(status_at(status->object, "scan", "polling"), "last"));
		(void)buf_add_str(body, "; ");
		text_number(body, failed);
		(void)buf_add_str(body, " could not be watched");
		page_line(&status->text, "", COLOR_WARN, body);
	}
	add_classes(status, body, json_object_get(watches, "classes"));
}

static void add_blind(struct status *status, struct buf *body)
{
	const json_t *list = json_object_get(status->object, "blind");
	size_t count = json_array_size(list);

	for (size_t i = 0; i < count && i < SHOWN; i++) {
		status_add_text(body, json_array_get(list, i));
		(void)buf_add_str(body, ": not the mount that the baseline has; nothing below is seen");
		page_line(&status->text, i ? "" : "blind", COLOR_WARN, body);
	}
	add_more(status, body, COLOR_WARN, count);
}

static void add_queue(struct status *status, struct buf *body)
{
	const json_t *queue = json_object_get(status->object, "queue");
	static const char *const members[] = { "dirty", "judging", "looks", "events_bytes" };
	bool empty = true;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const json_t *value = json_object_get(queue, members[i]);

		empty = empty && json_is_integer(value) && status_count(value) == 0;
	}
	if (empty) {
		(void)buf_add_str(body, "empty");
		page_line(&status->text, "queue", COLOR_NONE, body);
		return;
	}
	status_add_count(body, json_object_get(queue, "dirty"), "path to judge", "paths to judge");
	(void)buf_add_str(body, ", ");
	status_add_count(body, json_object_get(queue, "judging"), "being judged", "being judged");
	(void)buf_add_str(body, ", ");
	status_add_count(body, json_object_get(queue, "looks"), "scan waiting", "scans waiting");
	(void)buf_add_str(body, ", ");
	text_unit(body, status_count(json_object_get(queue, "events_bytes")));
	(void)buf_add_str(body, " of events unread");
	page_line(&status->text, "queue", COLOR_NONE, body);
}

static void add_drift(struct status *status, struct buf *body)
{
	const json_t *paths = status_at(status->object, "drift", "paths");
	bool some = status_count(paths) > 0;

	if (json_is_integer(paths) && !some) {
		(void)buf_add_str(body, "every path is as recorded");
	} else {
		status_add_count(body, paths, "path is", "paths are");
		(void)buf_add_str(body, " not exactly as recorded: `tally drift` judges");
	}
	page_line(&status->text, "drift", some ? COLOR_WARN : COLOR_NONE, body);
}

/* What was read and found, of a scan that runs or has ended. */
static void add_scanned(struct buf *body, const json_t *scan)
{
	status_add_count(body, json_object_get(scan, "examined"), "path", "paths");
	(void)buf_add_str(body, ", ");
	text_unit(body, status_count(json_object_get(scan, "bytes_read")));
	(void)buf_add_str(body, " read");
}

static void add_scans(struct status *status, struct buf *body)
{
	const json_t *running = status_at(status->object, "scan", "running");
	const json_t *last = status_at(status->object, "scan", "last");

	if (json_is_object(running)) {
		status_add_text(body, json_object_get(running, "purpose"));
		(void)buf_add_str(body, ", begun ");
		status_add_ago(body, status, json_object_get(running, "since"));
		(void)buf_add_str(body, ": ");
		add_scanned(body, running);
		page_line(&status->text, "scanning", COLOR_NONE, body);
	}
	if (!json_is_object(last)) {
		(void)buf_add_str(body, "none yet");
		page_line(&status->text, "last scan", COLOR_NONE, body);
		return;
	}
	status_add_text(body, json_object_get(last, "purpose"));
	(void)buf_add_str(body, ", ended ");
	status_add_ago(body, status, json_object_get(last, "to"));
	(void)buf_add_str(body, ": ");
	add_scanned(body, last);
	(void)buf_add_str(body, ", ");
	status_add_count(body, json_object_get(last, "differing"), "differing", "differing");
	(void)buf_add_str(body, ", ");
	status_add_count(body, json_object_get(last, "unexamined"), "unexamined", "unexamined");
	if (json_is_false(json_object_get(last, "ended")))
		(void)buf_add_str(body, "; not yet to its end");
	page_line(&status->text, "last scan", COLOR_NONE, body);
}

static void add_rolling(struct status *status, struct buf *body)
{
	const json_t *rolling = status_at(status->object, "scan", "rolling");
	const json_t *oldest = json_object_get(rolling, "oldest");
	uint64_t period = status_count(json_object_get(rolling, "period_seconds"));
	int64_t sec = 0;
	bool known = status_time(oldest, &sec);
	bool late = known && period && status->now - sec > (int64_t)period;

	if (!json_is_object(rolling))
		return;
	if (known) {
		(void)buf_add_str(body, "the oldest ");
		status_add_when(body, status, oldest);
	} else {
		(void)buf_add_str(body, "not of every file yet since the baseline was made");
	}
	(void)buf_add_str(body, late ? "; LATE, due every " : ", due every ");
	text_age(body, (int64_t)(period < INT64_MAX ? period : 0));
	page_line(&status->text, "full reads", late ? COLOR_WARN : COLOR_NONE, body);
	if (!status_time(json_object_get(rolling, "round_started"), &sec))
		return;
	(void)buf_add_str(body, "round begun ");
	status_add_ago(body, status, json_object_get(rolling, "round_started"));
	if (json_string_length(json_object_get(rolling, "at"))) {
		(void)buf_add_str(body, ", now at ");
		status_add_text(body, json_object_get(rolling, "at"));
	}
	page_line(&status->text, "", COLOR_NONE, body);
}

static void add_gaps(struct status *status, struct buf *body)
{
	const json_t *count = status_at(status->object, "gaps", "count");
	const json_t *last = status_at(status->object, "gaps", "last");

	if (json_is_integer(count) && status_count(count) == 0) {
		(void)buf_add_str(body, "none");
	} else {
		status_add_count(body, count, "so far", "so far");
		if (json_is_object(last)) {
			(void)buf_add_str(body, "; the last ended ");
			status_add_when(body, status, json_object_get(last, "to"));
			(void)buf_add_str(body, ": ");
			status_add_text(body, json_object_get(last, "reason"));
			(void)buf_add_str(body, ", below ");
			status_add_text(body, json_object_get(last, "subtree"));
		}
	}
	page_line(&status->text, "gaps", COLOR_NONE, body);
}

static void add_journal(struct status *status, struct buf *body)
{
	const json_t *journal = json_object_get(status->object, "journal");
	const json_t *problem = json_object_get(journal, "problem");
	uint64_t seq = status_count(json_object_get(journal, "seq"));
	uint64_t durable = status_count(json_object_get(journal, "durable"));
	bool lost = status_count(json_object_get(journal, "held")) || status_count(json_object_get(journal, "lost"));

	status_add_count(body, json_object_get(journal, "seq"), "event", "events");
	if (durable >= seq)
		(void)buf_add_str(body, ", all on the disk; ");
	else
		(void)buf_printf(body, ", on the disk up to %" PRIu64 "; ", durable);
	status_add_text(body, json_object_get(journal, "segment"));
	(void)buf_add_str(body, " has ");
	text_unit(body, status_count(json_object_get(journal, "segment_bytes")));
	page_line(&status->text, "journal", COLOR_NONE, body);
	if (lost || json_string_length(problem)) {
		status_add_count(body, json_object_get(journal, "held"), "event is kept in memory",
				 "events are kept in memory");
		(void)buf_add_str(body, ", ");
		status_add_count(body, json_object_get(journal, "lost"), "was lost", "were lost");
		(void)buf_add_str(body, ": ");
		status_add_text(body, problem);
		page_line(&status->text, "", COLOR_BAD, body);
	}
	(void)buf_add_str(body, "none (a later step)");
	page_line(&status->text, "seal", COLOR_NONE, body);
}

static void add_running(struct status *status, struct buf *body)
{
	int64_t sec;

	if (status_time(json_object_get(status->object, "started"), &sec) && sec <= status->now) {
		(void)buf_add_str(body, "for ");
		text_age(body, status->now - sec);
		(void)buf_printf(body, ", since %s", time_local_seconds(sec).text);
	} else {
		(void)buf_add_str(body, "since an unknown time");
	}
	page_line(&status->text, "running", COLOR_NONE, body);
	(void)buf_printf(body, "pid %" PRIu64 ", version ", status_count(json_object_get(status->object, "pid")));
	status_add_text(body, json_object_get(status->object, "version"));
	(void)buf_add_str(body, ", user ");
	status_add_text(body, json_object_get(status->object, "user"));
	page_line(&status->text, "", COLOR_NONE, body);
}

static void add_sync(struct status *status, struct buf *body)
{
	if (json_is_true(json_object_get(status->object, "synced"))) {
		(void)buf_add_str(body, "every change made before this call has been judged");
		page_line(&status->text, "synced", COLOR_GOOD, body);
	} else if (json_is_string(json_object_get(status->object, "sync_gap"))) {
		status_add_text(body, json_object_get(status->object, "sync_gap"));
		page_line(&status->text, "NOT SYNCED", COLOR_WARN, body);
	}
}

void status_lines(struct status *status)
{
	static void (*const lines[])(struct status * status, struct buf * body) = {
		add_tamper, add_sync,  add_baseline, add_watching, add_blind,   add_queue,
		add_drift,  add_scans, add_rolling,  add_gaps,     add_journal, add_running,
	};
	CLEANUP(buf_done) struct buf body = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		lines[i](status, &body);
}
