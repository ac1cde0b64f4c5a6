/*
 * scan_inner.h - a scan from within: the consumer's state. merge.c fills the window, deliver.c empties it.
 */
#ifndef SCAN_SCAN_INNER_H
#define SCAN_SCAN_INNER_H

#include "scan/window.h"

struct scan {
	struct pairs pairs;
	struct shared shared;
	struct pool *pool;
	struct walk walk;
	struct window window;
	struct chunk *root_entry; /* until it is in the window; a reference */
	struct node *root;
	const struct entry *reference; /* the next one of the tree, borrowed; NULL at its end */
	bool front_done, delivered;
	struct buf path; /* of the delivered entry */
	struct node *path_node; /* whose path it begins with; a reference */
	struct entry entry; /* the delivered one */
};

/* merge.c: the next entry of the reference into scan->reference. 1, 0 at its end, or an error. */
int merge_next_reference(struct scan *scan, struct err *err);
/* Fills the window from walk and reference until it is full (1), or the walk is blocked or both have ended (0). */
int merge_fill(struct scan *scan, struct err *err);

/* deliver.c: the window's head, which is ready, as a pair: 1; 0 when there is nothing to deliver after all. */
int deliver_head(struct scan *scan, struct pair *ret_pair, struct err *err);

#endif
