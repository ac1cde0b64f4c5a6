/*
 * drift_inner.h - drift.db from within.
 *
 * One table for all that is kept: item(kind, key, value). Each value begins with a seal, eight bytes of BLAKE2b over
 * kind, key and the rest, so that a flipped bit anywhere is noticed when it is read. docs/FORMATS.md "drift.db".
 */
#ifndef STORE_DRIFT_INNER_H
#define STORE_DRIFT_INNER_H

#include <pthread.h>
#include <stdbool.h>

#include "base/buf.h"
#include "store/db.h"
#include "store/drift.h"

enum drift_kind { DRIFT_HELD = 1, DRIFT_MARK, DRIFT_NOTE }; /* stored: never renumber */

struct drift_files {
	int db, journal; /* open for as long as the drift is */
};

struct drift {
	pthread_mutex_t lock;
	struct drift_files files;
	struct drift_files memory; /* (lock) in their place while they cannot be written; -1: they can */
	uint64_t reset_ns; /* (lock) when it was last made anew; 0 never */

	/* (lock) */
	sqlite3 *db; /* NULL after a reset that failed */
	sqlite3_stmt *get, *insert, *update, *remove, *range;
	uint64_t count, committed; /* of paths held: now, and at the last commit */
	struct buf value, space; /* scratch */
};

/* drift_files.c: opens or makes both. What cannot be ours is replaced; then *ret_why (code not 0) says what it was. *ret_new:
 * both were missing. ERR_LOCKED when another process has them open. */
int drift_files_open(int dirfd, struct drift_files *ret_files, bool *ret_new, struct err *ret_why, struct err *err);
void drift_files_done(struct drift_files *files);

extern const char drift_name[]; /* "drift.db" */

/* --- drift_item.c: with the lock held. Keys stay the caller's. --- */

/* A connection to what is in FILES, with its statements, every item proved; or to a new table, when they are to be emptied. */
int drift_item_begin(struct drift *drift, const struct drift_files *files, bool empty, struct err *err);
int drift_item_prepare(struct drift *drift, struct err *err); /* the statements of a connection that has none */
void drift_item_end(struct drift *drift); /* without a commit; the files stay open */

/* 1 with the value (borrowed until the next call), 0 none, ERR_DATA. */
int drift_item_get(struct drift *drift, enum drift_kind kind, struct bytes key, struct bytes *ret_value,
		   struct err *err);
/* Begins the transaction where none is open. After a failure everything since the last commit is undone. *ret_new: there was
 * none. */
int drift_item_put(struct drift *drift, enum drift_kind kind, struct bytes key, struct bytes value, bool *ret_new,
		   struct err *err);
int drift_item_remove(struct drift *drift, enum drift_kind kind, struct bytes key, bool *ret_found, struct err *err);

/* Calls ITEM for those with LOW < key < HIGH in order; ITEM returns 1 to go on, 0 to end, or an error. It must not call back. */
typedef int drift_item_fn(void *context, struct bytes key, struct bytes value, struct err *err);
int drift_item_range(struct drift *drift, enum drift_kind kind, struct bytes low, struct bytes high, drift_item_fn item,
		     void *context, struct err *err);

/* --- drift_memory.c: with the lock held --- */
int drift_memory_begin(struct drift *drift, struct err *err); /* a new table in memory */
void drift_memory_end(struct drift *drift);

/* Is the path in its normal form, and the value an entry or empty? SPACE as for entry_decode(). */
int drift_decode(struct bytes path, struct bytes value, struct buf *space, struct entry *ret_entry, struct err *err);

#endif
