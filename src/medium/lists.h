/*
 * lists.h - the entries of a baseline as stock tools read them: sums for `sha256sum -c`, a specification for mtree and
 * bsdtar, a body file for mactime. docs/FORMATS.md "Lists" has the bytes.
 *
 * They follow from the entries, the signed policy and the mount table alone: an export writes them, `tally verify` makes them
 * again and compares. One owner. All but lists_new() return 0, or -1 when memory is short.
 */
#ifndef MEDIUM_LISTS_H
#define MEDIUM_LISTS_H

#include "base/buf.h"
#include "policy/policy.h"
#include "tree/entry.h"
#include "tree/tree.h"

enum list { LIST_SHA256, LIST_MTREE, LIST_BODYFILE, LIST_COUNT };

const char *list_name(enum list list); /* MEDIUM_SHA256, ... */

/* What is known of the entries so far: for one pass over them, for any of the lists. */
struct lists;

/*
 * POLICY (NULL: nothing is excluded) and MOUNTS are those of the generation; borrowed until lists_freep(). They say what mtree
 * must not look at. ERR_INTERNAL when memory is short.
 */
int lists_new(const struct policy *policy, const struct mount *mounts, size_t mount_count, struct lists **ret_lists,
	      struct err *err);
void lists_freep(struct lists **lists);

/* Appends what stands before the first entry. */
int list_begin(struct lists *lists, enum list list, struct buf *out);
/* Appends what ENTRY, behind all before it in path order, adds to the list: nothing, a line, or more. */
int list_entry(struct lists *lists, enum list list, const struct entry *entry, struct buf *out);
/* Appends what stands behind the last entry. */
int list_end(struct lists *lists, enum list list, struct buf *out);

#endif
