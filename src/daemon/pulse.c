/*
 * pulse.c - what the clock asks for: the heartbeat, the note that we are alive, the service manager's watchdog, coverage that
 * has changed; and the thread that makes the journal durable, so that the main thread never waits for a disk.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "daemon/engine_inner.h"

#define SECOND_NS    (UINT64_C(1000) * 1000 * 1000)
#define HEARTBEAT_NS (300 * SECOND_NS)
#define ALIVE_NS     (10 * SECOND_NS)
#define COVERAGE_NS  (1 * SECOND_NS)

/* ---- durability ---- */

static void *sync_loop(void *context)
{
	struct engine *engine = context;
	struct err ignored;

	(void)pthread_mutex_lock(&engine->sync_lock);
	while (!engine->sync_stop) {
		if (!engine->sync_needed) {
			(void)pthread_cond_wait(&engine->sync_wanted, &engine->sync_lock);
			continue;
		}
		engine->sync_needed = false;
		(void)pthread_mutex_unlock(&engine->sync_lock);
		/* what it could not do stands in the journal's state */
		(void)journal_sync(engine->setup->journal, &ignored);
		(void)pthread_mutex_lock(&engine->sync_lock);
	}
	(void)pthread_mutex_unlock(&engine->sync_lock);
	return NULL;
}

void pulse_sync(struct engine *engine)
{
	(void)pthread_mutex_lock(&engine->sync_lock);
	engine->sync_needed = true;
	(void)pthread_cond_signal(&engine->sync_wanted);
	(void)pthread_mutex_unlock(&engine->sync_lock);
}

int pulse_begin(struct engine *engine, struct err *err)
{
	uint64_t now_ns = time_monotonic_ns();
	int r;

	(void)pthread_mutex_init(&engine->sync_lock, NULL);
	(void)pthread_cond_init(&engine->sync_wanted, NULL);
	r = pthread_create(&engine->syncer, NULL, sync_loop, engine);
	if (r != 0)
		return err_errno_as(err, ERR_INTERNAL, r, "cannot start a thread");
	engine->sync_started = true;
	engine->heartbeat_ns = now_ns + HEARTBEAT_NS;
	engine->alive_ns = now_ns;
	engine->coverage_ns = UINT64_MAX;
	engine->watchdog_ns = now_ns;
	return 0;
}

void pulse_end(struct engine *engine)
{
	if (!engine->sync_started)
		return;
	(void)pthread_mutex_lock(&engine->sync_lock);
	engine->sync_stop = true;
	(void)pthread_cond_signal(&engine->sync_wanted);
	(void)pthread_mutex_unlock(&engine->sync_lock);
	(void)pthread_join(engine->syncer, NULL);
	(void)pthread_cond_destroy(&engine->sync_wanted);
	(void)pthread_mutex_destroy(&engine->sync_lock);
	engine->sync_started = false;
}

/* ---- beats ---- */

static int heartbeat(struct engine *engine, struct err *err)
{
	CLEANUP(record_done) struct record record = events_record("heartbeat");
	CLEANUP(buf_done) struct buf reason = BUF_INIT;
	struct watch_coverage coverage;
	struct err ignored = ERR_INIT;
	uint64_t paths = 0;

	watch_coverage(engine->watch, &coverage);
	(void)drift_count(engine->setup->drift, &paths, &ignored);
	record_string(&record, "state", status_color(engine, &reason));
	record_message(&record, "why", (struct bytes){ reason.data, reason.len });
	if (engine->view->stand) {
		record_count(&record, "sequence", engine->view->stand->reference.sequence);
		record_string(&record, "root", engine->view->stand->reference.statement->root);
	}
	record_count(&record, "lines", engine->events.count);
	record_count(&record, "drift", paths);
	record_count(&record, "directories", coverage.directories);
	record_count(&record, "watched", coverage.watched[WATCH_ROOT] + coverage.watched[WATCH_OTHERS]);
	record_count(&record, "events", coverage.events);
	record_count(&record, "gaps", engine->gaps);
	return events_put(&engine->events, &record, err);
}

static bool is_decided(const struct engine *engine, uint64_t number)
{
	for (size_t i = 0; i < 2; i++) {
		if (engine->lanes[i].batch && engine->lanes[i].oldest <= number)
			return false;
	}
	return !spread_is_open(engine, number) && dirty_oldest(engine->dirty) > number;
}

static bool is_written(const struct engine *engine)
{
	struct journal_state state;

	journal_state(engine->setup->journal, &state);
	return !state.unwritten && !state.problem[0];
}

/*
 * What waits here is forgotten when we are killed, and what the journal could not write is lost. So the time that the next start
 * begins its gap with is one until which nothing waits any more, and all is written; a moment that was waited for is noted once its
 * names are decided.
 */
int pulse_note(struct engine *engine, struct err *err)
{
	struct timestamp now = time_now(), until = { .sec = 0 };
	bool told = watch_idle(engine->watch);
	int r = 0;

	if (!is_written(engine))
		return drift_commit(engine->setup->drift, err);
	if (told && is_decided(engine, UINT64_MAX - 1))
		until = now;
	else if (engine->decided_number && is_decided(engine, engine->decided_number))
		until = engine->decided;
	if (until.sec) {
		engine->decided_number = 0;
		r = drift_note_put(engine->setup->drift, "alive", time_utc(until).text, err);
	}
	if (told && !engine->decided_number) {
		engine->decided = now;
		engine->decided_number = dirty_number(engine->dirty);
	}
	return r < 0 ? r : drift_commit(engine->setup->drift, err);
}

static void note_alive(struct engine *engine)
{
	struct err ignored = ERR_INIT;

	(void)events_flush(&engine->events, &ignored);
	if (pulse_note(engine, &ignored) >= 0)
		(void)drift_return(engine->setup->drift, &ignored);
}

static void tell_manager(struct engine *engine)
{
	CLEANUP(buf_done) struct buf reason = BUF_INIT;
	const char *color = status_color(engine, &reason);

	notify_watchdog(&engine->setup->notify);
	if (buf_str(&reason))
		notify_status(&engine->setup->notify, "%s: %s", color, QUOTE((const char *)reason.data));
}

int pulse_beat(struct engine *engine, uint64_t now_ns, struct err *err)
{
	struct watch_coverage coverage;
	int r = 0;

	if (now_ns >= engine->heartbeat_ns) {
		engine->heartbeat_ns = now_ns + HEARTBEAT_NS;
		r = heartbeat(engine, err);
	}
	if (now_ns >= engine->alive_ns) {
		engine->alive_ns = now_ns + ALIVE_NS;
		renew_journal_checked(engine, now_ns);
		note_alive(engine);
		tell_manager(engine);
	}
	if (engine->setup->notify.watchdog_ns && now_ns >= engine->watchdog_ns) {
		engine->watchdog_ns = now_ns + engine->setup->notify.watchdog_ns / 2;
		notify_watchdog(&engine->setup->notify);
	}
	/* a moment later, so that a tree that is being added makes one line */
	watch_coverage(engine->watch, &coverage);
	if (coverage.changes != engine->coverage_changes && engine->coverage_ns == UINT64_MAX)
		engine->coverage_ns = now_ns + COVERAGE_NS;
	if (r >= 0 && now_ns >= engine->coverage_ns) {
		engine->coverage_ns = UINT64_MAX;
		engine->coverage_changes = coverage.changes;
		r = status_coverage(engine, err);
	}
	return r;
}

static bool journal_is_held(const struct engine *engine)
{
	struct journal_state state;

	journal_state(engine->setup->journal, &state);
	return state.held > 0;
}

uint64_t pulse_due_ns(const struct engine *engine)
{
	uint64_t due = engine->heartbeat_ns < engine->alive_ns ? engine->heartbeat_ns : engine->alive_ns;

	/* what the disk refused is tried again at each turn of the loop */
	if (journal_is_held(engine) && due > time_monotonic_ns() + SECOND_NS)
		due = time_monotonic_ns() + SECOND_NS;
	if (engine->setup->notify.watchdog_ns && engine->watchdog_ns < due)
		due = engine->watchdog_ns;
	return engine->coverage_ns < due ? engine->coverage_ns : due;
}
