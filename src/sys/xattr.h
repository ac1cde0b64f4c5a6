/*
 * xattr.h - all extended attributes of one file, raw: user, security, system (ACLs) and, for root, trusted.
 *
 * Thread-safe with a struct sys_xattrs for each thread. Linux bounds one value and one list of names at
 * 64 KiB (xattr(7)); the buffers here grow to what the kernel says and do not rely on it.
 */
#ifndef SYS_XATTR_H
#define SYS_XATTR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Of one file, in the kernel's order; names and values lie in `data` one behind the other. */
struct sys_xattr {
	size_t name, name_len, value, value_len; /* offsets into data */
};
struct sys_xattrs {
	struct buf names, data, table; /* table: struct sys_xattr[count] */
	size_t count;
	bool cut; /* more than SYS_XATTRS_MAX bytes: the rest was left out */
};
#define SYS_XATTRS_INIT ((struct sys_xattrs){ .count = 0 })

/* Names and values of one file together; more is the caller's to report (`cut`). */
#define SYS_XATTRS_MAX ((size_t)4 << 20)

/*
 * Reads the attributes of PATH: of a link itself, unless FOLLOW (for /proc/self/fd/N of an O_PATH descriptor).
 * A file system without attributes has none. One that vanishes meanwhile is left out. 0 or a negative errno;
 * then XATTRS holds nothing of use.
 */
int sys_xattrs_read(const char *path, bool follow, struct sys_xattrs *xattrs);
void sys_xattrs_done(struct sys_xattrs *xattrs);
static inline const struct sys_xattr *sys_xattrs_table(const struct sys_xattrs *xattrs)
{
	return (const struct sys_xattr *)(const void *)xattrs->table.data;
}

/* Does this process see trusted.* attributes: CAP_SYS_ADMIN in the first user namespace. */
bool sys_xattrs_trusted(void);

#endif
