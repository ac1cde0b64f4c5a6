/*
 * drain.h - a thread that does nothing but read the kernel's queues into memory, one for each trust class.
 *
 * Bounded: when a class has more than its bound in memory the thread leaves its queue alone, and what does not fit into
 * the kernel's then becomes the kernel's own overflow record, in order, like any other. Nothing is dropped here.
 */
#ifndef WATCH_DRAIN_H
#define WATCH_DRAIN_H

#include <sys/inotify.h>

#include "watch/watch.h"

struct drain;

struct drained {
	enum watch_class class;
	const struct inotify_event *event; /* borrowed until the next call of drain_next() */
	struct timestamp whole, read; /* the queue was empty, so nothing was lost before; when this was read */
};

/* FDS: inotify instances, non-blocking, borrowed. BOUND: bytes a class. Starts no thread. */
int drain_new(const int fds[WATCH_CLASSES], size_t bound, struct drain **ret_drain, struct err *err);
void drain_freep(struct drain **drain); /* stops it */
int drain_start(struct drain *drain, struct err *err);
void drain_stop(struct drain *drain);

/* Readable while drain_next() has something; it may be readable once too often. */
int drain_fd(const struct drain *drain);
/* The next event, those of WATCH_ROOT first. False: none is left. */
bool drain_next(struct drain *drain, struct drained *ret_drained);
bool drain_empty(const struct drain *drain);
/* As drain_empty(), and the kernel's queues were empty, too: no event from before the call is still to be given out. */
bool drain_idle(const struct drain *drain);
size_t drain_waiting(const struct drain *drain); /* bytes in memory */

#endif
