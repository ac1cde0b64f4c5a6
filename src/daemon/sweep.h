/*
 * sweep.h - what is looked at by the clock: the rolling scan (every file fully read again within a set time) and the polling ring
 * (directories without a watch). Decides when and what; looker does it. Main thread.
 *
 * The rolling scan goes through the tree in path order, a slice at a time, resuming behind the last mark (store/drift.h), at a pace
 * that reads everything in 80 % of the period: when so much of the entries is done, so much of that time has passed. Where it stands
 * is kept in the drift, so that a restart costs at most one slice. The ring looks at every unwatched directory once in POLL_SECONDS.
 */
#ifndef DAEMON_SWEEP_H
#define DAEMON_SWEEP_H

#include "daemon/look.h"
#include "watch/watch.h"

enum { SWEEP_POLL_SECONDS = 30, SWEEP_SLICE_BYTES = 256 << 20, SWEEP_SLICE_ENTRIES = 20000, SWEEP_POLL_PATHS = 500 };
#define SWEEP_PERIOD_SECONDS (7 * 86400)

struct sweep;
int sweep_new(struct looker *looker, struct drift *drift, struct watch *watch, struct sweep **ret_sweep,
	      struct err *err);
void sweep_freep(struct sweep **sweep);
uint64_t sweep_due_ns(const struct sweep *sweep); /* CLOCK_MONOTONIC */
/* Asks for what is due. VIEW without a stand: only the ring. */
int sweep_tick(struct sweep *sweep, uint64_t now_ns, struct view *view, struct err *err);
/* A look of purpose LOOK_ROUND or LOOK_POLL has ended. */
int sweep_done(struct sweep *sweep, const struct look_done *done, struct err *err);
/* Another generation: the files to read through are others, the marks stay. */
void sweep_renew(struct sweep *sweep);
/* Barrier: the whole ring is looked at once now; *ret_number is larger than every ring look so far, and sweep_polled() reaches
 * it when that is done. */
int sweep_poll_now(struct sweep *sweep, struct view *view, uint64_t *ret_number, struct err *err);
uint64_t sweep_polled(const struct sweep *sweep);

struct sweep_state {
	int64_t oldest; /* seconds: the oldest full read of any path; 0: not everything was read yet since the baseline was made */
	int64_t round_started; /* 0: none */
	struct bytes at; /* borrowed until the next call */
	uint64_t rounds; /* ended */
	int64_t last_poll; /* when the ring was last gone through; 0 never */
};
void sweep_state(struct sweep *sweep, struct sweep_state *ret_state);

/* For tests: another period and size of a slice, before the first sweep_tick(); a wall clock that stands at these seconds. */
void sweep_set_period(struct sweep *sweep, uint64_t seconds, uint64_t slice_entries);
void sweep_set_wall(struct sweep *sweep, int64_t seconds);

#endif
