/*
 * pending.h - the directories in progress of an ordered stream: those whose judgement waits for their contents, and
 * those that could not be read.
 *
 * Paths come in raw byte order, so between "/etc" and "/etc/passwd" stand "/etc-x" and all below it. A directory is
 * over once a path comes behind everything that begins with it and a slash. All directories in progress are then
 * prefixes of the current path, byte for byte: a stack, kept as lengths into one path.
 *
 * Only directories that differ or could not be read are kept, so memory is bounded by the longest path.
 * One owner; not thread-safe.
 */
#ifndef DIFF_PENDING_H
#define DIFF_PENDING_H

#include "diff/diff.h"

struct pending;

int pending_new(struct pending **ret_pending, struct err *err);
void pending_freep(struct pending **pending);

/*
 * Moves on to PATH (ascending). Directories that are over and whose difference follows from their children are
 * counted (followed); the others come out, innermost first, one a call: 1 with *ret_change, borrowed until the
 * next call; 0 when all is done. PATH.len 0: the stream has ended.
 */
int pending_advance(struct pending *pending, struct bytes path, uint64_t *followed, struct change *ret_change);

/* Holds back a changed directory. It is the path last advanced to. Copies what CHANGE points to, but for `rule`. */
int pending_hold(struct pending *pending, const struct change *change, struct err *err);

/* Nothing is known of what lies below PATH, the path last advanced to, on one side or both. */
int pending_blind(struct pending *pending, struct bytes path, bool a, bool b, struct err *err);
/* Does PATH, the path last advanced to, lie below a directory that SIDE ('a' or 'b') could not see into? */
bool pending_is_blind(const struct pending *pending, struct bytes path, char side);

/* A child of the directory above PATH (the path last advanced to) came, went or was replaced; a directory did. */
void pending_explain(struct pending *pending, struct bytes path, bool is_dir);

/* What of a directory follows from its children. */
#define PENDING_FOLLOWS (ATTR_BIT(ATTR_MTIME) | ATTR_BIT(ATTR_CTIME) | ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_LINKS))

#endif
