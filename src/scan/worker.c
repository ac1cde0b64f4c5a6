/* worker.c - see worker.h. */
#include "scan/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "scan/dirtask.h"
#include "sys/file.h"

void worker_block(struct worker *worker)
{
	atomic_store_explicit(&worker->phase, PHASE_BLOCKED, memory_order_release);
}

bool worker_unblock(struct worker *worker)
{
	int expected = PHASE_BLOCKED;

	worker_progress(worker);
	return atomic_compare_exchange_strong(&worker->phase, &expected, PHASE_RUNNING);
}

void worker_progress(struct worker *worker)
{
	(void)atomic_fetch_add_explicit(&worker->progress, 1, memory_order_relaxed);
}

bool worker_must_stop(const struct worker *worker)
{
	return atomic_load_explicit(&worker->phase, memory_order_relaxed) == PHASE_ABANDONED ||
	       atomic_load_explicit(&worker->pool->stop, memory_order_relaxed);
}

static void worker_free(struct worker *worker)
{
	if (worker->node)
		node_unrefp(&worker->node);
	if (worker->batch)
		batch_unrefp(&worker->batch);
	meta_space_done(&worker->space);
	buf_done(&worker->path);
	buf_done(&worker->scratch);
	free(worker->buffer);
	free(worker);
}

static struct worker *worker_new(struct pool *pool)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return NULL;
	worker->buffer = malloc(POOL_READ_BYTES);
	if (!worker->buffer) {
		free(worker);
		return NULL;
	}
	worker->pool = pool;
	atomic_init(&worker->phase, PHASE_RUNNING);
	return worker;
}

static struct node *pop_directory(struct pool *pool)
{
	while (pool->stack.len) {
		struct node *node;

		pool->stack.len -= sizeof(struct node *);
		node = *(struct node **)(void *)(pool->stack.data + pool->stack.len);
		if (node->task == TASK_QUEUED)
			return node;
		node_unrefp(&node);
	}
	return NULL;
}

/* Under the lock: the best task there is, into the worker. */
static bool find_task(struct pool *pool, struct worker *worker)
{
	if (pool->urgent && pool->urgent->task == TASK_QUEUED) {
		worker->node = node_ref(pool->urgent);
	} else if (pool->first_batch) {
		worker->batch = pool->first_batch;
		pool->first_batch = worker->batch->next;
		if (!pool->first_batch)
			pool->last_batch = NULL;
		worker->batch->next = NULL;
	} else if (atomic_load_explicit(&pool->ahead, memory_order_relaxed) < POOL_ENTRIES_AHEAD) {
		worker->node = pop_directory(pool);
	}
	if (worker->node)
		worker->node->task = TASK_RUNNING;
	return worker->node || worker->batch;
}

static bool take_task(struct worker *worker)
{
	struct pool *pool = worker->pool;
	struct node *node;
	struct batch *batch;
	bool found = false;

	(void)pthread_mutex_lock(&pool->lock);
	node = worker->node;
	batch = worker->batch;
	worker->node = NULL;
	worker->batch = NULL;
	while (!atomic_load(&pool->stop) && !(found = find_task(pool, worker))) {
		pool->idle++;
		(void)pthread_cond_wait(&pool->work, &pool->lock);
		pool->idle--;
	}
	(void)pthread_mutex_unlock(&pool->lock);
	if (node)
		node_unrefp(&node);
	if (batch)
		batch_unrefp(&batch);
	return found;
}

static void work(struct worker *worker)
{
	struct err failure;
	int r = 0;

	while (r == 0 && take_task(worker))
		r = worker->node ? dirtask_run(worker, worker->node) : hashfile_batch(worker, worker->batch);
	if (r < 0 && r != -ECANCELED) {
		(void)err_nomem(&failure);
		pool_fail(worker->pool, &failure);
	}
}

static void *run(void *context)
{
	struct worker *worker = context;
	struct pool *pool = worker->pool;
	bool abandoned;

	worker->space.own_cwd = sys_own_cwd();
	worker->space.trusted = pool->shared->trusted;
	work(worker);
	(void)pthread_mutex_lock(&pool->lock);
	abandoned = atomic_load(&worker->phase) == PHASE_ABANDONED;
	worker->exited = true;
	(void)pthread_cond_broadcast(&pool->done);
	(void)pthread_mutex_unlock(&pool->lock);
	/* else the one who joins it frees it */
	if (abandoned) {
		worker_free(worker);
		pool_unref(pool);
	}
	return NULL;
}

void worker_join(struct worker *worker)
{
	struct pool *pool = worker->pool;

	(void)pthread_join(worker->thread, NULL);
	worker_free(worker);
	pool_unref(pool);
}

int worker_start(struct pool *pool)
{
	struct worker *worker = worker_new(pool);
	sigset_t all, before;
	int r;

	if (!worker)
		return ENOMEM;
	/* signals are the main thread's */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&worker->thread, NULL, run, worker);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r != 0) {
		worker_free(worker);
		return r;
	}
	(void)atomic_fetch_add(&pool->refs, 1);
	worker->next = pool->workers;
	pool->workers = worker;
	return 0;
}
