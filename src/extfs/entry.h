/*
 * entry.h - an inode as an entry, bit for bit as a scan of the mounted file system makes it (scan/meta.c), its content left out.
 */
#ifndef EXTFS_ENTRY_H
#define EXTFS_ENTRY_H

#include "extfs/xattr.h"
#include "sys/names.h"

/* Space reused from entry to entry: what the last one borrows. */
struct entry_space {
	struct xattrs xattrs;
	struct buf target;
	struct line line; /* its problem */
};
void entry_space_done(struct entry_space *space);

/*
 * All masks but ATTR_CONTENT's, which is in `none` for what has no content. What cannot be had is failed, with space->line, which is
 * cleared first. NAMES is borrowed. 0 or -ENOMEM.
 */
int entry_make(struct extfs *extfs, const struct inode *inode, const struct names *names, struct entry_space *space,
	       struct entry *ret_entry);

/* An entry of which nothing is known but space->line and, from the directory, the type (DT_*). */
void entry_unknown(const struct entry_space *space, uint8_t d_type, struct entry *ret_entry);

/* Takes space->line for the reason why the content failed. */
void entry_content_failed(const struct entry_space *space, struct entry *entry);

#endif
