/*
 * xattr_area.h - the table of attributes in an inode or a block: entries from one end, values from the other.
 *
 * Source: Documentation/filesystems/ext4/attributes.rst of Linux.
 */
#ifndef EXTFS_XATTR_AREA_H
#define EXTFS_XATTR_AREA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/path.h"

enum { XATTR_ENTRY_BYTES = 16 };
enum { /* kinds of names */
       XATTR_USER = 1,
       XATTR_ACL_ACCESS = 2,
       XATTR_ACL_DEFAULT = 3,
       XATTR_TRUSTED = 4,
       XATTR_SECURITY = 6,
       XATTR_SYSTEM = 7,
       XATTR_HURD = 10
};

/* Entries begin at FIRST; offsets of values count from BASE; all of it ends at END. */
struct xattr_area {
	const unsigned char *first, *base, *end;
	const unsigned char *next; /* the entry that xattr_area_next() gives */
	const unsigned char *names_end; /* behind the last entry's four zero bytes: where values may begin */
};

struct xattr_entry {
	unsigned kind; /* XATTR_USER ... or another */
	struct bytes name; /* without its prefix */
	uint32_t value_inode; /* 0: the value is here */
	uint32_t value_len;
	const unsigned char *value; /* value_len bytes; NULL with value_inode */
};

/* Are names and values where they can be? For what is not, false; then the area is not to be used. */
bool xattr_area_open(const unsigned char *first, const unsigned char *base, const unsigned char *end,
		     struct xattr_area *ret_area);
/* False at the end. */
bool xattr_area_next(struct xattr_area *area, struct xattr_entry *ret_entry);

#endif
