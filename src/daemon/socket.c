/* socket.c - see socket.h. */
#include "daemon/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/quote.h"

static struct bytes folder_path(const struct daemon_setup *setup)
{
	return path_parent(bytes_of(setup->control_path));
}

int socket_open_above(struct daemon_setup *setup, struct err *err)
{
	struct bytes folder = folder_path(setup), above = path_parent(folder);
	CLEANUP(freep) char *path = NULL;
	int fd;

	if (folder.len <= 1)
		return 0;
	path = strndup((const char *)above.data, above.len);
	if (!path)
		return err_nomem(err);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot open '%s'", QUOTE(path));
	setup->socket_above_fd = fd;
	return 0;
}

static int open_below(const struct daemon_setup *setup, const char *name)
{
	return openat(setup->socket_above_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int socket_folder_now(const struct daemon_setup *setup, int *ret_fd, struct err *err)
{
	CLEANUP(freep) char *folder = NULL;
	struct bytes path = folder_path(setup);
	const char *name;
	int fd;

	if (setup->socket_above_fd < 0) {
		fd = fcntl(setup->socket_dirfd, F_DUPFD_CLOEXEC, 3);
		*ret_fd = fd < 0 ? *ret_fd : fd;
		return fd < 0 ? err_errno(err, errno, "cannot keep the control socket's folder open") : 0;
	}
	folder = strndup((const char *)path.data, path.len);
	if (!folder)
		return err_nomem(err);
	name = strrchr(folder, '/') + 1;
	fd = open_below(setup, name);
	if (fd < 0 && errno == ENOENT && mkdirat(setup->socket_above_fd, name, 0755) == 0)
		fd = open_below(setup, name);
	if (fd < 0)
		return err_errno_as(err, ERR_CANTCREATE, errno,
				    "its folder '%s' is gone and cannot be made again by user %s", QUOTE(folder),
				    setup->user);
	*ret_fd = fd;
	return 0;
}
