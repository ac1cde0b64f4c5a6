/*
 * walk.h - the examined directories in path order, merged with the reference: the consumer's front.
 *
 * Each subdirectory has two places among its siblings: itself at `name`, its contents at `name/`. Directories
 * whose contents are still to come are kept on a stack in their parent: of two such names one is a prefix of
 * the other, and the longer comes first.
 */
#ifndef SCAN_WALK_H
#define SCAN_WALK_H

#include "scan/pool.h"

struct walk {
	struct pool *pool;
	struct node *node; /* whose contents are being walked, a reference; NULL at the end */
	struct buf path; /* of node; of the current child after WALK_CHILD */
	size_t consumed; /* not yet told to the pool */
};

/* ROOT is to be listed already (pool_push()). */
int walk_init(struct walk *walk, struct pool *pool, struct node *root); /* 0 or -1 */
void walk_done(struct walk *walk);

enum walk_step { WALK_END, WALK_CHILD, WALK_BLOCKED };

/*
 * The next child in path order. WALK_CHILD: *ret_chunk, *ret_child (borrowed), *ret_dir the directory it is if it is
 * entered (borrowed until the next call), and its path in walk->path. WALK_BLOCKED: wait for walk->node. -1 when
 * memory is short. The child stays until walk_take(): asking again yields it again.
 */
int walk_peek(struct walk *walk, struct chunk **ret_chunk, struct child **ret_child, enum walk_step *ret_step);

/* Goes past the child; *ret_dir: a reference to the directory it is, if it is entered, else NULL. 0 or -1. */
int walk_take(struct walk *walk, struct node **ret_dir);

#endif
