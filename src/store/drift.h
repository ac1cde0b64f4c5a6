/*
 * drift.h - drift.db: what the daemon holds to be different from the baseline's rows now. A cache: it can always be made
 * again by looking at everything, and a damaged one is.
 *
 * For each path that is not exactly as recorded it holds the present entry, or that there is none. So drift is one more tree
 * laid over the baseline's, and diff judges it when somebody asks.
 *
 * Thread-safe: every call takes the one lock, for the time of one statement or one batch of rows.
 */
#ifndef STORE_DRIFT_H
#define STORE_DRIFT_H

#include <sys/types.h>

#include "tree/tree.h"

struct drift;

/*
 * Opens or makes DIRFD/drift.db and its rollback journal DIRFD/drift.db-journal, both 0640, through descriptors: no name
 * is opened later, so the directory need not be writable afterwards. A damaged or foreign file is emptied and made anew:
 * *ret_rebuilt says so, and *ret_why (a line) why; not where both files were missing. What is no regular file in their place, or has
 * several links, is replaced. Every item is read and proved here, so that later failures mean changes from outside. Survives SIGKILL:
 * what was committed stands, nothing else; not synced, so after a power cut it may be rebuilt. ERR_CANTCREATE: what stands there
 * cannot be replaced or opened; ERR_LOCKED: another process has it open; ERR_IO.
 */
int drift_open(int dirfd, struct drift **ret_drift, bool *ret_rebuilt, struct err *ret_why, struct err *err);
void drift_freep(struct drift **drift);
/* The owner of both files, for a daemon that will drop its privileges. */
int drift_chown(struct drift *drift, uid_t uid, gid_t gid, struct err *err);

/*
 * Changes stand in one transaction until drift_commit(), notes and marks among them; all calls see them at once, drift_freep() forgets them.
 * drift_commit() with nothing to commit does nothing. A failed change or commit undoes everything since the last commit. ERR_DATA
 * when the file is damaged or was changed from outside: the caller calls drift_reset() and looks at everything again. ERR_IO (a full
 * disk). ERR_USAGE: a path or entry that is not well formed; undoes nothing.
 */
int drift_put(struct drift *drift, const struct entry *present, struct err *err);
int drift_put_absent(struct drift *drift, struct bytes path, struct err *err);
int drift_remove(struct drift *drift, struct bytes path, struct err *err); /* it is as recorded again */
int drift_commit(struct drift *drift, struct err *err);
/* Empties it, whatever state it is in. When the files cannot be written, or were made anew within the last minute, it goes on in
 * memory, and the files stay empty. After a failure all calls but this one fail. */
int drift_reset(struct drift *drift, struct err *err);
bool drift_in_memory(struct drift *drift);
/* From memory back to the files, with all that is committed; does nothing where it is there, or where a transaction is open. ERR_IO:
 * they can't be written yet. */
int drift_return(struct drift *drift, struct err *err);

enum drift_held { DRIFT_NOTHING, DRIFT_PRESENT, DRIFT_ABSENT };
/* *ret_present (the caller's) only for DRIFT_PRESENT. Returns enum drift_held, or negative. */
int drift_get(struct drift *drift, struct bytes path, struct entry_copy **ret_present, struct err *err);

/* A walk over what is held at or below WITHIN, in path order, behind AFTER (len 0: from the beginning). Reads in chunks: changes
 * made meanwhile may or may not be seen. */
struct drift_walk;
int drift_walk_new(struct drift *drift, struct bytes within, struct bytes after, struct drift_walk **ret_walk,
		   struct err *err);
void drift_walk_freep(struct drift_walk **walk);
struct drift_row {
	struct bytes path;
	const struct entry *present; /* NULL: there is none */
}; /* borrowed until the next call */
int drift_walk_next(struct drift_walk *walk, struct drift_row *ret_row, struct err *err); /* 1, 0, <0 */

int drift_count(struct drift *drift, uint64_t *ret_count, struct err *err); /* paths held */

/* Notes: small texts by name, kept across restarts. ret_text is the caller's (free); NULL when there is none. */
int drift_note_get(struct drift *drift, const char *name, char **ret_text, struct err *err);
int drift_note_put(struct drift *drift, const char *name, const char *text, struct err *err);

/*
 * Marks of the rolling scan: everything up to PATH (in path order, behind the mark before) was fully read at TIME. drift_oldest()
 * gives the oldest time that any path may have been last read at: the least among the marks; 0 when there is no mark for the end of
 * the order (nothing has been read through yet). Putting a mark replaces the marks between the last one put in this round and PATH,
 * which must stand behind it (ERR_USAGE). The end of the order ends the round.
 */
int drift_mark(struct drift *drift, struct bytes path, int64_t time,
	       struct err *err); /* path.len 0: the end of the order */
int drift_mark_last(struct drift *drift, struct buf *ret_path,
		    struct err *err); /* where the round stands; empty: at its beginning */
int drift_oldest(struct drift *drift, int64_t *ret_time, struct err *err);

#endif
