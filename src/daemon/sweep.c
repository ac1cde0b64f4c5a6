/*
 * sweep.c - see sweep.h.
 */
#include "daemon/sweep.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define NS_IN_SECOND UINT64_C(1000000000)

enum {
	PERCENT_OF_PERIOD = 80, /* in which a round is done */
	LATE_PERCENT = 5, /* of the period: a slice that is later than that is not slowed down */
	RATE_LEAST = 8 << 20, /* bytes a second within a slice ... */
	RATE_FACTOR = 20, /* ... or so many times what the pace needs */
	RETRY_SECONDS = 60
};

static const char note_name[] = "rolling scan";

/* What is kept across restarts. */
struct progress {
	int64_t started; /* seconds; 0: no round has begun */
	uint64_t entries, bytes; /* of this round so far */
	uint64_t last_entries, last_bytes; /* of the round before; 0 unknown */
	uint64_t rounds; /* ended */
	unsigned over; /* 1: this round has ended, the next one waits for its time */
};

struct sweep {
	struct looker *looker;
	struct drift *drift;
	struct watch *watch;
	uint64_t period_ns, slice_entries;
	int64_t wall; /* for tests; 0: the real clock */

	struct progress progress;
	uint64_t total; /* entries of the generation */
	uint64_t now_ns; /* of the last tick */
	int64_t started_ns; /* of the round, by the monotonic clock; it may lie before its beginning */
	bool placed; /* started_ns is known */
	bool slice; /* one is being looked at */
	uint64_t round_due_ns;
	struct buf at;

	uint64_t number; /* of the last request */
	uint64_t ring_asked, ring_done; /* numbers of the ring's last requests */
	uint64_t poll_due_ns;
	int64_t last_poll;
};

static int64_t wall_now(const struct sweep *sweep)
{
	return sweep->wall ? sweep->wall : time_now().sec;
}

/* --- what is kept --- */

static int load(struct sweep *sweep, struct err *err)
{
	CLEANUP(freep) char *text = NULL;
	struct progress progress = { .started = 0 };
	int r = drift_note_get(sweep->drift, note_name, &text, err);

	if (r < 0 || !text)
		return r;
	if (sscanf(text, "%" SCNi64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %u",
		   &progress.started, &progress.entries, &progress.bytes, &progress.last_entries, &progress.last_bytes,
		   &progress.rounds, &progress.over) == 7)
		sweep->progress = progress;
	return 0;
}

static int store(struct sweep *sweep, struct err *err)
{
	const struct progress *progress = &sweep->progress;
	char text[160];

	(void)snprintf(text, sizeof(text), "%" PRIi64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %u",
		       progress->started, progress->entries, progress->bytes, progress->last_entries,
		       progress->last_bytes, progress->rounds, progress->over);
	return drift_note_put(sweep->drift, note_name, text, err);
}

int sweep_new(struct looker *looker, struct drift *drift, struct watch *watch, struct sweep **ret_sweep,
	      struct err *err)
{
	CLEANUP(sweep_freep) struct sweep *sweep = calloc(1, sizeof(*sweep));
	int r;

	if (!sweep)
		return err_nomem(err);
	sweep->looker = looker;
	sweep->drift = drift;
	sweep->watch = watch;
	sweep->period_ns = SWEEP_PERIOD_SECONDS * NS_IN_SECOND;
	sweep->slice_entries = SWEEP_SLICE_ENTRIES;
	r = load(sweep, err);
	if (r < 0)
		return r;
	*ret_sweep = STEAL(sweep);
	return 0;
}

void sweep_freep(struct sweep **sweep)
{
	if (*sweep)
		buf_done(&(*sweep)->at);
	free(*sweep);
	*sweep = NULL;
}

/* --- the rolling scan --- */

static uint64_t round_ns(const struct sweep *sweep)
{
	return sweep->period_ns / 100 * PERCENT_OF_PERIOD;
}

static uint64_t total_entries(const struct sweep *sweep)
{
	uint64_t total = sweep->total > sweep->progress.last_entries ? sweep->total : sweep->progress.last_entries;

	return total ? total : 1;
}

/* When so much of the round should have been done as was. May lie in the past. */
static int64_t schedule_ns(const struct sweep *sweep)
{
	double share = (double)sweep->progress.entries / (double)total_entries(sweep);

	return sweep->started_ns + (int64_t)((double)round_ns(sweep) * (share < 1 ? share : 1));
}

static void place_round(struct sweep *sweep)
{
	int64_t passed = sweep->progress.started ? wall_now(sweep) - sweep->progress.started : 0;
	int64_t most = (int64_t)(2 * sweep->period_ns / NS_IN_SECOND);

	/* a clock that was set back, or far ahead */
	if (passed < 0)
		passed = 0;
	if (passed > most)
		passed = most;
	sweep->started_ns = (int64_t)sweep->now_ns - passed * (int64_t)NS_IN_SECOND;
	sweep->placed = true;
}

/* So that one slice is no burst, and yet the round comes to its end in time. */
static uint64_t rate_bytes(const struct sweep *sweep)
{
	const struct progress *progress = &sweep->progress;
	double bytes = (double)progress->last_bytes, needed;

	if ((int64_t)sweep->now_ns - schedule_ns(sweep) > (int64_t)(sweep->period_ns / 100 * LATE_PERCENT))
		return 0;
	if (bytes < 1 && progress->entries)
		bytes = (double)progress->bytes / (double)progress->entries * (double)total_entries(sweep);
	needed = bytes / ((double)round_ns(sweep) / (double)NS_IN_SECOND);
	return needed * RATE_FACTOR > RATE_LEAST ? (uint64_t)(needed * RATE_FACTOR) : RATE_LEAST;
}

static int ask_slice(struct sweep *sweep, struct view *view, struct err *err)
{
	struct look_request request = {
		.purpose = LOOK_ROUND,
		.stop_bytes = SWEEP_SLICE_BYTES,
		.stop_entries = sweep->slice_entries,
		.rate_bytes = rate_bytes(sweep),
		.read_from = SEVERITY_COUNT,
		.number = ++sweep->number,
	};
	unsigned char *after;
	int r;

	buf_clear(&sweep->at);
	r = drift_mark_last(sweep->drift, &sweep->at, err);
	if (r < 0)
		return r;
	if (sweep->at.len == 0) /* a new round, or the marks were lost */
		sweep->progress.entries = sweep->progress.bytes = 0;
	after = malloc(sweep->at.len + 1);
	if (!after)
		return err_nomem(err);
	if (sweep->at.len)
		memcpy(after, sweep->at.data, sweep->at.len);
	request.after = (struct bytes){ after, sweep->at.len };
	r = looker_ask(sweep->looker, &request, view, err);
	sweep->slice = r == 0;
	return r;
}

static int tick_round(struct sweep *sweep, struct view *view, struct err *err)
{
	struct progress *progress = &sweep->progress;
	int64_t due_ns;

	sweep->round_due_ns = sweep->now_ns + RETRY_SECONDS * NS_IN_SECOND;
	if (!view->stand)
		return 0;
	sweep->total = view->stand->reference.statement->entries;
	if (!sweep->placed)
		place_round(sweep);
	due_ns = schedule_ns(sweep);
	if (progress->started && due_ns > (int64_t)sweep->now_ns) {
		sweep->round_due_ns = (uint64_t)due_ns;
		return 0;
	}
	if (!progress->started || progress->over) {
		progress->started = wall_now(sweep);
		progress->entries = progress->bytes = 0;
		progress->over = 0;
		sweep->started_ns = (int64_t)sweep->now_ns;
	}
	return ask_slice(sweep, view, err);
}

static int slice_done(struct sweep *sweep, const struct look_done *done, struct err *err)
{
	struct progress *progress = &sweep->progress;
	int r;

	sweep->slice = false;
	if (done->err.code) /* the marks stay: it is asked for again */
		return 0;
	progress->entries += done->examined;
	progress->bytes += done->bytes_read;
	if (done->ended) {
		progress->last_entries = progress->entries;
		progress->last_bytes = progress->bytes;
		progress->rounds++;
		progress->over = 1;
	}
	r = drift_mark(sweep->drift,
		       done->ended ? (struct bytes){ NULL, 0 }
				   : (struct bytes){ done->reached.data, done->reached.len },
		       done->from.sec, err);
	if (r == 0)
		r = store(sweep, err);
	if (r == 0)
		r = drift_commit(sweep->drift, err);
	sweep->round_due_ns = 0; /* the next tick finds out */
	return r;
}

void sweep_renew(struct sweep *sweep)
{
	sweep->round_due_ns = 0;
}

/* --- the polling ring --- */

static void paths_freep(struct look_request *request)
{
	for (size_t i = 0; i < request->path_count; i++)
		free((void *)(uintptr_t)request->paths[i].data);
	free(request->paths);
	request->paths = NULL;
	request->path_count = 0;
}

static int add_path(struct look_request *request, const struct buf *path, struct err *err)
{
	unsigned char *copy = malloc(path->len + 1);

	if (!request->paths)
		request->paths = calloc(SWEEP_POLL_PATHS, sizeof(*request->paths));
	if (!copy || !request->paths) {
		free(copy);
		return err_nomem(err);
	}
	memcpy(copy, path->data, path->len);
	request->paths[request->path_count++] = (struct bytes){ copy, path->len };
	return 0;
}

static int ask_ring(struct sweep *sweep, struct look_request *paths, struct view *view, struct err *err)
{
	struct look_request request = *paths;

	request.purpose = LOOK_POLL;
	request.depth = SCAN_CHILDREN;
	request.quick = true;
	request.read_from = SEVERITY_COUNT;
	request.number = sweep->ring_asked = ++sweep->number;
	*paths = (struct look_request){ .paths = NULL };
	return looker_ask(sweep->looker, &request, view, err);
}

static int poll_ring(struct sweep *sweep, struct view *view, struct err *err)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	CLEANUP(paths_freep) struct look_request paths = { .paths = NULL };
	size_t cursor = 0;
	int r;

	while ((r = watch_polled(sweep->watch, &cursor, &path, err)) > 0) {
		r = add_path(&paths, &path, err);
		if (r == 0 && paths.path_count == SWEEP_POLL_PATHS)
			r = ask_ring(sweep, &paths, view, err);
		if (r < 0)
			return r;
		buf_clear(&path);
	}
	if (r == 0 && paths.path_count)
		r = ask_ring(sweep, &paths, view, err);
	return r;
}

static bool ring_is_quiet(const struct sweep *sweep)
{
	return sweep->ring_done == sweep->ring_asked;
}

int sweep_poll_now(struct sweep *sweep, struct view *view, uint64_t *ret_number, struct err *err)
{
	bool quiet = ring_is_quiet(sweep);
	uint64_t before = sweep->ring_asked;
	int r = poll_ring(sweep, view, err);

	if (r < 0)
		return r;
	if (sweep->ring_asked == before && quiet) /* nothing to poll, and nothing under way: done at once */
		sweep->ring_asked = sweep->ring_done = ++sweep->number;
	*ret_number = sweep->ring_asked;
	return 0;
}

uint64_t sweep_polled(const struct sweep *sweep)
{
	return sweep->ring_done;
}

static int tick_ring(struct sweep *sweep, struct view *view, struct err *err)
{
	sweep->poll_due_ns = sweep->now_ns + SWEEP_POLL_SECONDS * NS_IN_SECOND;
	return ring_is_quiet(sweep) ? poll_ring(sweep, view, err) : 0;
}

/* --- both --- */

uint64_t sweep_due_ns(const struct sweep *sweep)
{
	return sweep->slice || sweep->poll_due_ns < sweep->round_due_ns ? sweep->poll_due_ns : sweep->round_due_ns;
}

int sweep_tick(struct sweep *sweep, uint64_t now_ns, struct view *view, struct err *err)
{
	int r = 0;

	sweep->now_ns = now_ns;
	if (now_ns >= sweep->poll_due_ns)
		r = tick_ring(sweep, view, err);
	if (r == 0 && !sweep->slice && now_ns >= sweep->round_due_ns)
		r = tick_round(sweep, view, err);
	return r;
}

int sweep_done(struct sweep *sweep, const struct look_done *done, struct err *err)
{
	if (done->purpose == LOOK_ROUND)
		return slice_done(sweep, done, err);
	if (done->purpose == LOOK_POLL) {
		sweep->ring_done = done->number;
		if (ring_is_quiet(sweep))
			sweep->last_poll = wall_now(sweep);
	}
	return 0;
}

void sweep_state(struct sweep *sweep, struct sweep_state *ret_state)
{
	const struct progress *progress = &sweep->progress;
	struct err err;

	*ret_state = (struct sweep_state){
		.round_started = progress->over ? 0 : progress->started,
		.rounds = progress->rounds,
		.last_poll = sweep->last_poll,
	};
	/* what can't be read now is told as not known */
	(void)drift_oldest(sweep->drift, &ret_state->oldest, &err);
	buf_clear(&sweep->at);
	if (drift_mark_last(sweep->drift, &sweep->at, &err) == 0)
		ret_state->at = (struct bytes){ sweep->at.data, sweep->at.len };
}

void sweep_set_period(struct sweep *sweep, uint64_t seconds, uint64_t slice_entries)
{
	sweep->period_ns = seconds * NS_IN_SECOND;
	sweep->slice_entries = slice_entries;
}

void sweep_set_wall(struct sweep *sweep, int64_t seconds)
{
	sweep->wall = seconds;
}
