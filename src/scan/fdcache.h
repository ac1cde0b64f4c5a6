/*
 * fdcache.h - directory descriptors: a bounded number open, the least recently used closed first, reopened from
 * the nearest open ancestor and checked to be the directory that was meant. Thread-safe.
 */
#ifndef SCAN_FDCACHE_H
#define SCAN_FDCACHE_H

#include <pthread.h>

#include "scan/node.h"

struct fdcache {
	pthread_mutex_t lock;
	struct node *newest, *oldest; /* open ones; each holds a reference */
	size_t count, cap;
};

void fdcache_init(struct fdcache *cache, size_t cap);
/* Closes everything. Nothing may be pinned but the root. */
void fdcache_done(struct fdcache *cache);

struct pinned {
	struct node *node; /* borrowed */
	int fd;
	bool by_name; /* no stranger can swap names in it */
};

/* Gives NODE, the root, its descriptor (the cache owns it from now on), which is never closed before the end. */
int fdcache_root(struct fdcache *cache, struct node *node, int fd);

/*
 * Opens the directory unless it is open and keeps it open until fdcache_unpin(). 0 or a negative errno; -ESTALE
 * when another directory stands there now. May block where the file system does.
 */
int fdcache_pin(struct fdcache *cache, struct node *node, struct pinned *ret_pinned);
void fdcache_unpin(struct fdcache *cache, struct pinned *pinned); /* harmless when nothing is pinned */

#endif
