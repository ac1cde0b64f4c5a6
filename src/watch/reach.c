/*
 * reach.c - see reach.h.
 *
 * openat2(2) refuses links on the whole way in one call. A path that is longer than the kernel takes at once goes in pieces, and
 * where the call is not there (seccomp filters, Linux before 5.6) name by name.
 */
#include "watch/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

enum { PIECE_BYTES = 4000 };

static int open_piece(int dirfd, const char *piece)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH };
	long fd;

	do
		fd = syscall(SYS_openat2, dirfd, piece, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN); /* something was renamed meanwhile */
	return fd < 0 ? -errno : (int)fd;
}

static int open_name(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The end of the piece that begins at AT: as many whole names as fit, or one. */
static size_t piece_end(struct bytes path, size_t at, bool one)
{
	const unsigned char *slash;
	size_t end = at + PIECE_BYTES;

	if (one) {
		slash = memchr(path.data + at, '/', path.len - at);
		return slash ? (size_t)(slash - path.data) : path.len;
	}
	if (end >= path.len)
		return path.len;
	while (end > at && path.data[end] != '/')
		end--;
	return end;
}

static int open_pieces(int root_fd, struct bytes path, bool one)
{
	CLEANUP(fd_closep) int fd = open_name(root_fd, ".");

	for (size_t at = 1, end; at < path.len && fd >= 0; at = end + 1) {
		char piece[PIECE_BYTES + 1];
		int next;

		end = piece_end(path, at, one);
		if (end <= at || end - at > PIECE_BYTES)
			return -ENAMETOOLONG;
		memcpy(piece, path.data + at, end - at);
		piece[end - at] = '\0';
		next = one ? open_name(fd, piece) : open_piece(fd, piece);
		fd_closep(&fd);
		fd = next;
	}
	return fd < 0 ? fd : STEAL_FD(fd);
}

int reach_open(int root_fd, struct bytes path)
{
	int fd = open_pieces(root_fd, path, false);

	return fd == -ENOSYS || fd == -EPERM ? open_pieces(root_fd, path, true) : fd;
}
