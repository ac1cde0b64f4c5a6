/*
 * dirjob.h - one directory in a worker's hands, shared by dirtask.c and dirlist.c.
 */
#ifndef SCAN_DIRJOB_H
#define SCAN_DIRJOB_H

#include "scan/worker.h"

/* One directory being worked on. */
struct dirjob {
	struct worker *worker;
	const struct shared *shared;
	struct node *node;
	struct pinned dir;
	bool in_cwd;
	size_t path_len; /* of the directory, in worker->path; a child's name comes behind */
};

/* Reads the names and publishes them, or why there are none. 0; -1 when memory is short; -ECANCELED when the worker was
 * abandoned. Leaves the directory pinned when it could be opened. */
int dirlist_run(struct dirjob *job);

#endif
