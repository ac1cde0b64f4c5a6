/*
 * dirtask.h - what a worker does with a directory: list it, then examine its children chunk by chunk.
 */
#ifndef SCAN_DIRTASK_H
#define SCAN_DIRTASK_H

#include "scan/worker.h"

/* One step: the listing if there is none yet, and the next chunk. 0; -1 when memory is short; -ECANCELED when the
 * worker was abandoned. */
int dirtask_run(struct worker *worker, struct node *node);

#endif
