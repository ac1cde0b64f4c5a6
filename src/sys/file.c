/* file.c - see file.h. */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

int sys_stat(int dirfd, const char *name, struct statx *ret_stat)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC | (name[0] ? 0 : AT_EMPTY_PATH);

	if (statx(dirfd, name, flags, STATX_BASIC_STATS | STATX_BTIME, ret_stat) < 0)
		return -errno;
	return 0;
}

/* Without O_NOATIME when the file is somebody else's and we may not. */
static int open_quietly(int dirfd, const char *name, int flags)
{
	int fd = openat(dirfd, name, flags | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(dirfd, name, flags);
	return fd < 0 ? -errno : fd;
}

int sys_open_dir(int dirfd, const char *name)
{
	return open_quietly(dirfd, name, OPEN_FLAGS | O_DIRECTORY | O_NOFOLLOW);
}

int sys_open_path(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int sys_open_file(int dirfd, const char *name, bool by_name)
{
	CLEANUP(fd_closep) int path_fd = -1;
	struct stat st;
	char proc[32];
	int fd;

	if (by_name)
		return open_quietly(dirfd, name, OPEN_FLAGS | O_NOFOLLOW);
	path_fd = sys_open_path(dirfd, name);
	if (path_fd < 0)
		return path_fd;
	if (fstat(path_fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path_fd);
	fd = open_quietly(AT_FDCWD, proc, OPEN_FLAGS);
	/* the file itself is held: what is missing can only be /proc */
	return fd == -ENOENT ? -ENOSYS : fd;
}

bool sys_own_cwd(void)
{
	return unshare(CLONE_FS) == 0;
}

bool sys_capable(unsigned capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return (data[capability / 32].effective >> (capability % 32) & 1) != 0;
}
