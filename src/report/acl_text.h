/*
 * acl_text.h - POSIX ACLs as the kernel stores them in xattrs, as getfacl(1) writes them: "user::rw-,user:1000:r--".
 *
 * Format: struct posix_acl_xattr_header and _entry of <linux/posix_acl_xattr.h>, version 2, little endian. Users and
 * groups stand as numbers: names are the examined host's to change. Thread-safe.
 */
#ifndef REPORT_ACL_TEXT_H
#define REPORT_ACL_TEXT_H

#include "base/buf.h"
#include "base/path.h"

/*
 * Appends the short text form, PREFIX ("", "default:") before each entry, commas between. False, and nothing appended,
 * when VALUE is not such an ACL: the caller shows the bytes. Memory trouble shows in the buf.
 */
bool acl_text_add(struct buf *out, struct bytes value, const char *prefix);

#endif
