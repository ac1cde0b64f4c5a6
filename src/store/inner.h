/* inner.h - what the parts of the store know of an open baseline. */
#ifndef STORE_INNER_H
#define STORE_INNER_H

#include "store/generation.h"

struct baseline {
	int fd; /* the file: the connection reads it through this */
	char *name;
	sqlite3 *db;
	struct generations generations;
	sqlite3_stmt *find; /* baseline_find(): made when it is first called */
	struct buf find_space;
	struct entry found;
};

/* Opens the file itself: a regular file, not through a link, with no journal beside it. */
int baseline_open_file(int dirfd, const char *name, int *ret_fd, struct err *err);

/* baseline_open() on an open file, which it takes in any case. */
int baseline_open_fd(int fd, const char *name, struct baseline **ret_baseline, struct err *err);

/* The generation of SEQUENCE (0: the newest), or NULL. */
struct generation *baseline_generation(const struct baseline *baseline, uint64_t sequence);

#endif
