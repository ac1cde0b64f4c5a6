/*
 * meta.h - everything about one name but its content: statx, link target, extended attributes, as an entry.
 */
#ifndef SCAN_META_H
#define SCAN_META_H

#include <sys/stat.h>

#include "scan/arena.h"
#include "scan/fdcache.h"
#include "sys/names.h"
#include "sys/xattr.h"
#include "tree/entry.h"

/* Two clock ticks of the slowest kernels (CONFIG_HZ=100): a file changed within this before it was looked at
 * may change again without a new ctime. */
enum { META_GRAIN_NS = 10 * 1000 * 1000 };

/* Space reused from file to file; one a thread. */
struct meta_space {
	struct sys_xattrs xattrs;
	struct buf target;
	bool own_cwd; /* this thread may change its working directory */
	bool trusted; /* ATTR_XATTRS can be given */
};

/* What the system said, not yet an entry: the part that may block, touching nothing shared. */
struct meta_raw {
	struct statx stat;
	int stat_error; /* negative errno; then nothing else is there */
	int target_error, xattr_error;
	struct timestamp before; /* not later than any of the calls */
	bool mount_point, mount_point_known;
};

/*
 * Asks about NAME ("" for the directory itself) in a pinned directory. IN_CWD: the thread's working directory is
 * that directory. Where names may be swapped everything is asked of one O_PATH descriptor. The target and the
 * xattrs stay in SPACE until the next call.
 */
void meta_ask(const struct pinned *dir, const char *name, bool in_cwd, struct meta_space *space,
	      struct meta_raw *ret_raw);

/* Makes the entry: all masks but ATTR_CONTENT's, which is in `none` for what has no content. Bytes are copied
 * into ARENA or borrowed from NAMES. When the file could not be asked about, everything is failed; D_TYPE (DT_*)
 * then gives the type if it knows. 0, or -1 when memory is short. */
int meta_entry(const struct meta_raw *raw, const struct meta_space *space, const struct names *names, uint8_t d_type,
	       struct arena *arena, struct entry *ret_entry);

/* An entry of which nothing is known but PROBLEM (one line, static or in the arena). */
void meta_unknown(const char *problem, uint8_t d_type, struct entry *ret_entry);

/* "cannot read: Input/output error", in the arena. Empty when memory is short. */
struct bytes meta_problem(struct arena *arena, const char *what, int failure);

/* Is FD's file, now, still what ENTRY says: inode, device, size and times (GROWING: size may be larger, times are
 * not looked at)? */
bool meta_same(const struct entry *entry, const struct statx *now, bool growing);

void meta_space_done(struct meta_space *space);

#endif
