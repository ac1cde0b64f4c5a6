/* draft_file.c - files put on a medium that is being written. */
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
#include "medium/draft_inner.h"

enum { COPY_BYTES = 1 << 18 };

void draft_file_done(struct draft_file *file)
{
	fd_closep(&file->fd);
}

static int create(struct draft *draft, const char *name, mode_t mode, int *ret_fd, struct err *err)
{
	const char *slash = strchr(name, '/');

	if (!manifest_name_fits(name))
		return err_set(err, ERR_INTERNAL, "'%s' is no name for a file of a medium", QUOTE(name));
	if (slash) {
		char folder[MEDIUM_NAME_MAX + 1];

		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - name), name);
		if (mkdirat(draft->dirfd, folder, 0755) < 0 && errno != EEXIST)
			return err_errno_as(err, ERR_IO, errno, "cannot write '%s/%s'", QUOTE(draft->dest), folder);
	}
	*ret_fd = openat(draft->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (*ret_fd < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot write '%s/%s'", QUOTE(draft->dest), name);
	if (fchmod(*ret_fd, mode) < 0) /* whatever the umask */
		return err_errno_as(err, ERR_IO, errno, "cannot write '%s/%s'", QUOTE(draft->dest), name);
	return 0;
}

static int begin(struct draft *draft, const char *name, mode_t mode, struct draft_file *ret_file, struct err *err)
{
	struct draft_file file = DRAFT_FILE_INIT;
	int r = create(draft, name, mode, &file.fd, err);

	if (r < 0) {
		draft_file_done(&file);
		return r;
	}
	file.draft = draft;
	(void)snprintf(file.name, sizeof(file.name), "%s", name);
	digest_init(&file.digest);
	*ret_file = file;
	return 0;
}

int draft_file_begin(struct draft *draft, const char *name, struct draft_file *ret_file, struct err *err)
{
	return begin(draft, name, 0644, ret_file, err);
}

int draft_file_add(struct draft_file *file, struct bytes data, struct err *err)
{
	digest_update(&file->digest, data.data, data.len);
	return fd_write_all(file->fd, data.data, data.len, file->name, err);
}

static int close_synced(struct draft_file *file, struct err *err)
{
	int fd = file->fd;

	if (fsync(fd) < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot write '%s/%s'", QUOTE(file->draft->dest), file->name);
	file->fd = -1;
	if (close(fd) < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot write '%s/%s'", QUOTE(file->draft->dest), file->name);
	return 0;
}

int draft_file_end(struct draft_file *file, struct err *err)
{
	unsigned char digest[DIGEST_BYTES];
	int r = close_synced(file, err);

	if (r < 0)
		return r;
	digest_final(&file->digest, digest);
	return manifest_add(&file->draft->manifest, file->name, digest, err);
}

int draft_put(struct draft *draft, const char *name, struct bytes data, struct err *err)
{
	CLEANUP(draft_file_done) struct draft_file file = DRAFT_FILE_INIT;
	int r = draft_file_begin(draft, name, &file, err);

	if (r >= 0)
		r = draft_file_add(&file, data, err);
	return r < 0 ? r : draft_file_end(&file, err);
}

int draft_put_uncounted(struct draft *draft, const char *name, struct bytes data, struct err *err)
{
	CLEANUP(draft_file_done) struct draft_file file = DRAFT_FILE_INIT;
	int r = draft_file_begin(draft, name, &file, err);

	if (r >= 0)
		r = draft_file_add(&file, data, err);
	return r < 0 ? r : close_synced(&file, err);
}

/* Calls TAKE with all that FD holds, from its beginning. */
static int pour(int fd, const char *name, int (*take)(void *context, struct bytes data, struct err *err), void *context,
		struct err *err)
{
	CLEANUP(freep) unsigned char *space = malloc(COPY_BYTES);
	off_t offset = 0;
	ssize_t n;
	int r = 0;

	if (!space)
		return err_nomem(err);
	while (r >= 0 && (n = pread(fd, space, COPY_BYTES, offset)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno_as(err, ERR_IO, errno, "cannot read '%s'", QUOTE(name));
		offset += n;
		r = take(context, (struct bytes){ space, (size_t)n }, err);
	}
	return r;
}

static int add(void *context, struct bytes data, struct err *err)
{
	return draft_file_add(context, data, err);
}

int draft_copy(struct draft *draft, const char *name, int fd, bool executable, struct err *err)
{
	CLEANUP(draft_file_done) struct draft_file file = DRAFT_FILE_INIT;
	int r = begin(draft, name, executable ? 0755 : 0644, &file, err);

	if (r >= 0)
		r = pour(fd, name, add, &file, err);
	return r < 0 ? r : draft_file_end(&file, err);
}

static int digest_take(void *context, struct bytes data, struct err *err)
{
	(void)err;
	digest_update(context, data.data, data.len);
	return 0;
}

int draft_digest_of(int dirfd, const char *name, unsigned char ret_digest[DIGEST_BYTES], struct err *err)
{
	CLEANUP(fd_closep) int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct digest_state digest;
	int r;

	if (fd < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot read '%s'", QUOTE(name));
	digest_init(&digest);
	r = pour(fd, name, digest_take, &digest, err);
	if (r >= 0)
		digest_final(&digest, ret_digest);
	return r;
}

int draft_count(struct draft *draft, const char *name, struct err *err)
{
	unsigned char digest[DIGEST_BYTES];
	int r = draft_digest_of(draft->dirfd, name, digest, err);

	return r < 0 ? r : manifest_add(&draft->manifest, name, digest, err);
}
