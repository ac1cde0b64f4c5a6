/*
 * engine_inner.h - the engine from within. One thread owns all of it; the files below are chapters of one book:
 *
 *	begin.c     begins; engine.c: loops, ends
 *	names.c     what the watch tells: names become dirty, and are observed
 *	verdicts.c  what the judges answer: drift is kept, events are written
 *	spread.c    names that share an inode
 *	looks.c     what must be looked at, and what looks have found
 *	renew.c     another generation, policy, mount table; tampers.c: what is wrong with the house's own files
 *	mounts.c    what mounts hide
 *	barrier.c   nothing older than this is undecided
 *	requests.c  the control socket; status.c: what it tells of itself
 *	pulse.c     what the clock asks for
 */
#ifndef DAEMON_ENGINE_INNER_H
#define DAEMON_ENGINE_INNER_H

#include <pthread.h>

#include "daemon/dirty.h"
#include "daemon/engine.h"
#include "daemon/engine_state.h"
#include "daemon/events.h"
#include "daemon/house.h"
#include "daemon/links.h"
#include "daemon/look.h"
#include "daemon/mounttable.h"
#include "daemon/partial.h"
#include "daemon/tombs.h"
#include "daemon/renames.h"
#include "daemon/sweep.h"
#include "watch/watch.h"

struct engine {
	struct daemon_setup *setup; /* borrowed */
	struct timestamp started;
	uint64_t started_ns;
	bool stop;
	int signal_fd;

	/* by what everything is judged */
	struct mounttable mounts;
	struct timestamp *hidden_since; /* one for each blind point of the view */
	struct view *view;
	struct baseline *rows; /* this thread's connection; NULL: no baseline */
	struct policy_walk *walk; /* NULL when the policy can't be walked: never */
	uint64_t view_number;
	bool loading, load_again; /* the clerk is at it; asked again meanwhile */
	uint64_t reload_ns; /* when the house's files are looked at again; 0 not */
	unsigned touched; /* HOUSE_* bits until then */
	uint64_t touched_ns; /* the first of them */
	bool reloading; /* the service manager was told so, and not yet that it is over */
	bool believe_keys; /* root said by SIGHUP that the keys are his */
	uint64_t mounts_ns; /* the same for the mount table */
	struct timestamp turn; /* when this turn of the loop began */
	struct timestamp table_known; /* when it was last known to be as the view has it */
	/* names on their way */
	struct watch *watch;
	struct dirty *dirty;
	struct renames *renames;
	struct links *links;
	struct partial *partial;
	struct tombs *tombs;
	struct mates_wanted mates;
	uint64_t doubt_ns; /* names came and went unseen: by then everything is looked at; 0 none did */
	const struct dirty_item *unseen; /* a name of the batch being taken that nobody saw; NULL none */
	struct lane_state lanes[2];
	struct mailbox mail;
	struct looker *looker;
	struct look_list look_names, look_below; /* LOOK_LOSS: these folders; these and everything below */
	struct sweep *sweep;
	struct clerk *clerk;
	struct house *house;
	struct buf last_name; /* that the watch told of: names.c */
	uint32_t last_mask;
	/* what is told */
	struct events events;
	struct control_server *server;
	struct socket_state socket;
	struct barrier barrier;
	struct streaming *streaming;
	struct tamper *tampers;
	size_t tamper_count;
	char baseline_trouble[512]; /* why the baseline lying there is not believed; "" it is */
	char trouble[256]; /* the last thing that failed inside; "" nothing did */
	uint64_t gaps, looks_open; /* gaps of this run; looks after gaps that have not ended */
	bool check_whole; /* the last of the following was of everything */
	uint64_t checks_open; /* looks of `tally check --daemon` that have not ended */
	json_t *last_gap, *last_scan;
	bool start_looked; /* the look at the start has ended well */
	bool may_sweep; /* the look at the start is over, well or not */
	uint64_t lost_ns, again_ns,
		again_step_ns; /* drift.db was lost; all is looked at again (0 not); put off so much */
	uint64_t unknown; /* names that could not be judged since the last look at everything */
	uint64_t coverage_changes; /* as looked at last */
	struct coverage_told coverage_told;
	/* the clock */
	struct timestamp decided; /* when all that was told until then will be decided ... */
	uint64_t decided_number; /* ... with the names up to this number; 0: none is waited for */
	uint64_t heartbeat_ns, alive_ns, coverage_ns, watchdog_ns;
	pthread_t syncer;
	pthread_mutex_t sync_lock;
	pthread_cond_t sync_wanted;
	bool sync_started, sync_needed, sync_stop;
};

/* begin.c */
int begin_watching(struct engine *engine, struct err *err);

/* names.c */
int names_touch(struct engine *engine, const struct dirty_touch *touch, struct err *err);
/* All that is known at or below. */
int names_gone(struct engine *engine, struct bytes path, enum found found, struct err *err);
struct watch_sink names_sink(struct engine *engine);

/* verdicts.c */
int verdicts_ask(struct engine *engine, struct err *err); /* hands what is due to idle judges */
int verdicts_take(struct engine *engine, struct judged_batch *batch, struct err *err);

/* spread.c */
/* BELIEVED was, PRESENT is (NULL: nothing), and they differ. */
int spread_judged(struct engine *engine, const struct dirty_item *item, const struct entry *believed,
		  const struct entry *present, struct err *err);
/* Of a name that may be gone, but is written through still. */
int spread_dead(struct engine *engine, const struct dirty_item *item, struct err *err);
/* ITEM, and maybe more, came and went unseen. */
int spread_unseen(struct engine *engine, const struct dirty_item *item, uint64_t number, struct err *err);
int spread_ask(struct engine *engine, struct err *err); /* has the clerk look for names that are wanted */
int spread_found(struct engine *engine, const struct mates *mates, struct err *err);
/* Names are being looked for because of an item up to NUMBER. */
bool spread_is_open(const struct engine *engine, uint64_t number);
void spread_forget(struct engine *engine); /* another generation: what was looked for may be looked for again */

/* looks.c */
int gap_tell(struct engine *engine, const struct gap *gap, struct err *err);
int looks_add(struct engine *engine, struct bytes path, bool below, struct err *err);
int looks_ask(struct engine *engine, struct err *err); /* hands what was gathered to the looker */
void looks_forget(struct engine *engine); /* what was gathered and not handed over */
int looks_everything(struct engine *engine, enum look_purpose purpose, bool quick, struct err *err);
int looks_doubt(struct engine *engine, struct err *err); /* what may have changed through names that nobody saw */
int looks_names(struct engine *engine, const struct look_names *names, struct err *err);
int looks_done(struct engine *engine, const struct look_done *done, struct err *err);

/* renew.c */
int renew_begin(struct engine *engine, struct err *err); /* the first view */
int renew_house(struct engine *engine, struct err *err); /* something of the house was touched, a while ago */
void renew_journal_checked(struct engine *engine, uint64_t now_ns); /* asked for: no event tells of its segment */
int renew_socket(struct engine *engine, struct err *err); /* it may be gone, or may be made again */
int renew_loaded(struct engine *engine, struct stand_loaded *loaded, struct err *err);
/* A view of STAND (a reference, taken over in any case) and of the present mount table. */
int renew_view(struct engine *engine, struct stand *stand, struct view **ret_view, struct err *err);
/* Judges by VIEW from now on; takes it over. */
int renew_use(struct engine *engine, struct view *view, struct err *err);
struct watch_options renew_watch_options(struct engine *engine);

/* mounts.c */
int mounts_begin(struct engine *engine, struct err *err); /* with the first view */
int mounts_renew(struct engine *engine, struct err *err); /* the mount table may have changed */
/* renew_use(), and what the mounts of VIEW do not hide any more is told and looked at. */
int mounts_change(struct engine *engine, struct view *view, struct err *err);

/* tampers.c */
int tampers_find(struct engine *engine, struct err *err); /* holds the house against what was believed of it */
void tampers_done(struct engine *engine);

/* barrier.c */
int barrier_ask(struct engine *engine, struct control_client *client, json_t *request,
		struct err *err); /* takes request over */
void barrier_forget(struct engine *engine, const struct control_client *client);
void barrier_marked(struct engine *engine, uint64_t number);
void barrier_unjudged(struct engine *engine); /* engine->trouble says why */
int barrier_step(struct engine *engine, uint64_t now_ns, struct err *err); /* as far as it goes now */
uint64_t barrier_due_ns(const struct engine *engine);
void barrier_done(struct engine *engine);

/* requests.c */
struct control_handler requests_handler(struct engine *engine);
/* Answers now. GAP: why it can't be said for sure, "" it can; NULL: nobody asked for a barrier. */
void requests_answer(struct engine *engine, struct control_client *client, const json_t *request, const char *gap);
void requests_answered(struct engine *engine, struct answer *answer); /* takes it over */
void requests_done(struct engine *engine);

/* status.c */
json_t *status_make(struct engine *engine, const char *gap); /* as requests_answer(); NULL when memory is short */
void status_lists(struct record *record, struct engine *engine); /* blind points and tampers */
int status_coverage(struct engine *engine, struct err *err); /* a coverage line, when it has changed */
const char *status_color(struct engine *engine,
			 struct buf *ret_reason); /* "green", "yellow", "red" and the first reason */

/* pulse.c */
int pulse_begin(struct engine *engine, struct err *err);
int pulse_beat(struct engine *engine, uint64_t now_ns, struct err *err);
/* Notes for the next start until when everything was seen and decided: now, or some time ago while names wait. */
int pulse_note(struct engine *engine, struct err *err);
uint64_t pulse_due_ns(const struct engine *engine);
void pulse_sync(struct engine *engine); /* lines were written: have them made durable */
void pulse_end(struct engine *engine);

#endif
