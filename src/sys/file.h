/*
 * file.h - statx(2) and opening without side effects, for code that walks trees that others may change.
 *
 * These are the innermost calls of a scan: they return 0 (or a descriptor) or a negative errno and describe
 * nothing; the caller knows the path and makes the message. All are thread-safe. NAME is one component
 * relative to DIRFD; "" means DIRFD itself.
 */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

/* Everything statx gives, without following a final link, triggering an automount or asking a server. */
int sys_stat(int dirfd, const char *name, struct statx *ret_stat);

/* A directory for reading, its access time left alone where that is permitted (its owner or CAP_FOWNER; else it
 * may move). -ENOTDIR for anything else, links included, before it is opened. */
int sys_open_dir(int dirfd, const char *name);

/* O_PATH: names a file of any type without opening it. */
int sys_open_path(int dirfd, const char *name);

/*
 * A regular file for reading; never blocks, never becomes a terminal, access time as above. BY_NAME is for
 * directories in which no stranger can swap names. Otherwise what is opened is what was looked at: O_PATH,
 * the type is checked, then /proc/self/fd/N is opened. -EBADMSG when it is no regular file, -EWOULDBLOCK when
 * a lease is held on it, -ENOSYS without a /proc.
 */
int sys_open_file(int dirfd, const char *name, bool by_name);

/* Gives the calling thread a working directory of its own (unshare(CLONE_FS)); false when that is refused.
 * Never call it on the main thread: the process's own working directory would be left to the others. */
bool sys_own_cwd(void);

/* Some capability by its number in the effective set of this thread. */
bool sys_capable(unsigned capability);

#endif
