/*
 * engine.c - the loop, and its end. The chapters are listed in engine_inner.h.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "daemon/engine_inner.h"
#include "daemon/talk.h"

enum { EVENTS_AT_ONCE = 8192, MAIL_AT_ONCE = 64 };
#define TOUCHED_NS      (UINT64_C(200) * 1000 * 1000) /* the house is looked at when it was left alone that long */
#define TOUCHED_MOST_NS (UINT64_C(2000) * 1000 * 1000) /* or touched for that long */
#define TABLE_NS        (UINT64_C(1) * 1000 * 1000)
#define AGAIN_NS        (UINT64_C(1000) * 1000 * 1000)
#define AGAIN_MAX_NS    (UINT64_C(30) * 1000 * 1000 * 1000)

/* ---- the loop ---- */

static int take_mail(struct engine *engine, struct err *err)
{
	struct mail *mail;
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < MAIL_AT_ONCE && (mail = mailbox_take(&engine->mail)); i++) {
		CLEANUP(mail_freep) struct mail *held = mail;

		switch ((enum mail_kind)mail->kind) {
		case MAIL_JUDGED:
			r = verdicts_take(engine, (struct judged_batch *)mail, err);
			break;
		case MAIL_NAMES:
			r = looks_names(engine, (struct look_names *)mail, err);
			break;
		case MAIL_LOOKED:
			r = looks_done(engine, (struct look_done *)mail, err);
			break;
		case MAIL_LOADED:
			r = renew_loaded(engine, (struct stand_loaded *)mail, err);
			break;
		case MAIL_MATES:
			r = spread_found(engine, (struct mates *)mail, err);
			break;
		case MAIL_ANSWER:
			requests_answered(engine, (struct answer *)STEAL(held));
			break;
		}
	}
	return r;
}

static void take_signals(struct engine *engine)
{
	struct signalfd_siginfo info;

	while (read(engine->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			/* each time: the manager waits for one that is newer than its own signal */
			notify_reloading(&engine->setup->notify);
			engine->reloading = true;
			engine->touched |= HOUSE_LOST;
			engine->reload_ns = 1;
			engine->mounts_ns = 1;
			engine->believe_keys = true;
		} else {
			engine->stop = true;
		}
	}
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int take_house(struct engine *engine, struct err *err)
{
	unsigned touched = 0;
	int r = house_read(engine->house, &touched, err);

	if (r < 0 || !touched)
		return r;
	if (!engine->touched)
		engine->touched_ns = time_monotonic_ns();
	engine->touched |= touched;
	/* who goes on touching puts it off, but not for ever */
	engine->reload_ns = least(time_monotonic_ns() + TOUCHED_NS, engine->touched_ns + TOUCHED_MOST_NS);
	return 0;
}

enum { POLL_SIGNAL, POLL_WATCH, POLL_MAIL, POLL_HOUSE, POLL_CONTROL, POLL_MOUNTS, POLL_INIT_MOUNTS, POLL_COUNT };

static uint64_t next_due(const struct engine *engine)
{
	uint64_t due = least(pulse_due_ns(engine), barrier_due_ns(engine));

	due = least(due, watch_due_ns(engine->watch));
	if (engine->may_sweep)
		due = least(due, sweep_due_ns(engine->sweep));
	if (engine->reload_ns)
		due = least(due, engine->reload_ns);
	if (engine->mounts_ns)
		due = least(due, engine->mounts_ns);
	if (engine->doubt_ns)
		due = least(due, engine->doubt_ns);
	if (engine->again_ns)
		due = least(due, engine->again_ns);
	if (engine->socket.due_ns)
		due = least(due, engine->socket.due_ns);
	/* a busy judge's mail wakes us */
	if (!engine->lanes[0].batch || !engine->lanes[1].batch)
		due = least(due, dirty_due_ns(engine->dirty, engine->barrier.force));
	return due;
}

static int wait_for_work(struct engine *engine, struct pollfd polls[POLL_COUNT], bool more, struct err *err)
{
	uint64_t now_ns = time_monotonic_ns(), due = next_due(engine);
	uint64_t left_ms = due == UINT64_MAX ? 60000 : due <= now_ns ? 0 : (due - now_ns + 999999) / 1000000;
	int r;

	polls[POLL_SIGNAL] = (struct pollfd){ engine->signal_fd, POLLIN, 0 };
	polls[POLL_WATCH] = (struct pollfd){ watch_fd(engine->watch), POLLIN, 0 };
	polls[POLL_MAIL] = (struct pollfd){ engine->mail.fd, POLLIN, 0 };
	polls[POLL_HOUSE] = (struct pollfd){ house_fd(engine->house), POLLIN, 0 };
	polls[POLL_CONTROL] = (struct pollfd){ control_server_fd(engine->server), POLLIN, 0 };
	polls[POLL_MOUNTS] = (struct pollfd){ engine->setup->mountinfo_fd, POLLPRI, 0 };
	polls[POLL_INIT_MOUNTS] = (struct pollfd){ engine->setup->init_mountinfo_fd, POLLPRI, 0 };
	r = poll(polls, POLL_COUNT, more ? 0 : (int)least(left_ms, 60000));
	return r < 0 && errno != EINTR ? err_errno_as(err, ERR_INTERNAL, errno, "cannot wait") : 0;
}

static int take_events(struct engine *engine, const struct pollfd polls[POLL_COUNT], bool *more, struct err *err)
{
	int r = watch_process(engine->watch, EVENTS_AT_ONCE, err);

	*more = r > 0;
	if (r >= 0 && (polls[POLL_MAIL].revents || *more))
		r = take_mail(engine, err);
	if (r >= 0 && polls[POLL_HOUSE].revents)
		r = take_house(engine, err);
	if (r >= 0 && polls[POLL_CONTROL].revents)
		r = control_server_process(engine->server, err);
	if (polls[POLL_SIGNAL].revents)
		take_signals(engine);
	if (((polls[POLL_MOUNTS].revents | polls[POLL_INIT_MOUNTS].revents) & (POLLPRI | POLLERR)) &&
	    !engine->mounts_ns)
		engine->mounts_ns = time_monotonic_ns() + TABLE_NS;
	return r;
}

/* All that SIGHUP asked for has been taken up, or refused. */
static void end_reload(struct engine *engine)
{
	if (!engine->reloading || engine->reload_ns || engine->mounts_ns || engine->loading)
		return;
	engine->reloading = false;
	notify_ready(&engine->setup->notify);
}

static int take_time(struct engine *engine, struct err *err)
{
	uint64_t now_ns = time_monotonic_ns();
	int r = 0;

	if (engine->reload_ns && now_ns >= engine->reload_ns)
		r = renew_house(engine, err);
	if (r >= 0 && engine->socket.due_ns && now_ns >= engine->socket.due_ns)
		r = renew_socket(engine, err);
	if (r >= 0 && engine->mounts_ns && now_ns >= engine->mounts_ns)
		r = mounts_renew(engine, err);
	if (r >= 0 && now_ns >= watch_due_ns(engine->watch))
		r = watch_tick(engine->watch, now_ns, err);
	if (r >= 0 && engine->again_ns && now_ns >= engine->again_ns) {
		engine->again_ns = 0;
		r = looks_everything(engine, LOOK_START, true, err);
	}
	if (r >= 0)
		r = looks_ask(engine, err);
	/* the clock's looks wait for the one at the start: it finds more, and first what matters most */
	if (r >= 0 && engine->may_sweep && now_ns >= sweep_due_ns(engine->sweep))
		r = sweep_tick(engine->sweep, now_ns, engine->view, err);
	if (r >= 0)
		r = pulse_beat(engine, now_ns, err);
	if (r >= 0)
		r = spread_ask(engine, err);
	if (r >= 0 && engine->doubt_ns && now_ns >= engine->doubt_ns)
		r = looks_doubt(engine, err);
	if (r >= 0)
		r = verdicts_ask(engine, err);
	return r < 0 ? r : barrier_step(engine, now_ns, err);
}

/* At once the first time; while it fails again and again (a full disk) ever later, and one gap is enough until then. */
static int look_again(struct engine *engine, const char *reason, struct err *err)
{
	struct timestamp now = time_now();
	uint64_t now_ns = time_monotonic_ns(), since_ns = now_ns - engine->lost_ns;
	int r;

	engine->lost_ns = now_ns;
	if (engine->again_ns)
		return 0;
	if (since_ns > 2 * AGAIN_MAX_NS)
		engine->again_step_ns = 0;
	r = gap_tell(engine, &(struct gap){ now, now, reason, bytes_of("/") }, err);
	if (r < 0)
		return r;
	if (!engine->again_step_ns) {
		engine->again_step_ns = AGAIN_NS;
		return looks_everything(engine, LOOK_START, true, err);
	}
	engine->again_ns = now_ns + engine->again_step_ns;
	engine->again_step_ns = least(2 * engine->again_step_ns, AGAIN_MAX_NS);
	return 0;
}

/* The drift can always be made again; what else fails is told, and the watch goes on. */
static int recover(struct engine *engine, int code, const struct err *failure, struct err *err)
{
	char reason[300];
	int r;

	if (code == ERR_INTERNAL) {
		*err = *failure;
		return code;
	}
	(void)snprintf(reason, sizeof(reason), "drift.db is made again: %.250s", failure->message);
	(void)snprintf(engine->trouble, sizeof(engine->trouble), "%.250s", reason);
	r = drift_reset(engine->setup->drift, err);
	engine->start_looked = false;
	return r < 0 ? r : look_again(engine, reason, err);
}

static int loop(struct engine *engine, struct err *err)
{
	struct pollfd polls[POLL_COUNT];
	uint64_t lines = engine->events.count;
	bool more = false;

	while (!engine->stop) {
		struct err failure = ERR_INIT;
		int r;

		engine->turn = time_now();
		r = wait_for_work(engine, polls, more, err);
		if (r < 0)
			return r;
		journal_batch(engine->setup->journal);
		r = take_events(engine, polls, &more, &failure);
		if (r >= 0)
			r = take_time(engine, &failure);
		if (r < 0)
			r = recover(engine, r, &failure, err);
		if (r >= 0)
			r = events_flush(&engine->events, err);
		if (r < 0)
			return r;
		end_reload(engine);
		if (engine->events.human.file)
			(void)fflush(engine->events.human.file);
		if (engine->events.count != lines)
			pulse_sync(engine);
		lines = engine->events.count;
	}
	return 0;
}

/* ---- end ---- */

static int tell_stopped(struct engine *engine, struct err *err)
{
	CLEANUP(record_done) struct record record = events_record("stopped");
	struct err ignored = ERR_INIT;
	int r, noted;

	record_count(&record, "lines", engine->events.count);
	r = events_put(&engine->events, &record, err);
	if (r >= 0)
		r = events_flush(&engine->events, err);
	if (r >= 0)
		r = journal_sync(engine->setup->journal, err);
	/* the drift that was told is kept, whatever became of the journal */
	noted = pulse_note(engine, r < 0 ? &ignored : err);
	return r < 0 ? r : noted;
}

/* What the disk refused to the last ends with us. The next start's gap begins before it (pulse_note()). */
static int last_words(struct engine *engine, int r, struct err *err)
{
	struct journal_state state;
	struct err ignored = ERR_INIT;
	char text[512];

	(void)events_flush(&engine->events, &ignored);
	journal_state(engine->setup->journal, &state);
	if (!state.unwritten)
		return r;
	(void)snprintf(text, sizeof(text), "%llu journal lines since %s are lost: %s",
		       (unsigned long long)state.unwritten, time_utc(state.unwritten_since).text, state.problem);
	if (r >= 0)
		return err_set(err, ERR_IO, "%s", text);
	talk_warn(NULL, text);
	return r;
}

static void engine_done(struct engine *engine)
{
	control_server_freep(&engine->server);
	for (size_t i = 0; i < 2; i++)
		judge_freep(&engine->lanes[i].judge);
	sweep_freep(&engine->sweep);
	looker_freep(&engine->looker);
	clerk_freep(&engine->clerk);
	pulse_end(engine);
	barrier_done(engine);
	watch_freep(&engine->watch);
	house_freep(&engine->house);
	if (engine->mail.fd > 0)
		mailbox_done(&engine->mail);
	requests_done(engine);
	tampers_done(engine);
	events_done(&engine->events);
	dirty_freep(&engine->dirty);
	renames_freep(&engine->renames);
	partial_freep(&engine->partial);
	tombs_freep(&engine->tombs);
	spread_forget(engine);
	looks_forget(engine);
	buf_done(&engine->mates.inodes);
	links_freep(&engine->links);
	policy_walk_freep(&engine->walk);
	baseline_freep(&engine->rows);
	if (engine->view)
		view_unrefp(&engine->view);
	mounttable_done(&engine->mounts);
	free(engine->hidden_since);
	buf_done(&engine->last_name);
	json_decref(engine->last_gap);
	json_decref(engine->last_scan);
	fd_closep(&engine->signal_fd);
}

int engine_run(struct daemon_setup *setup, struct err *err)
{
	CLEANUP(engine_done) struct engine engine = { .setup = setup, .signal_fd = -1, .mail.fd = -1 };
	int r = begin_watching(&engine, err);

	if (r >= 0)
		r = loop(&engine, err);
	if (r >= 0) {
		notify_stopping(&setup->notify);
		r = tell_stopped(&engine, err);
	}
	return last_words(&engine, r, err);
}
