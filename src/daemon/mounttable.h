/*
 * mounttable.h - the mount table of the place that tallyd was started in, though it lives in a namespace of its own now.
 *
 * An open mountinfo file goes on telling of the namespace that it was opened in. What init's namespace mounts later, and ours
 * does not show, is added: it lies over the files that everybody else sees. One owner.
 */
#ifndef DAEMON_MOUNTTABLE_H
#define DAEMON_MOUNTTABLE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/path.h"
#include "tally/err.h"

struct mounttable {
	int own_fd, init_fd; /* borrowed; init_fd may be -1 */
	struct buf init_first; /* unsigned long[]: ids of the mounts of init's namespace at the beginning, sorted */
};

/* Remembers what init's namespace has now. */
int mounttable_init(struct mounttable *table, int own_fd, int init_fd, struct err *err);
void mounttable_done(struct mounttable *table);
/* The present table as a file in memory, to be given to sys_mounts_load() as /proc/self/fd/N; the caller's. */
int mounttable_read(const struct mounttable *table, int *ret_fd, struct err *err);

#endif
