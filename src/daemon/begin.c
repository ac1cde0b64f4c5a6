/*
 * begin.c - from what was set up to a daemon that watches. The order matters: first what everything is judged by, then the
 * watches, then the look at what changed before them; so nothing falls between.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "daemon/engine_inner.h"
#include "daemon/first.h"

static int open_signals(struct engine *engine, struct err *err)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	/* threads that are started from here on inherit this */
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	engine->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return engine->signal_fd < 0 ? err_errno_as(err, ERR_INTERNAL, errno, "cannot wait for signals") : 0;
}

static int begin_watch(struct engine *engine, struct err *err)
{
	struct watch_options options = renew_watch_options(engine);
	int r;

	if (engine->setup->first) {
		r = first_hand_over(engine->setup->first, &options.sink, &engine->watch, err);
		if (r >= 0)
			r = watch_resume(engine->watch, err);
		return r < 0 ? r : watch_rule(engine->watch, &options, err);
	}
	r = watch_new(&options, &engine->watch, err);
	return r < 0 ? r : watch_start(engine->watch, NULL, err);
}

static int tell_started(struct engine *engine, struct err *err)
{
	CLEANUP(record_done) struct record record = events_record("started");
	const struct daemon_setup *setup = engine->setup;

	record_string(&record, "version", TALLY_VERSION);
	record_count(&record, "pid", (uint64_t)getpid());
	record_string(&record, "user", setup->user);
	record_count(&record, "generation", engine->view->stand ? engine->view->stand->reference.sequence : 0);
	record_string(&record, "policy", engine->view->policy_from);
	if (setup->limits[0])
		record_message(&record, "limits", bytes_of(setup->limits));
	if (setup->drift_rebuilt && setup->drift_why[0])
		record_message(&record, "drift", bytes_of(setup->drift_why));
	if (setup->opening.torn_bytes)
		record_count(&record, "torn_bytes", setup->opening.torn_bytes);
	if (setup->opening.broken)
		record_message(&record, "journal", bytes_of(setup->opening.reason));
	return events_put(&engine->events, &record, err);
}

/* From the last sign of life to the first watch nobody saw anything, or did not get it written. */
static int tell_downtime(struct engine *engine, struct err *err)
{
	CLEANUP(freep) char *alive = NULL;
	struct gap gap = {
		.to = time_now(),
		.subtree = bytes_of("/"),
		.reason = "the daemon was not running, or did not come to write what it saw",
	};
	struct err ignored = ERR_INIT;
	int r = drift_note_get(engine->setup->drift, "alive", &alive, err);

	if (r < 0 || engine->setup->first)
		return r;
	if (alive && time_parse_utc(alive, &gap.from, &ignored) >= 0)
		return gap_tell(engine, &gap, err);
	if (!engine->view->stand)
		return 0;
	gap.from = engine->view->stand->reference.statement->created;
	gap.reason = "nobody watched since the baseline was made";
	return gap_tell(engine, &gap, err);
}

static int start_threads(struct engine *engine, struct err *err)
{
	struct daemon_setup *setup = engine->setup;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < 2; i++)
		r = judge_new(&engine->mail, &engine->lanes[i].judge, err);
	if (r >= 0)
		r = looker_new(setup->drift, &engine->mail, &engine->looker, err);
	if (r >= 0)
		r = clerk_new(&setup->place, setup->drift, &engine->mail, &engine->clerk, err);
	if (r >= 0)
		r = sweep_new(engine->looker, setup->drift, engine->watch, &engine->sweep, err);
	return r < 0 ? r : pulse_begin(engine, err);
}

static int listen_for_requests(struct engine *engine, struct err *err)
{
	struct daemon_setup *setup = engine->setup;
	const struct control_handler handler = requests_handler(engine);

	return control_server_new(setup->socket_dirfd, setup->socket_name, setup->group, &handler, &engine->server,
				  err);
}

int begin_watching(struct engine *engine, struct err *err)
{
	struct daemon_setup *setup = engine->setup;
	int r;

	engine->started = time_now();
	engine->started_ns = time_monotonic_ns();
	engine->events.journal = setup->journal;
	if (setup->foreground)
		engine->events.human = (struct report_out){ .file = stdout, .color = isatty(STDOUT_FILENO) == 1 };
	r = open_signals(engine, err);
	if (r >= 0)
		r = mailbox_init(&engine->mail, err);
	if (r >= 0)
		r = mounttable_init(&engine->mounts, setup->mountinfo_fd, setup->init_mountinfo_fd, err);
	if (r >= 0)
		r = dirty_new(&engine->dirty, err);
	if (r >= 0)
		r = renames_new(&engine->renames, err);
	if (r >= 0)
		r = partial_new(&engine->partial, err);
	if (r >= 0)
		r = tombs_new(&engine->tombs, err);
	if (r >= 0)
		r = renew_begin(engine, err);
	journal_batch(setup->journal);
	if (r >= 0)
		r = tell_started(engine, err);
	if (r >= 0)
		r = tampers_find(engine, err);
	if (r >= 0)
		r = begin_watch(engine, err);
	if (r >= 0)
		r = tell_downtime(engine, err);
	if (r >= 0)
		r = start_threads(engine, err);
	if (r >= 0)
		r = status_coverage(engine, err);
	if (r >= 0)
		r = looks_everything(engine, LOOK_START, true, err);
	if (r >= 0)
		r = listen_for_requests(engine, err);
	if (r >= 0)
		r = events_flush(&engine->events, err);
	if (r >= 0)
		notify_ready(&setup->notify);
	return r;
}
