/*
 * stall.h - workers that hang in a system call (a network or FUSE file system that gives no answer).
 *
 * All of it is the consumer's.
 */
#ifndef SCAN_STALL_H
#define SCAN_STALL_H

#include "scan/pool.h"

extern const char stall_problem[]; /* "no answer within 30 s" */

/* Called when a wait ended without success: looks whether some worker has hung for the limit and abandons it. A
 * directory task is settled here (the name that hung is passed over, or the listing fails); a batch is handed
 * back in *ret_batch, a reference, for the caller to settle from item `done` on. 0, or an error when too many hang. */
int stall_look(struct pool *pool, struct batch **ret_batch, struct err *err);

/* At the end: waits for the workers, abandons those that hang for one second, joins the others. */
void stall_join(struct pool *pool);

#endif
