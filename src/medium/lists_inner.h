/* lists_inner.h - the lists one by one, for lists.c. */
#ifndef MEDIUM_LISTS_INNER_H
#define MEDIUM_LISTS_INNER_H

#include "medium/lists.h"

/* A line of `sha256sum`, for a regular file whose whole content has a digest. */
int sums_entry(const struct entry *entry, struct buf *out);

/* A line of a body file, version 3. */
int bodyfile_entry(const struct entry *entry, struct buf *out);

/* PATH below ".", encoded as vis(3) has it: octal but for letters, digits and a few others. "." for "/". */
void mtree_path(struct bytes path, struct buf *out);
/* The same for any text, none of it left alone for being a slash. */
void mtree_text(struct bytes text, struct buf *out);
/* " type=... mode=...", all that is recorded and that mtree and bsdtar both read. */
void mtree_keywords(const struct entry *entry, struct buf *out);

/* What stands in front of a line that is for mtree alone: a comment, which for bsdtar goes on behind its backslash. */
#define MTREE_ONLY "#\\\n"

/* The specification as it grows. */
struct mtree;
int mtree_new(const struct policy *policy, const struct mount *mounts, size_t mount_count, struct mtree **ret_mtree,
	      struct err *err);
void mtree_freep(struct mtree **mtree);
int mtree_begin(struct buf *out);
int mtree_entry(struct mtree *mtree, const struct entry *entry, struct buf *out);
int mtree_end(struct mtree *mtree, struct buf *out);

/* What is not recorded though the folder is: by rules that exclude, as far as mtree can follow them (a literal folder, and a name
 * or pattern in it), and by mounts that were not entered. */
struct excluded;
int excluded_new(const struct policy *policy, const struct mount *mounts, size_t mount_count,
		 struct excluded **ret_excluded, struct err *err);
void excluded_freep(struct excluded **excluded);
/* There is an entry for PATH; in path order. */
void excluded_entry(struct excluded *excluded, struct bytes path);
/* ... and it is a directory that stands in the list. */
void excluded_folder(struct excluded *excluded, struct bytes path);
/* Appends a line for each whose folder came by, that is not STANDING (in the list for what lies below). */
int excluded_end(const struct excluded *excluded, bool (*standing)(void *context, struct bytes path), void *context,
		 struct buf *out);

#endif
