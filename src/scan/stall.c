/*
 * stall.c - see stall.h.
 *
 * Time is counted in ticks of waiting, not by a clock: a process that was stopped for an hour has not waited.
 */
#include "scan/stall.h"

#include <errno.h>
#include <string.h>

#include "scan/worker.h"

enum { END_MS = 1000 };

const char stall_problem[] = "no answer within 30 s";

/* Another tick has passed: how long has the worker been in the same call? */
static unsigned still_ms(struct worker *worker)
{
	uint64_t progress = atomic_load_explicit(&worker->progress, memory_order_relaxed);

	if (progress != worker->seen_progress || atomic_load(&worker->phase) != PHASE_BLOCKED) {
		worker->seen_progress = progress;
		worker->still_ms = 0;
	} else {
		worker->still_ms += POOL_TICK_MS;
	}
	return worker->still_ms;
}

static bool abandon(struct pool *pool, struct worker *worker)
{
	int expected = PHASE_BLOCKED;
	struct worker **link = &pool->workers;

	if (!atomic_compare_exchange_strong(&worker->phase, &expected, PHASE_ABANDONED))
		return false;
	while (*link != worker)
		link = &(*link)->next;
	*link = worker->next;
	(void)pthread_detach(worker->thread);
	pool->abandoned++;
	return true;
}

/* The directory goes on without the name that hung; a listing that hung has failed. 0 or -1. */
static int settle_node(struct pool *pool, struct node *node, size_t at)
{
	struct node *entry = node;

	if (atomic_load(&node->listed) != LISTED_NO) {
		(void)atomic_fetch_add(&node->stalls, 1);
		node->stuck_name = at + 1;
		node->task = TASK_QUEUED;
		if (buf_add(&pool->stack, &entry, sizeof(struct node *)) < 0)
			return -1;
		(void)node_ref(node);
		return 0;
	}
	node->problem = strdup(stall_problem);
	if (!node->problem)
		return -1;
	node->task = TASK_DONE;
	atomic_store_explicit(&node->listed, LISTED_YES, memory_order_release);
	return 0;
}

/* Under the lock. */
static int settle(struct pool *pool, struct worker *worker, struct batch **ret_batch, struct err *err)
{
	size_t at = atomic_load(&worker->at);
	int r;

	if (!abandon(pool, worker))
		return 0;
	if (pool->abandoned > POOL_ABANDONED_MAX)
		return err_set(err, ERR_IO, "more than %d files or directories gave %s", POOL_ABANDONED_MAX,
			       stall_problem);
	if (worker->node && settle_node(pool, worker->node, at) < 0)
		return err_nomem(err);
	if (worker->batch)
		*ret_batch = batch_ref(worker->batch);
	r = worker_start(pool);
	if (r != 0 && !pool->workers)
		return err_errno(err, r, "cannot start a thread");
	return 0;
}

int stall_look(struct pool *pool, struct batch **ret_batch, struct err *err)
{
	struct worker *next;
	int r = 0;

	(void)pthread_mutex_lock(&pool->lock);
	for (struct worker *worker = pool->workers; worker && r == 0 && !*ret_batch; worker = next) {
		next = worker->next;
		if (still_ms(worker) >= pool->stall_ms)
			r = settle(pool, worker, ret_batch, err);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return r;
}

static struct worker *take_exited(struct pool *pool)
{
	for (struct worker **link = &pool->workers; *link; link = &(*link)->next) {
		struct worker *worker = *link;

		if (!worker->exited)
			continue;
		*link = worker->next;
		return worker;
	}
	return NULL;
}

void stall_join(struct pool *pool)
{
	struct worker *worker, *next;
	struct timespec until;

	(void)pthread_mutex_lock(&pool->lock);
	(void)pthread_cond_broadcast(&pool->work);
	while (pool->workers) {
		worker = take_exited(pool);
		if (worker) {
			(void)pthread_mutex_unlock(&pool->lock);
			worker_join(worker);
			(void)pthread_mutex_lock(&pool->lock);
			continue;
		}
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += POOL_TICK_MS / 1000;
		until.tv_nsec += POOL_TICK_MS % 1000 * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000L;
		}
		if (pthread_cond_timedwait(&pool->done, &pool->lock, &until) != ETIMEDOUT)
			continue;
		for (worker = pool->workers; worker; worker = next) {
			next = worker->next;
			if (!worker->exited && still_ms(worker) >= END_MS)
				(void)abandon(pool, worker);
		}
	}
	(void)pthread_mutex_unlock(&pool->lock);
}
