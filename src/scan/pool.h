/*
 * pool.h - the workers of a scan and the two kinds of task: list and examine a directory, hash a batch of files.
 *
 * The consumer (one thread) queues batches and asks for directories; workers prefer what the consumer waits for,
 * then batches, then the directory that comes first in path order, as long as not too many examined entries wait
 * to be consumed. Because the directory that the consumer waits for is exempt from that bound, somebody can
 * always go on.
 *
 * Stalls: a worker tells when it is inside calls that may never return (worker_block(), worker_unblock()). Only
 * then, and only when nothing has moved for the limit, may the consumer abandon it: its task is settled without
 * it and another worker is started. An abandoned worker that wakes finds out before it touches anything but
 * its own memory and what it holds references to, cleans up and ends. The pool itself is reference-counted.
 */
#ifndef SCAN_POOL_H
#define SCAN_POOL_H

#include <pthread.h>

#include "crypto/digest.h"
#include "scan/fdcache.h"
#include "scan/hashfile.h"
#include "scan/meta.h"
#include "scan/pace.h"
#include "scan/shared.h"

enum {
	POOL_ENTRIES_AHEAD = 16384, /* examined and not yet consumed */
	POOL_READ_BYTES = 64 << 10, /* one read of content: stays in the first caches on its way into the digest */
	POOL_STALL_MS = 30 * 1000,
	POOL_TICK_MS = 100, /* how often a waiting consumer looks up */
	POOL_ABANDONED_MAX = 64, /* more workers hanging than this end the scan */
	POOL_NODE_STALLS_MAX = 3 /* after that many no more is asked in that directory */
};

enum worker_phase { PHASE_RUNNING, PHASE_BLOCKED, PHASE_ABANDONED };

struct worker {
	struct pool *pool; /* a reference */
	struct worker *next; /* (lock) */
	pthread_t thread;
	atomic_int phase;
	atomic_uint_fast64_t progress; /* counts what came back */
	atomic_size_t at; /* index of the name being examined */
	struct node *node; /* (lock) a reference: what it works on */
	struct batch *batch; /* (lock) a reference */
	bool exited; /* (lock) */
	uint64_t seen_progress; /* (walk) */
	unsigned still_ms; /* (walk) */

	/* its own */
	struct meta_space space;
	struct buf path, scratch;
	unsigned char *buffer; /* POOL_READ_BYTES */
};

struct pool {
	atomic_uint refs;
	const struct shared *shared; /* not for abandoned workers */
	struct fdcache fds;
	struct scan_stats stats;
	atomic_size_t ahead; /* entries examined and not yet consumed */
	atomic_bool stop;
	struct pace pace;
	atomic_uint lease_waits; /* naps taken for files under a lease */

	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct worker *workers;
	struct buf stack; /* struct node *[]: references; those not TASK_QUEUED are passed over */
	struct batch *first_batch, *last_batch; /* references */
	struct node *urgent; /* a reference */
	const struct node *awaited_node; /* what the consumer sleeps for */
	const struct batch *awaited_batch;
	unsigned idle; /* workers asleep */
	unsigned abandoned;
	struct err failure; /* code 0: none */

	unsigned stall_ms; /* (walk) */
};

/* The first worker at least must start. SHARED outlives pool_end(). */
int pool_new(const struct shared *shared, unsigned threads, size_t fd_cap, struct pool **ret_pool, struct err *err);
void pool_endp(struct pool **pool); /* stops and joins the workers, leaves the hanging ones behind */
void pool_unref(struct pool *pool); /* for a worker that ends */

/* --- for the consumer --- */
int pool_push(struct pool *pool, struct node *node, struct err *err); /* to be listed; takes its own reference */
void pool_queue(struct pool *pool, struct batch *batch, bool first); /* takes its own reference */
/* The next chunk of a node, a reference; 0 and NULL when it is not examined yet; 1 and NULL at its end. */
int pool_take_chunk(struct pool *pool, struct node *node, struct chunk **ret_chunk);
void pool_consumed(struct pool *pool, size_t entries);
/* The failure of some worker, if there was one. */
int pool_failure(struct pool *pool, struct err *err);

/* Sleep until the batch is complete; or until the node has a chunk, is done or failed (LISTED: until it is
 * listed). At most POOL_TICK_MS: call again. */
void pool_wait_batch(struct pool *pool, const struct batch *batch);
void pool_wait_node(struct pool *pool, struct node *node, bool listed);

/* --- for workers, never while blocked --- */
void pool_publish_listing(struct pool *pool, struct node *node, struct listing *listing, struct policy_dir *policy_dir,
			  char *problem, enum node_listed listed);
/* Takes CHUNK over, and a reference to each directory in it that is entered. 0 or -1. */
int pool_publish_chunk(struct pool *pool, struct node *node, struct chunk *chunk);
void pool_publish_batch(struct pool *pool, struct batch *batch);
void pool_fail(struct pool *pool, const struct err *failure);

#endif
