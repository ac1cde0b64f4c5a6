/*
 * believed.h - what is believed to be there: the baseline's rows with the drift laid over them, as a tree. What a look holds the
 * present state against.
 */
#ifndef DAEMON_BELIEVED_H
#define DAEMON_BELIEVED_H

#include "scan/scan.h"
#include "store/baseline.h"
#include "store/drift.h"

struct believed_options {
	struct baseline *baseline; /* proved, of the calling thread; borrowed, as is the drift */
	struct drift *drift;
	const struct bytes *paths; /* as struct scan_options has them; borrowed; NULL: everything */
	size_t path_count;
	enum scan_depth depth;
	struct bytes after; /* only what comes behind this path; len 0: from the beginning */
};

/*
 * Names in path order, those that the drift holds to be absent left out. Rows that were not asked for are jumped over, not read. The
 * drift is read while the tree is: it may show what was put into it meanwhile. Frees like any tree; one owner.
 */
int believed_tree(const struct believed_options *options, struct tree **ret_tree, struct err *err);

#endif
