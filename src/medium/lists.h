/*
 * lists.h - the entries of a baseline as stock tools read them: sums for `sha256sum -c`, a specification for mtree and
 * bsdtar, a body file for mactime. docs/FORMATS.md "Lists" has the bytes.
 *
 * Pure functions of the entries: an export writes what they give, `tally verify` makes it again and compares. Entries come in
 * path order. Thread-safe.
 */
#ifndef MEDIUM_LISTS_H
#define MEDIUM_LISTS_H

#include "base/buf.h"
#include "tree/entry.h"

enum list { LIST_SHA256, LIST_MTREE, LIST_BODYFILE, LIST_COUNT };

const char *list_name(enum list list); /* MEDIUM_SHA256, ... */

/* Appends what stands before the first entry. 0, or -1 when memory is short. */
int list_begin(enum list list, struct buf *out);
/* Appends ENTRY's line, or nothing where the list has no place for it. 0, or -1 when memory is short. */
int list_entry(enum list list, const struct entry *entry, struct buf *out);

#endif
