/*
 * look.c - see look.h: the two threads and what waits for them.
 */
#include "daemon/look.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "daemon/look_inner.h"
#include "daemon/pathset.h"

enum { /* ioprio_set(2), of which there is no header */
       IOPRIO_WHO_PROCESS = 1,
       IOPRIO_LAST_OF_BEST_EFFORT = 2 << 13 | 7,
       IOPRIO_IDLE = 3 << 13,
       NICE_URGENT = 10,
       NICE_LAST = 19
};

const char *look_purpose_name(enum look_purpose purpose)
{
	static const char *const names[] = { "names", "loss", "start", "rule", "poll", "asked", "round" };

	return purpose < LOOK_PURPOSES ? names[purpose] : "";
}

/* --- jobs --- */

static void request_done(struct look_request *request)
{
	for (size_t i = 0; i < request->path_count; i++)
		free((void *)(uintptr_t)request->paths[i].data); /* owned, though struct bytes says const */
	free(request->paths);
	free((void *)(uintptr_t)request->after.data);
	*request = (struct look_request){ .purpose = LOOK_PURPOSES };
}

static void done_free(struct mail *mail)
{
	struct look_done *done = (struct look_done *)(void *)mail;

	buf_done(&done->reached);
	free(done);
}

static void job_freep(struct look_job **job)
{
	struct look_job *old = *job;

	*job = NULL;
	if (!old)
		return;
	request_done(&old->request);
	view_unrefp(&old->view);
	if (old->done)
		done_free(&old->done->mail);
	free(old);
}

static int job_new(struct look_request *request, struct view *view, struct look_job **ret_job, struct err *err)
{
	struct look_job *job = calloc(1, sizeof(*job));

	if (job)
		job->done = calloc(1, sizeof(*job->done));
	if (!job || !job->done) {
		free(job);
		request_done(request);
		return err_nomem(err);
	}
	request->path_count = pathset_reduce(request->paths, request->path_count, request->depth == SCAN_BELOW);
	job->request = *request;
	job->view = view_ref(view);
	job->done->mail = (struct mail){ .kind = MAIL_LOOKED, .free = done_free };
	job->done->purpose = request->purpose;
	job->done->number = request->number;
	*request = (struct look_request){ .purpose = LOOK_PURPOSES };
	*ret_job = job;
	return 0;
}

/* --- the threads --- */

/* Threads that a scan starts inherit all of it. A kernel that refuses is no reason not to look. */
static void lower_priority(const struct look_lane *lane)
{
	bool idle = lane == &lane->looker->lanes[LANE_IDLE];
	const struct sched_param none = { .sched_priority = 0 };

	if (!idle || sched_setscheduler(0, SCHED_IDLE, &none) < 0)
		(void)setpriority(PRIO_PROCESS, 0, idle ? NICE_LAST : NICE_URGENT);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, idle ? IOPRIO_IDLE : IOPRIO_LAST_OF_BEST_EFFORT);
}

static void note_waiting(struct look_lane *lane)
{
	atomic_store(&lane->waiting, lane->first ? (int)lane->first->request.purpose : LOOK_PURPOSES);
}

/* FRONT: it has stepped aside, and is the oldest of its purpose. */
static void enqueue(struct look_lane *lane, struct look_job *job, bool front)
{
	struct look_job **at = &lane->first;

	while (*at && ((*at)->request.purpose < job->request.purpose ||
		       (!front && (*at)->request.purpose == job->request.purpose)))
		at = &(*at)->next;
	job->next = *at;
	*at = job;
	note_waiting(lane);
}

static struct look_job *dequeue(struct look_lane *lane)
{
	struct look_job *job = lane->first;

	if (!job)
		return NULL;
	lane->first = job->next;
	job->next = NULL;
	note_waiting(lane);
	return job;
}

/* The next job, which is running from now on; NULL: the end. */
static struct look_job *begin(struct look_lane *lane)
{
	struct looker *looker = lane->looker;
	struct look_job *job = NULL;

	pthread_mutex_lock(&looker->lock);
	while (!looker->stop && !lane->first)
		pthread_cond_wait(&looker->asked, &looker->lock);
	if (!looker->stop) {
		job = dequeue(lane);
		if (job->done->from.sec == 0)
			job->done->from = time_now();
		lane->running = job;
		lane->since = job->done->from;
		lane->examined = job->done->examined;
		lane->bytes_read = job->done->bytes_read;
	}
	pthread_mutex_unlock(&looker->lock);
	return job;
}

static void end(struct look_lane *lane, struct look_job *job, bool again)
{
	struct looker *looker = lane->looker;

	/* first the message, then nothing counts any more */
	if (!again) {
		job->done->to = time_now();
		mailbox_put(looker->out, &STEAL(job->done)->mail);
	}
	pthread_mutex_lock(&looker->lock);
	lane->running = NULL;
	if (again)
		enqueue(lane, STEAL(job), true);
	pthread_mutex_unlock(&looker->lock);
	job_freep(&job);
}

static void *work(void *context)
{
	struct look_lane *lane = context;
	struct look_job *job;

	lower_priority(lane);
	while ((job = begin(lane)))
		end(lane, job, look_run(lane, job) > 0);
	baseline_freep(&lane->baseline);
	if (lane->stand)
		stand_unrefp(&lane->stand);
	return NULL;
}

/* --- for everybody --- */

int looker_new(struct drift *drift, struct mailbox *out, struct looker **ret_looker, struct err *err)
{
	struct looker *looker = calloc(1, sizeof(*looker));
	CLEANUP(looker_freep) struct looker *owned = NULL;

	if (looker)
		looker->gauge = calloc(1, sizeof(*looker->gauge));
	if (!looker || !looker->gauge) {
		free(looker);
		return err_nomem(err);
	}
	atomic_init(&looker->gauge->refs, 1);
	looker->drift = drift;
	looker->out = out;
	(void)pthread_mutex_init(&looker->lock, NULL);
	(void)pthread_cond_init(&looker->asked, NULL);
	owned = looker;
	for (unsigned i = 0; i < LANES; i++) {
		struct look_lane *lane = &looker->lanes[i];
		int failure;

		lane->looker = looker;
		note_waiting(lane);
		failure = pthread_create(&lane->thread, NULL, work, lane);
		if (failure)
			return err_errno(err, failure, "cannot start a thread");
		lane->started = true;
	}
	*ret_looker = STEAL(owned);
	return 0;
}

void looker_freep(struct looker **looker)
{
	struct looker *old = *looker;

	*looker = NULL;
	if (!old)
		return;
	pthread_mutex_lock(&old->lock);
	old->stop = true;
	atomic_store(&old->interrupted, true);
	pthread_cond_broadcast(&old->asked);
	pthread_mutex_unlock(&old->lock);
	for (unsigned i = 0; i < LANES; i++) {
		struct look_lane *lane = &old->lanes[i];
		struct look_job *job;

		if (lane->started)
			(void)pthread_join(lane->thread, NULL);
		while ((job = dequeue(lane)))
			job_freep(&job);
	}
	pthread_cond_destroy(&old->asked);
	pthread_mutex_destroy(&old->lock);
	if (atomic_fetch_sub(&old->gauge->refs, 1) == 1)
		free(old->gauge);
	free(old);
}

int looker_ask(struct looker *looker, struct look_request *request, struct view *view, struct err *err)
{
	struct look_lane *lane = &looker->lanes[request->purpose < LOOK_POLL ? LANE_URGENT : LANE_IDLE];
	struct look_job *job = NULL;
	int r = job_new(request, view, &job, err);

	if (r < 0)
		return r;
	pthread_mutex_lock(&looker->lock);
	enqueue(lane, job, false);
	pthread_cond_broadcast(&looker->asked);
	pthread_mutex_unlock(&looker->lock);
	return 0;
}

static void running_state(const struct look_lane *lane, struct looker_state *state)
{
	state->busy = true;
	state->purpose = lane->running->request.purpose;
	state->since = lane->since;
	state->examined = lane->examined;
	state->bytes_read = lane->bytes_read;
	if (!lane->scan)
		return;
	state->examined += atomic_load(&scan_stats(lane->scan)->examined);
	state->bytes_read += atomic_load(&scan_stats(lane->scan)->bytes_read);
}

void looker_state(struct looker *looker, struct looker_state *ret_state)
{
	struct looker_state state = { .purpose = LOOK_PURPOSES };

	pthread_mutex_lock(&looker->lock);
	for (unsigned i = 0; i < LANES; i++) {
		const struct look_lane *lane = &looker->lanes[i];
		size_t waiting = 0;

		for (const struct look_job *job = lane->first; job; job = job->next)
			waiting++;
		state.waiting += waiting;
		if (i == LANE_URGENT)
			state.waiting_urgent = waiting + (lane->running != NULL);
		if (lane->running && !state.busy)
			running_state(lane, &state);
	}
	pthread_mutex_unlock(&looker->lock);
	*ret_state = state;
}
