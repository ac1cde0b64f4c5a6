/*
 * touched.h - names that must be examined (again): a set, taken out whole, sorted by path. Bounded: beyond TOUCHED_MAX names
 * everything must be. One owner.
 */
#ifndef DAEMON_TOUCHED_H
#define DAEMON_TOUCHED_H

#include "base/buf.h"
#include "base/path.h"
#include "tally/err.h"

enum { TOUCHED_MAX = 1 << 18 };

struct touched_name {
	struct bytes path; /* owned by the set */
	bool below; /* and everything below it */
	bool is_dir;
};

struct touched {
	struct buf names; /* struct touched_name[] */
	size_t sorted; /* of them, in order and without doubles; behind them as they came */
	bool everything; /* too many to be named */
};
#define TOUCHED_INIT ((struct touched){ .names = BUF_INIT })

int touched_add(struct touched *touched, struct bytes path, bool below, bool is_dir, struct err *err);
/* Sorted, one name a path. Names below one that has BELOW stay: they may be gone by now. Borrowed until the next call. With `everything` it is "/", BELOW. */
const struct touched_name *touched_all(struct touched *touched, size_t *ret_count);
void touched_clear(struct touched *touched);

#endif
