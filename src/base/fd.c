/* fd.c - see fd.h. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"

enum { READ_CHUNK = 65536 };

void fd_closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_write_all(int fd, const void *data, size_t len, const char *name, struct err *err)
{
	const unsigned char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno_as(err, ERR_IO, n < 0 ? errno : ENOSPC, "cannot write '%s'", QUOTE(name));
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* SIZE: what fstat() says; the file may have grown since. One byte more shows the end without growing the buffer. */
static int read_all(int fd, const char *name, size_t limit, size_t size, struct buf *data, struct err *err)
{
	size_t start = data->len;
	size_t room = (size < limit ? size : limit) + 1;

	for (;;) {
		ssize_t n;

		if (buf_reserve(data, room) < 0)
			return err_nomem(err);
		n = read(fd, data->data + data->len, data->capacity - data->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "cannot read '%s'", QUOTE(name));
		if (n == 0)
			return 0;
		data->len += (size_t)n;
		if (data->len - start > limit)
			return err_set(err, ERR_DATA, "'%s' is larger than the %zu bytes expected of it", QUOTE(name),
				       limit);
		room = data->capacity > data->len ? data->capacity - data->len : READ_CHUNK;
	}
}

int fd_read_file(int dirfd, const char *name, size_t limit, struct buf *ret_data, struct stat *ret_stat,
		 struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	size_t start = ret_data->len;
	struct stat status;
	int r;

	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && (errno == ELOOP || errno == ENXIO)) /* a symbolic link; a socket */
		return err_set(err, ERR_DATA, "'%s' is not a regular file", QUOTE(name));
	if (fd < 0)
		return err_errno(err, errno, "cannot open '%s'", QUOTE(name));
	if (fstat(fd, &status) < 0)
		return err_errno(err, errno, "cannot examine '%s'", QUOTE(name));
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_DATA, "'%s' is not a regular file", QUOTE(name));
	r = read_all(fd, name, limit, (size_t)status.st_size, ret_data, err);
	if (r < 0) {
		ret_data->len = start;
		return r;
	}
	if (ret_stat)
		*ret_stat = status;
	return 0;
}

/* "NAME.tmp-" and 16 random hex digits. */
static char *temporary_name(const char *name)
{
	unsigned char random[8];
	size_t size = strlen(name) + 32;
	char *temporary = malloc(size);
	uint64_t number = 0;

	if (!temporary || getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		free(temporary);
		return NULL;
	}
	memcpy(&number, random, sizeof(number));
	(void)snprintf(temporary, size, "%s.tmp-%016llx", name, (unsigned long long)number);
	return temporary;
}

int outfile_open(struct outfile *out, int dirfd, const char *name, mode_t mode, struct err *err)
{
	CLEANUP(freep) char *copy = strdup(name);
	CLEANUP(freep) char *temporary = temporary_name(name);
	int fd;

	if (!copy || !temporary)
		return err_nomem(err);
	fd = openat(dirfd, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_errno_as(err, errno == EACCES || errno == EPERM ? ERR_DENIED : ERR_CANTCREATE, errno,
				    "cannot create '%s'", QUOTE(name));
	*out = (struct outfile){ .dirfd = dirfd, .fd = fd, .name = STEAL(copy), .temporary = STEAL(temporary) };
	return 0;
}

/* Gives the temporary file its name, unless that exists. Returns 0 or -1 with errno. */
static int rename_new(const struct outfile *out)
{
	if (renameat2(out->dirfd, out->temporary, out->dirfd, out->name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* a file system that does not know the flag; those without hard links (vfat) do */
	if (linkat(out->dirfd, out->temporary, out->dirfd, out->name, 0) < 0)
		return -1;
	(void)unlinkat(out->dirfd, out->temporary, 0);
	return 0;
}

static int sync_directory(const struct outfile *out, struct err *err)
{
	CLEANUP(fd_closep) int fd = openat(out->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* EINVAL: a file system that syncs no directories */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		return err_errno_as(err, ERR_IO, errno, "cannot sync the directory of '%s'", QUOTE(out->name));
	return 0;
}

static int commit(struct outfile *out, bool fresh, struct err *err)
{
	int fd;

	if (fsync(out->fd) < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot sync '%s'", QUOTE(out->name));
	fd = STEAL_FD(out->fd);
	if (close(fd) < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot write '%s'", QUOTE(out->name));
	if ((fresh ? rename_new(out) : renameat(out->dirfd, out->temporary, out->dirfd, out->name)) < 0)
		return err_errno_as(err, ERR_CANTCREATE, errno, "cannot create '%s'", QUOTE(out->name));
	free(STEAL(out->temporary));
	return sync_directory(out, err);
}

int outfile_commit(struct outfile *out, struct err *err)
{
	return commit(out, false, err);
}

int outfile_commit_new(struct outfile *out, struct err *err)
{
	return commit(out, true, err);
}

void outfile_abort(struct outfile *out)
{
	fd_closep(&out->fd);
	if (out->temporary)
		(void)unlinkat(out->dirfd, out->temporary, 0);
	free(out->temporary);
	free(out->name);
	*out = OUTFILE_INIT;
}
