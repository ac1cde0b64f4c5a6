/* pool.c - see pool.h. What happens to a hanging worker: stall.c. */
#include "scan/pool.h"

#include <errno.h>
#include <stdlib.h>

#include "scan/stall.h"
#include "scan/worker.h"

static struct node **stack_nodes(const struct pool *pool)
{
	return (struct node **)(void *)pool->stack.data;
}

void pool_unref(struct pool *pool)
{
	if (atomic_fetch_sub_explicit(&pool->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < pool->stack.len / sizeof(struct node *); i++)
		node_unrefp(&stack_nodes(pool)[i]);
	buf_done(&pool->stack);
	while (pool->first_batch) {
		struct batch *next = pool->first_batch->next;

		batch_unrefp(&pool->first_batch);
		pool->first_batch = next;
	}
	if (pool->urgent)
		node_unrefp(&pool->urgent);
	fdcache_done(&pool->fds);
	(void)pthread_mutex_destroy(&pool->lock);
	(void)pthread_cond_destroy(&pool->work);
	(void)pthread_cond_destroy(&pool->done);
	free(pool);
}

/* Timed waits by the monotonic clock: the wall clock may be set. */
static void init_locks(struct pool *pool)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&pool->work, &attr);
	(void)pthread_cond_init(&pool->done, &attr);
	(void)pthread_condattr_destroy(&attr);
}

int pool_new(const struct shared *shared, unsigned threads, size_t fd_cap, struct pool **ret_pool, struct err *err)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	int failure = 0;

	if (!pool)
		return err_nomem(err);
	atomic_init(&pool->refs, 1);
	pool->shared = shared;
	pool->stall_ms = POOL_STALL_MS;
	pool->pace.rate = shared->options.rate_bytes;
	fdcache_init(&pool->fds, fd_cap);
	init_locks(pool);
	(void)pthread_mutex_lock(&pool->lock);
	for (unsigned i = 0; i < threads && failure == 0; i++)
		failure = worker_start(pool);
	(void)pthread_mutex_unlock(&pool->lock);
	if (!pool->workers) {
		pool_endp(&pool);
		return failure == ENOMEM ? err_nomem(err) : err_errno(err, failure, "cannot start a thread");
	}
	*ret_pool = pool;
	return 0;
}

void pool_endp(struct pool **pool)
{
	if (!*pool)
		return;
	atomic_store(&(*pool)->stop, true);
	stall_join(*pool);
	pool_unref(*pool);
	*pool = NULL;
}

void pool_fail(struct pool *pool, const struct err *failure)
{
	(void)pthread_mutex_lock(&pool->lock);
	if (pool->failure.code == 0)
		pool->failure = *failure;
	atomic_store(&pool->stop, true);
	(void)pthread_cond_broadcast(&pool->work);
	(void)pthread_cond_signal(&pool->done);
	(void)pthread_mutex_unlock(&pool->lock);
}

int pool_failure(struct pool *pool, struct err *err)
{
	struct err failure;

	if (!atomic_load_explicit(&pool->stop, memory_order_relaxed))
		return 0;
	(void)pthread_mutex_lock(&pool->lock);
	failure = pool->failure;
	(void)pthread_mutex_unlock(&pool->lock);
	if (failure.code != 0)
		*err = failure;
	return failure.code;
}

static int push_locked(struct pool *pool, struct node *node)
{
	if (buf_add(&pool->stack, &node, sizeof(struct node *)) < 0)
		return -1;
	(void)node_ref(node);
	node->task = TASK_QUEUED;
	return 0;
}

static void wake_worker(struct pool *pool)
{
	if (pool->idle)
		(void)pthread_cond_signal(&pool->work);
}

int pool_push(struct pool *pool, struct node *node, struct err *err)
{
	int r;

	(void)pthread_mutex_lock(&pool->lock);
	r = push_locked(pool, node);
	wake_worker(pool);
	(void)pthread_mutex_unlock(&pool->lock);
	return r < 0 ? err_nomem(err) : 0;
}

void pool_queue(struct pool *pool, struct batch *batch, bool first)
{
	(void)batch_ref(batch);
	(void)pthread_mutex_lock(&pool->lock);
	batch->next = first ? pool->first_batch : NULL;
	if (first)
		pool->first_batch = batch;
	else
		*(pool->last_batch ? &pool->last_batch->next : &pool->first_batch) = batch;
	if (!first || !pool->last_batch)
		pool->last_batch = batch;
	wake_worker(pool);
	(void)pthread_mutex_unlock(&pool->lock);
}

static bool is_finished(const struct node *node)
{
	return node->task == TASK_DONE && !node->first;
}

int pool_take_chunk(struct pool *pool, struct node *node, struct chunk **ret_chunk)
{
	struct chunk *chunk;
	bool finished;

	(void)pthread_mutex_lock(&pool->lock);
	chunk = node->first;
	if (chunk) {
		node->first = chunk->next;
		if (!node->first)
			node->last = NULL;
	}
	finished = !chunk && is_finished(node);
	(void)pthread_mutex_unlock(&pool->lock);
	if (chunk) {
		chunk->next = NULL;
		chunk->node = node_ref(node);
	}
	*ret_chunk = chunk;
	return finished;
}

void pool_consumed(struct pool *pool, size_t entries)
{
	size_t before = atomic_fetch_sub(&pool->ahead, entries);

	/* wake sleepers once when half of what may lie ahead is used up */
	if (before < POOL_ENTRIES_AHEAD / 2 || before - entries >= POOL_ENTRIES_AHEAD / 2)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	if (pool->idle)
		(void)pthread_cond_broadcast(&pool->work);
	(void)pthread_mutex_unlock(&pool->lock);
}

static void sleep_locked(struct pool *pool)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += POOL_TICK_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	(void)pthread_cond_timedwait(&pool->done, &pool->lock, &until);
}

void pool_wait_batch(struct pool *pool, const struct batch *batch)
{
	(void)pthread_mutex_lock(&pool->lock);
	if (!atomic_load_explicit(&batch->complete, memory_order_acquire) && pool->failure.code == 0) {
		pool->awaited_batch = batch;
		sleep_locked(pool);
		pool->awaited_batch = NULL;
	}
	(void)pthread_mutex_unlock(&pool->lock);
}

void pool_wait_node(struct pool *pool, struct node *node, bool listed)
{
	struct node *old = NULL;

	(void)pthread_mutex_lock(&pool->lock);
	if (pool->urgent != node) {
		old = pool->urgent;
		pool->urgent = node_ref(node);
	}
	if (pool->failure.code == 0 && !(listed ? atomic_load_explicit(&node->listed, memory_order_acquire) != LISTED_NO
						: node->first || node->task == TASK_DONE)) {
		wake_worker(pool);
		pool->awaited_node = node;
		sleep_locked(pool);
		pool->awaited_node = NULL;
	}
	(void)pthread_mutex_unlock(&pool->lock);
	if (old)
		node_unrefp(&old);
}

void pool_publish_listing(struct pool *pool, struct node *node, struct listing *listing, struct policy_dir *policy_dir,
			  char *problem, enum node_listed listed)
{
	(void)pthread_mutex_lock(&pool->lock);
	node->listing = *listing;
	node->policy_dir = policy_dir;
	node->problem = problem;
	if (listing->count == 0)
		node->task = TASK_DONE;
	atomic_store_explicit(&node->listed, (int)listed, memory_order_release);
	if (pool->awaited_node == node)
		(void)pthread_cond_signal(&pool->done);
	(void)pthread_mutex_unlock(&pool->lock);
}

/* The rest of the directory first, then its subdirectories: the smallest ends up on top. */
static int push_next(struct pool *pool, struct node *node, const struct chunk *chunk)
{
	if (node->task == TASK_QUEUED && push_locked(pool, node) < 0)
		return -1;
	for (size_t i = chunk->count; i-- > 0;)
		if (chunk->children[i].subdir && push_locked(pool, chunk->children[i].subdir) < 0)
			return -1;
	return 0;
}

int pool_publish_chunk(struct pool *pool, struct node *node, struct chunk *chunk)
{
	int r;

	(void)atomic_fetch_add(&pool->ahead, chunk->count);
	(void)pthread_mutex_lock(&pool->lock);
	node->next_name = chunk->end;
	node->task = chunk->end < node->listing.count ? TASK_QUEUED : TASK_DONE;
	*(node->last ? &node->last->next : &node->first) = chunk;
	node->last = chunk;
	r = push_next(pool, node, chunk);
	if (pool->idle)
		(void)pthread_cond_broadcast(&pool->work);
	if (pool->awaited_node == node)
		(void)pthread_cond_signal(&pool->done);
	(void)pthread_mutex_unlock(&pool->lock);
	return r;
}

void pool_publish_batch(struct pool *pool, struct batch *batch)
{
	(void)pthread_mutex_lock(&pool->lock);
	atomic_store_explicit(&batch->complete, true, memory_order_release);
	if (pool->awaited_batch == batch)
		(void)pthread_cond_signal(&pool->done);
	(void)pthread_mutex_unlock(&pool->lock);
}
