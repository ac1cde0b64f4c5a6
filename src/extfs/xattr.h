/*
 * xattr.h - extended attributes of an inode: in it, in a block, in inodes of their own; as listxattr(2) and getxattr(2) give them to root.
 */
#ifndef EXTFS_XATTR_H
#define EXTFS_XATTR_H

#include "base/buf.h"
#include "extfs/inode.h"

/* Space reused from inode to inode. */
struct xattrs {
	struct buf data; /* names and values */
	struct buf places; /* while they are gathered */
	struct buf table; /* struct xattr[count], sorted by name, borrowing from data */
	size_t count;
	struct inode value; /* an inode that is a value */
};
void xattrs_done(struct xattrs *xattrs);
static inline const struct xattr *xattrs_table(const struct xattrs *xattrs)
{
	return (const struct xattr *)(const void *)xattrs->table.data;
}

/*
 * All of them, ACLs in the form of getxattr(2). Left out is what the kernel does not show: names of kinds without a handler, user.* on what is
 * neither file nor directory. On failure nothing of use is in XATTRS.
 */
int xattrs_read(struct extfs *extfs, const struct inode *inode, struct xattrs *xattrs, struct line *line);

/* The value of system.data, which goes on with what i_block begins. Borrowed from the inode. -EUCLEAN when there is none. */
int xattr_inline_data(const struct extfs *extfs, const struct inode *inode, struct bytes *ret_data, struct line *line);

#endif
