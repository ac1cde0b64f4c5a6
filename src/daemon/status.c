/*
 * status.c - what the daemon tells of itself. Green only when everything in scope is really being watched and held against a
 * baseline that was proved, and what it finds can be written down.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "daemon/engine_inner.h"
#include "report/form.h"

enum { REASONS_MAX = 16, BLIND_MAX = 100 };
#define SLOW_NS (UINT64_C(120) * 1000 * 1000 * 1000)

/* Until the first round has ended: the last time that everything was read, by init or by a full check. */
static int64_t oldest_read(const struct engine *engine, const struct sweep_state *sweep)
{
	const struct reference *reference;

	if (sweep->oldest || !engine->view->stand)
		return sweep->oldest;
	reference = &engine->view->stand->reference;
	return reference->seen.full_check ? reference->seen.full_check
					  : baseline_statement(reference->baseline, reference->oldest)->created.sec;
}

/* ---- why it is not green ---- */

struct reasons {
	char texts[REASONS_MAX][300];
	size_t count;
	size_t red; /* of them, the first ones */
};

static void add(struct reasons *reasons, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct reasons *reasons, const char *format, ...)
{
	va_list values;

	if (reasons->count == REASONS_MAX)
		return;
	va_start(values, format);
	(void)vsnprintf(reasons->texts[reasons->count++], sizeof(reasons->texts[0]), format, values);
	va_end(values);
}

static void find_red(struct engine *engine, const struct journal_state *journal, struct reasons *reasons)
{
	if (!engine->rows)
		add(reasons, "no baseline can be believed: %.200s", engine->baseline_trouble);
	for (size_t i = 0; i < engine->tamper_count && i < 4; i++) {
		CLEANUP(freep) char *path = quote_dup(engine->tampers[i].path, strlen(engine->tampers[i].path));

		add(reasons, "%.120s: %.160s", path ? path : "?", engine->tampers[i].what);
	}
	if (journal->problem[0])
		add(reasons, "the journal can't be written: %.200s", journal->problem);
	reasons->red = reasons->count;
}

/* A judge that has been reading for minutes keeps everything behind it waiting. */
static void find_slow(const struct engine *engine, struct reasons *reasons)
{
	uint64_t now_ns = time_monotonic_ns();

	for (size_t i = 0; i < 2; i++) {
		const struct lane_state *lane = &engine->lanes[i];

		if (lane->batch && now_ns > lane->since_ns + SLOW_NS)
			add(reasons, "%s has been read for %u minutes, and others wait behind it",
			    QUOTE_N(lane->batch->names[0].item->path.data, lane->batch->names[0].item->path.len),
			    (unsigned)((now_ns - lane->since_ns) / 60000000000));
	}
}

static void find_late(struct engine *engine, struct reasons *reasons)
{
	struct sweep_state sweep;
	int64_t oldest;

	sweep_state(engine->sweep, &sweep);
	oldest = oldest_read(engine, &sweep);
	if (oldest && time_now().sec - oldest > (int64_t)SWEEP_PERIOD_SECONDS)
		add(reasons, "the rolling scan is late: some files were last read in full at %s",
		    time_utc_seconds(oldest).text);
}

static void find_yellow(struct engine *engine, const struct watch_coverage *coverage, struct reasons *reasons)
{
	size_t blind;

	(void)view_blind(engine->view, &blind);
	if (coverage->polled)
		add(reasons, "%llu folders have no watch and are polled: raise fs.inotify.max_user_watches (now %llu)",
		    (unsigned long long)coverage->polled, (unsigned long long)coverage->limit);
	if (coverage->failed)
		add(reasons, "%llu folders could not be watched", (unsigned long long)coverage->failed);
	if (blind)
		add(reasons, "%zu mount points are not as recorded; what they hide is not examined", blind);
	if (engine->rows && !engine->start_looked)
		add(reasons, "what changed before the watch began is still being looked for");
	if (engine->looks_open)
		add(reasons, "what no event told of is still being looked for");
	if (engine->unknown)
		add(reasons, "%llu names could not be examined", (unsigned long long)engine->unknown);
	find_slow(engine, reasons);
	if (engine->links && !links_complete(engine->links))
		add(reasons, "too many hard links to keep in mind: some are found by the rolling scan only");
	if (drift_in_memory(engine->setup->drift))
		add(reasons, "drift.db can't be written: what differs is kept in memory, and not over a restart");
	if (!house_complete(engine->house))
		add(reasons, "our own files are not watched whole: what is done to them may be seen late");
	if (!engine->setup->sees_all)
		add(reasons, "the daemon may not read files of all users: %.220s", engine->setup->limits);
	else if (!engine->setup->keeps_atime)
		add(reasons, "reading moves access times: %.240s", engine->setup->limits);
	find_late(engine, reasons);
	if (engine->socket.trouble[0])
		add(reasons, "nobody can ask through the control socket: %.240s", engine->socket.trouble);
	if (engine->trouble[0])
		add(reasons, "%.280s", engine->trouble);
}

static const char *find(struct engine *engine, struct reasons *reasons)
{
	struct watch_coverage coverage;
	struct journal_state journal;

	*reasons = (struct reasons){ .count = 0 };
	watch_coverage(engine->watch, &coverage);
	journal_state(engine->setup->journal, &journal);
	find_red(engine, &journal, reasons);
	find_yellow(engine, &coverage, reasons);
	return reasons->red ? "red" : reasons->count ? "yellow" : "green";
}

const char *status_color(struct engine *engine, struct buf *ret_reason)
{
	struct reasons reasons;
	const char *color = find(engine, &reasons);

	(void)buf_add_str(ret_reason, reasons.count ? reasons.texts[0] : "everything in scope is watched");
	return color;
}

/* ---- parts of the object ---- */

static void set(struct record *record, const char *key, struct record *inner)
{
	record->failed |= inner->failed;
	record_set(record, key, STEAL(inner->object));
}

/* Whose signatures are believed. */
static void set_signers(struct record *record, const struct reference *reference)
{
	CLEANUP(texts_freep) struct texts *texts = NULL;
	struct signer_list list = { .signers = NULL };
	struct err ignored = ERR_INIT;

	if (texts_new(&texts, &ignored) < 0 || signer_list_make(&reference->verdict, texts, &list, &ignored) < 0) {
		record->failed = true;
		return;
	}
	record_signers(record, "signers", list.signers, list.signer_count);
}

static void set_baseline(struct record *record, struct engine *engine)
{
	CLEANUP(record_done) struct record inner = record_new();
	const struct reference *reference;

	if (!engine->view->stand) {
		record_set(record, "baseline", json_null());
		return;
	}
	reference = &engine->view->stand->reference;
	record_count(&inner, "sequence", reference->sequence);
	record_string(&inner, "root", reference->statement->root);
	record_string(&inner, "created", time_utc_seconds(reference->statement->created.sec).text);
	record_string(&inner, "host", reference->statement->host);
	record_count(&inner, "entries", reference->statement->entries);
	set_signers(&inner, reference);
	set(record, "baseline", &inner);
}

static void set_watches(struct record *record, const struct watch_coverage *coverage)
{
	static const char *const names[] = { "root", "others" };
	CLEANUP(record_done) struct record inner = record_new();
	json_t *classes = json_array();

	record_count(&inner, "directories", coverage->directories);
	record_count(&inner, "watched", coverage->watched[WATCH_ROOT] + coverage->watched[WATCH_OTHERS]);
	record_count(&inner, "polled", coverage->polled);
	record_count(&inner, "polled_severe", coverage->polled_severe);
	record_count(&inner, "failed", coverage->failed);
	record_count(&inner, "limit", coverage->limit);
	record_count(&inner, "memory_bytes", coverage->memory_bytes);
	record_count(&inner, "events", coverage->events);
	for (size_t i = 0; i < WATCH_CLASSES; i++) {
		CLEANUP(record_done) struct record one = record_new();

		record_string(&one, "class", names[i]);
		record_count(&one, "watched", coverage->watched[i]);
		record_count(&one, "overflows", coverage->overflows[i]);
		if (one.failed || json_array_append_new(classes, STEAL(one.object)) < 0)
			inner.failed = true;
	}
	record_set(&inner, "classes", classes);
	set(record, "watches", &inner);
}

static void set_queue(struct record *record, struct engine *engine, const struct watch_coverage *coverage)
{
	CLEANUP(record_done) struct record inner = record_new();
	struct looker_state looks;
	size_t judging = 0;

	looker_state(engine->looker, &looks);
	for (size_t i = 0; i < 2; i++)
		judging += engine->lanes[i].batch ? engine->lanes[i].batch->count : 0;
	record_count(&inner, "events_bytes", coverage->waiting_bytes);
	record_count(&inner, "dirty", dirty_count(engine->dirty));
	record_count(&inner, "judging", judging);
	record_count(&inner, "looks", looks.waiting + looks.busy);
	set(record, "queue", &inner);
}

static void set_running(struct record *record, struct engine *engine)
{
	CLEANUP(record_done) struct record inner = record_new();
	struct looker_state looks;

	looker_state(engine->looker, &looks);
	if (!looks.busy) {
		record_set(record, "running", json_null());
		return;
	}
	record_string(&inner, "purpose", look_purpose_name(looks.purpose));
	record_string(&inner, "since", time_utc(looks.since).text);
	record_count(&inner, "examined", looks.examined);
	record_count(&inner, "bytes_read", looks.bytes_read);
	set(record, "running", &inner);
}

static void set_time(struct record *record, const char *key, int64_t seconds)
{
	record_set(record, key, seconds ? json_string(time_utc_seconds(seconds).text) : json_null());
}

static void set_scan(struct record *record, struct engine *engine)
{
	CLEANUP(record_done) struct record inner = record_new();
	CLEANUP(record_done) struct record rolling = record_new();
	CLEANUP(record_done) struct record polling = record_new();
	struct sweep_state sweep;

	sweep_state(engine->sweep, &sweep);
	set_running(&inner, engine);
	record_set(&inner, "last", engine->last_scan ? json_incref(engine->last_scan) : json_null());
	record_count(&rolling, "period_seconds", SWEEP_PERIOD_SECONDS);
	set_time(&rolling, "oldest", oldest_read(engine, &sweep));
	set_time(&rolling, "round_started", sweep.round_started);
	record_bytes(&rolling, "at", sweep.at);
	record_count(&rolling, "rounds", sweep.rounds);
	set(&inner, "rolling", &rolling);
	set_time(&polling, "last", sweep.last_poll);
	set(&inner, "polling", &polling);
	set(record, "scan", &inner);
}

static void set_journal(struct record *record, struct engine *engine)
{
	CLEANUP(record_done) struct record inner = record_new();
	struct journal_state state;

	journal_state(engine->setup->journal, &state);
	record_count(&inner, "seq", state.seq);
	record_count(&inner, "durable", state.durable);
	record_string(&inner, "segment", state.segment);
	record_count(&inner, "segment_bytes", state.segment_bytes);
	record_count(&inner, "held", state.held);
	record_count(&inner, "lost", state.lost);
	record_message(&inner, "problem", bytes_of(state.problem));
	record_string(&inner, "chain", state.chain);
	set(record, "journal", &inner);
}

void status_lists(struct record *record, struct engine *engine)
{
	json_t *blind = json_array(), *tampers = json_array();
	size_t count;
	const struct bytes *points = view_blind(engine->view, &count);

	for (size_t i = 0; i < count && i < BLIND_MAX; i++) {
		CLEANUP(freep) char *path = quote_dup(points[i].data, points[i].len);

		record->failed |= !path || json_array_append_new(blind, json_string(path)) < 0;
	}
	for (size_t i = 0; i < engine->tamper_count; i++) {
		CLEANUP(record_done) struct record one = record_new();

		record_bytes(&one, "path", bytes_of(engine->tampers[i].path));
		record_message(&one, "what", bytes_of(engine->tampers[i].what));
		record->failed |= one.failed || json_array_append_new(tampers, STEAL(one.object)) < 0;
	}
	record_set(record, "blind", blind);
	record_set(record, "tamper", tampers);
}

static void set_reasons(struct record *record, struct engine *engine)
{
	struct reasons reasons;
	json_t *list = json_array();

	record_string(record, "state", find(engine, &reasons));
	for (size_t i = 0; i < reasons.count; i++) {
		CLEANUP(buf_done) struct buf text = BUF_INIT;

		form_message(&text, bytes_of(reasons.texts[i]));
		record->failed |= !buf_str(&text) || json_array_append_new(list, json_string((char *)text.data)) < 0;
	}
	record_set(record, "reasons", list);
}

static void set_counts(struct record *record, struct engine *engine)
{
	uint64_t paths = 0;
	struct err ignored = ERR_INIT;

	(void)drift_count(engine->setup->drift, &paths, &ignored);
	record_set(record, "drift", json_pack("{sI}", "paths", (json_int_t)paths));
	record_set(record, "gaps", json_pack("{sIsO?}", "count", (json_int_t)engine->gaps, "last", engine->last_gap));
	record_set(record, "policy",
		   json_pack("{sssI}", "from", engine->view->policy_from, "rules",
			     (json_int_t)policy_rule_count(engine->view->policy)));
}

json_t *status_make(struct engine *engine, const char *gap)
{
	CLEANUP(record_done) struct record record = record_new();
	struct watch_coverage coverage;

	watch_coverage(engine->watch, &coverage);
	record_string(&record, "record", "status");
	record_count(&record, "format", 1);
	set_reasons(&record, engine);
	record_count(&record, "pid", (uint64_t)getpid());
	record_string(&record, "version", TALLY_VERSION);
	record_string(&record, "user", engine->setup->user);
	record_message(&record, "limits", bytes_of(engine->setup->limits));
	record_string(&record, "started", time_utc(engine->started).text);
	record_string(&record, "now", time_utc(time_now()).text);
	record_count(&record, "uptime_seconds", (time_monotonic_ns() - engine->started_ns) / 1000000000);
	set_baseline(&record, engine);
	set_watches(&record, &coverage);
	set_queue(&record, engine, &coverage);
	set_counts(&record, engine);
	status_lists(&record, engine);
	set_scan(&record, engine);
	set_journal(&record, engine);
	record_set(&record, "seal", json_null());
	record_set(&record, "synced", json_boolean(gap && !gap[0]));
	record_set(&record, "sync_gap", gap && gap[0] ? json_string(gap) : json_null());
	return record.failed ? NULL : STEAL(record.object);
}
