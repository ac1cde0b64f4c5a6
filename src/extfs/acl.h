/*
 * acl.h - POSIX ACLs: from the form on the disk of ext4 to that of getxattr(2). Pure.
 *
 * Sources: fs/ext4/acl.h and include/uapi/linux/posix_acl_xattr.h of Linux.
 */
#ifndef EXTFS_ACL_H
#define EXTFS_ACL_H

#include "base/buf.h"
#include "base/path.h"

/* Appends it to OUT. 1; 0 when it has no entries, which the kernel takes for no ACL; -EUCLEAN; -ENOMEM. */
int acl_convert(struct bytes from, struct buf *out);

#endif
