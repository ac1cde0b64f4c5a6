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

/* The generation of SEQUENCE (0: the newest), or NULL. */
struct generation *baseline_generation(const struct baseline *baseline, uint64_t sequence);

/* What to say when it is NULL: ERR_USAGE, with those that there are. */
int baseline_lacks(const struct baseline *baseline, uint64_t sequence, struct err *err);

#endif
