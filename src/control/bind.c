/*
 * bind.c - the socket's name in its folder, and who stands at the other end of a connection.
 *
 * The name is reached as /proc/self/fd/N/NAME: the folder's descriptor was opened before the daemon made its view of the file systems
 * read-only, so that writing goes on to work through it, and no path can be longer than a socket address holds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "control/inner.h"

enum { BACKLOG = 128, GROUPS_MAX = 65536 /* NGROUPS_MAX of the kernel */ };

static int address_of(int dirfd, const char *name, struct sockaddr_un *ret_address, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int len = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dirfd, name);

	if (len < 0 || (size_t)len >= sizeof(address.sun_path) || strchr(name, '/') || !*name)
		return err_set(err, ERR_CANTCREATE, "cannot make a control socket called '%s'", QUOTE(name));
	*ret_address = address;
	return 0;
}

static int new_socket(int *ret_fd, struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_errno(err, errno, "cannot make a socket");
	*ret_fd = fd;
	return 0;
}

/* Removes what a daemon before us left; refuses anything else that has the name. */
static int clear_name(int dirfd, const char *name, const struct sockaddr_un *address, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	struct stat status;
	int r;

	if (fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_errno(err, errno, "cannot look at '%s'", QUOTE(name));
	if (!S_ISSOCK(status.st_mode))
		return err_set(err, ERR_CANTCREATE, "'%s' is there and is no socket: it is not replaced", QUOTE(name));
	r = new_socket(&fd, err);
	if (r < 0)
		return r;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return err_set(err, ERR_LOCKED, "another daemon listens on '%s'", QUOTE(name));
	if (errno != ECONNREFUSED && errno != ENOENT)
		return err_errno_as(err, ERR_CANTCREATE, errno, "cannot tell whose socket '%s' is", QUOTE(name));
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return err_errno_as(err, ERR_CANTCREATE, errno, "cannot remove the stale socket '%s'", QUOTE(name));
	return 0;
}

/* The file of the socket just bound: remembered, given to the group. Until it listens nobody can connect. */
static int own_file(struct bound *bound, int dirfd, const char *name, gid_t group, struct err *err)
{
	CLEANUP(fd_closep) int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	char path[64];

	if (fd < 0 || fstat(fd, &status) < 0)
		return err_errno(err, errno, "cannot look at '%s'", QUOTE(name));
	if (!S_ISSOCK(status.st_mode))
		return err_set(err, ERR_CANTCREATE, "'%s' was replaced while it was made", QUOTE(name));
	bound->dev = status.st_dev;
	bound->ino = status.st_ino;
	if (group != (gid_t)-1 && fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH) < 0)
		return err_errno(err, errno, "cannot give '%s' to group %u", QUOTE(name), (unsigned)group);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (chmod(path, 0660) < 0)
		return err_errno(err, errno, "cannot set the permissions of '%s'", QUOTE(name));
	return 0;
}

int bound_make(int dirfd, const char *name, gid_t group, struct bound *ret_bound, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	struct bound bound = { .fd = -1 };
	struct sockaddr_un address;
	int r;

	r = address_of(dirfd, name, &address, err);
	if (r >= 0)
		r = clear_name(dirfd, name, &address, err);
	if (r >= 0)
		r = new_socket(&fd, err);
	if (r < 0)
		return r;
	(void)fchmod(fd, 0600); /* the mode that bind(2) makes the file with */
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return err_errno_as(err, errno == EADDRINUSE ? ERR_LOCKED : ERR_CANTCREATE, errno,
				    "cannot make the control socket '%s'", QUOTE(name));
	r = own_file(&bound, dirfd, name, group, err);
	if (r >= 0 && listen(fd, BACKLOG) < 0)
		r = err_errno(err, errno, "cannot listen on '%s'", QUOTE(name));
	if (r < 0) {
		if (bound_holds(&bound, dirfd, name))
			(void)unlinkat(dirfd, name, 0);
		return r;
	}
	bound.fd = STEAL_FD(fd);
	*ret_bound = bound;
	return 0;
}

bool bound_holds(const struct bound *bound, int dirfd, const char *name)
{
	struct stat status;

	return fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(status.st_mode) &&
	       status.st_dev == bound->dev && status.st_ino == bound->ino;
}

static int in_group(int fd, gid_t group, bool *ret_in, struct err *err)
{
	socklen_t size = GROUPS_MAX * sizeof(gid_t);
	CLEANUP(freep) gid_t *groups = malloc(size);

	if (!groups)
		return err_nomem(err);
	*ret_in = false;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return err_errno(err, errno, "cannot ask for a peer's groups");
	for (size_t i = 0; i < size / sizeof(gid_t); i++)
		*ret_in |= groups[i] == group;
	return 0;
}

int peer_of(int fd, gid_t group, struct control_peer *ret_peer, struct err *err)
{
	struct control_peer peer = { .may_read = false };
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0 || size != sizeof(credentials))
		return err_errno(err, errno, "cannot ask who a peer is");
	peer.uid = credentials.uid;
	peer.pid = credentials.pid;
	peer.may_command = credentials.uid == 0 || credentials.uid == geteuid();
	peer.may_read = peer.may_command;
	if (!peer.may_read && group != (gid_t)-1) {
		int r = in_group(fd, group, &peer.may_read, err);

		if (r < 0)
			return r;
		peer.may_read |= credentials.gid == group;
	}
	*ret_peer = peer;
	return 0;
}
