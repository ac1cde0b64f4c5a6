/* source.c - see source.h. */
#include "medium/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "medium/manifest.h"
#include "sys/loopmount.h"

enum { PIECE = 1 << 18 };

void source_done(struct source *source)
{
	fd_closep(&source->fd);
	free(source->files);
	*source = SOURCE_INIT;
}

static bool is_readable_kind(mode_t mode)
{
	return S_ISDIR(mode) || S_ISREG(mode) || S_ISBLK(mode);
}

int source_open(const char *path, struct source *ret_source, struct err *err)
{
	CLEANUP(source_done) struct source source = SOURCE_INIT;
	struct stat status;
	off_t bytes;
	int r;

	/* looked at first: opening a device or a FIFO can act on it */
	if (stat(path, &status) < 0)
		return err_errno(err, errno, "cannot open medium");
	if (is_readable_kind(status.st_mode)) {
		source.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (source.fd < 0 || fstat(source.fd, &status) < 0)
			return err_errno(err, errno, "cannot open medium");
	}
	if (source.fd < 0 || !is_readable_kind(status.st_mode))
		return err_set(err, ERR_DATA, "neither a folder nor an ISO file, so no medium");
	source.files = calloc(SOURCE_FILES_MAX, sizeof(*source.files));
	if (!source.files)
		return err_nomem(err);
	source.image = !S_ISDIR(status.st_mode);
	if (source.image) {
		bytes = S_ISREG(status.st_mode) ? status.st_size : lseek(source.fd, 0, SEEK_END);
		if (bytes < 0)
			return err_errno_as(err, ERR_IO, errno, "cannot find its size");
		r = source_iso_list(&source, (uint64_t)bytes, !S_ISREG(status.st_mode), err);
	} else {
		r = source_folder_list(&source, err);
	}
	if (r < 0)
		return r;
	*ret_source = source;
	source = SOURCE_INIT;
	return 0;
}

/* ---- the files ---- */

int source_add(struct source *source, const char *name, uint64_t size, uint64_t at, struct err *err)
{
	struct source_file *file = &source->files[source->count];

	if (!manifest_name_fits(name))
		return err_set(err, ERR_UNTRUSTED, "'%s' is one file too many: no file of a medium is called so",
			       QUOTE(name));
	if (source->count == SOURCE_FILES_MAX)
		return err_set(err, ERR_UNTRUSTED, "there are more than %d files", SOURCE_FILES_MAX);
	*file = (struct source_file){ .size = size, .at = at };
	memcpy(file->name, name, strlen(name));
	source->count++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct source_file *)a)->name, ((const struct source_file *)b)->name);
}

int source_sort(struct source *source, struct err *err)
{
	qsort(source->files, source->count, sizeof(*source->files), by_name);
	for (size_t i = 1; i < source->count; i++)
		if (by_name(&source->files[i - 1], &source->files[i]) == 0)
			return err_set(err, ERR_UNTRUSTED, "'%s' is there twice", source->files[i].name);
	return 0;
}

const struct source_file *source_find(const struct source *source, const char *name)
{
	struct source_file key = { .size = 0 };

	if (strlen(name) > MEDIUM_NAME_MAX)
		return NULL;
	memcpy(key.name, name, strlen(name));
	return bsearch(&key, source->files, source->count, sizeof(*source->files), by_name);
}

bool source_holds(const struct source *source, uint64_t device, uint64_t inode)
{
	struct stat status;

	if (source->image)
		return fstat(source->fd, &status) == 0 &&
		       (S_ISBLK(status.st_mode) ? status.st_rdev == device : loopmount_backed(device, &status));
	for (size_t i = 0; i < source->count; i++)
		if (fstatat(source->fd, source->files[i].name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		    status.st_dev == device && status.st_ino == inode)
			return true;
	return false;
}

/* ---- their contents ---- */

/* Reads until LEN bytes are there or the end is. The count, or negative with errno. */
static ssize_t read_at(int fd, unsigned char *data, size_t len, uint64_t at)
{
	size_t have = 0;

	while (have < len) {
		ssize_t got = pread(fd, data + have, len - have, (off_t)(at + have));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

int source_pread(int fd, void *data, size_t len, uint64_t at, struct err *err)
{
	ssize_t got = read_at(fd, data, len, at);

	if (got < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot read at byte %llu", (unsigned long long)at);
	if ((size_t)got < len)
		return err_set(err, ERR_UNTRUSTED, "it is cut off at byte %llu", (unsigned long long)at + (size_t)got);
	return 0;
}

/* Step by step, each looked at before it is opened: what was listed may have been exchanged for a link or a FIFO meanwhile. */
static int open_file(const struct source *source, const struct source_file *file, int *ret_fd, struct err *err)
{
	CLEANUP(fd_closep) int folder = -1;
	CLEANUP(fd_closep) int fd = -1;
	const char *slash = strchr(file->name, '/');
	const char *part = slash ? slash + 1 : file->name;
	char above[MEDIUM_NAME_MAX + 1] = ".";
	struct stat status;
	int r;

	if (slash)
		(void)snprintf(above, sizeof(above), "%.*s", (int)(slash - file->name), file->name);
	folder = openat(source->fd, above, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (folder < 0 || fstatat(folder, part, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot read '%s'", file->name);
	r = source_folder_judge(&status, file->name, err);
	if (r < 0)
		return r;
	fd = openat(folder, part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &status) < 0)
		return err_errno_as(err, errno == EACCES || errno == EPERM ? ERR_DENIED : ERR_IO, errno,
				    "cannot read '%s'", file->name);
	r = source_folder_judge(&status, file->name, err);
	if (r < 0)
		return r;
	if ((uint64_t)status.st_size != file->size)
		return err_set(err, ERR_UNTRUSTED, "'%s' changed while it was read", file->name);
	*ret_fd = STEAL_FD(fd);
	return 0;
}

static int give_pieces(int fd, const struct source_file *file, source_fn fn, void *context,
		       const atomic_bool *interrupted, struct err *err)
{
	CLEANUP(freep) unsigned char *piece = malloc(PIECE);
	uint64_t done = 0;

	if (!piece)
		return err_nomem(err);
	while (done < file->size) {
		size_t len = file->size - done < PIECE ? (size_t)(file->size - done) : PIECE;
		int r;

		if (interrupted && atomic_load(interrupted))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		r = source_pread(fd, piece, len, file->at + done, err);
		if (r >= 0)
			r = fn(context, piece, len, err);
		if (r < 0)
			return err_wrap(err, r, "'%s'", file->name);
		done += len;
	}
	return 0;
}

int source_read(const struct source *source, const struct source_file *file, source_fn fn, void *context,
		const atomic_bool *interrupted, int *ret_fd, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	int r = source->image ? 0 : open_file(source, file, &fd, err);

	if (r >= 0)
		r = give_pieces(source->image ? source->fd : fd, file, fn, context, interrupted, err);
	if (r >= 0 && ret_fd)
		*ret_fd = STEAL_FD(fd);
	return r;
}
