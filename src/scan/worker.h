/*
 * worker.h - the threads of the pool. See pool.h for how they end.
 */
#ifndef SCAN_WORKER_H
#define SCAN_WORKER_H

#include "scan/pool.h"

/* Starts one more. Call under the pool's lock. 0 or a positive errno. */
int worker_start(struct pool *pool);

/* Waits for the end of one that has `exited` set, and frees it. */
void worker_join(struct worker *worker);

/* Brackets around calls that may hang. worker_unblock() is false when the worker was abandoned meanwhile: then
 * only its own memory and references may be touched. */
void worker_block(struct worker *worker);
bool worker_unblock(struct worker *worker);

/* Something came back: not hanging. For loops of calls within one bracket. */
void worker_progress(struct worker *worker);

/* The scan is ending or failed. */
bool worker_must_stop(const struct worker *worker);

#endif
