/*
 * sandbox.h - what a watcher gives up before it begins: writing, moving access times, being root.
 *
 * Everything concerns the calling thread, or the whole process where it is the only one; so all of it is done before
 * threads are started. Nothing can be undone.
 */
#ifndef SYS_SANDBOX_H
#define SYS_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "tally/err.h"

/*
 * A mount namespace of our own (CAP_SYS_ADMIN): mounts and unmounts outside still arrive, nothing of ours gets out, and reading
 * moves no access time, whoever we are (without it, O_NOATIME is for a file's owner and CAP_FOWNER, and readlink(2) has none).
 * Descriptors opened before belong to the old namespace: they can be written through for ever.
 * A file system that is mounted later arrives as it was mounted: sandbox_unsealed() names it. ERR_DENIED when we may not, or the
 * kernel is older than 5.12.
 */
int sandbox_enter(struct err *err);
/* Every mount in it read-only, from now on. Mounts that refuse stay as they are. */
int sandbox_seal(struct err *err);
/* Appends the mount points of the calling thread's namespace that are not noatime or (WRITABLE) not read-only, each with its NUL. */
int sandbox_unsealed(bool writable, struct buf *paths, struct err *err);

/* Has this process what sandbox_become() needs? If not, *ret_missing (a constant) names the first capability it lacks. */
bool sandbox_can_become(const char **ret_missing);
/*
 * Becomes UID and GID with no other group, keeping CAP_DAC_READ_SEARCH (to read everything) and nothing else: permitted and
 * effective are exactly that, inheritable, ambient and bounding are empty; no new privileges, not dumpable. Then /proc/self/status
 * is read and must say the same: ERR_INTERNAL if not. ERR_LOCKED when there is another thread. After a failure the process
 * may be anything in between: it must end.
 */
int sandbox_become(uid_t uid, gid_t gid, struct err *err);

#endif
