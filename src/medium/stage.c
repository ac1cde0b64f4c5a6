/* stage.c - the folder of a medium that is being written: begun, finished, taken away. stage_file.c: what is put on it. */
#include "medium/stage_inner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "medium/iso.h"

/* Everything in a folder of depth DEPTH; what does not go stays. */
static void empty_folder(int dirfd, unsigned depth)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *item;

	if (!dir) {
		fd_closep(&fd);
		return;
	}
	while ((item = readdir(dir))) {
		CLEANUP(fd_closep) int below = -1;

		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
		    unlinkat(dirfd, item->d_name, 0) == 0 || depth == 0)
			continue;
		below = openat(dirfd, item->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			empty_folder(below, depth - 1);
		(void)unlinkat(dirfd, item->d_name, AT_REMOVEDIR);
	}
	(void)closedir(dir);
}

static void take_away(struct stage *stage)
{
	if (stage->temporary && stage->dirfd >= 0) {
		empty_folder(stage->dirfd, 1);
		(void)unlinkat(stage->parent, stage->temporary, AT_REMOVEDIR);
	}
	free(STEAL(stage->temporary));
}

void stage_freep(struct stage **stage)
{
	if (*stage) {
		take_away(*stage);
		fd_closep(&(*stage)->dirfd);
		fd_closep(&(*stage)->parent);
		manifest_done(&(*stage)->manifest);
		free((*stage)->name);
		free((*stage)->dest);
	}
	free(*stage);
	*stage = NULL;
}

/* Splits DEST, and opens the folder that it is to stand in. */
static int open_parent(struct stage *stage, const char *dest, struct err *err)
{
	CLEANUP(freep) char *folder = NULL;
	size_t len = strlen(dest);
	char *slash;

	while (len > 1 && dest[len - 1] == '/')
		len--;
	stage->dest = strndup(dest, len);
	folder = strndup(dest, len);
	if (!stage->dest || !folder)
		return err_nomem(err);
	slash = strrchr(folder, '/');
	stage->name = strdup(slash ? slash + 1 : folder);
	if (!stage->name)
		return err_nomem(err);
	if (stage->name[0] == '\0' || strcmp(stage->name, ".") == 0 || strcmp(stage->name, "..") == 0)
		return err_set(err, ERR_USAGE, "'%s' is no name for something new", QUOTE(dest));
	if (slash)
		slash[slash == folder ? 1 : 0] = '\0';
	stage->parent = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (stage->parent < 0)
		return err_errno(err, errno, "cannot open '%s', where '%s' is to be", QUOTE(slash ? folder : "."),
				 QUOTE(stage->name));
	return 0;
}

static int cannot_create(const struct stage *stage, int code, struct err *err)
{
	return err_errno_as(err, code == EACCES || code == EPERM ? ERR_DENIED : ERR_CANTCREATE, code,
			    "cannot create '%s'", QUOTE(stage->dest));
}

static int make_temporary(struct stage *stage, struct err *err)
{
	CLEANUP(freep) char *temporary = NULL;
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return err_errno(err, errno, "cannot draw a name");
	if (asprintf(&temporary, "%s.tmp-%016llx", stage->name, (unsigned long long)number) < 0) {
		temporary = NULL;
		return err_nomem(err);
	}
	if (mkdirat(stage->parent, temporary, 0700) < 0)
		return cannot_create(stage, errno, err);
	stage->dirfd = openat(stage->parent, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (stage->dirfd < 0) {
		int code = errno;

		(void)unlinkat(stage->parent, temporary, AT_REMOVEDIR);
		return cannot_create(stage, code, err);
	}
	stage->temporary = STEAL(temporary);
	return 0;
}

int stage_new(const char *dest, struct stage **ret_stage, struct err *err)
{
	CLEANUP(stage_freep) struct stage *stage = calloc(1, sizeof(*stage));
	struct stat status;
	int r;

	if (!stage)
		return err_nomem(err);
	stage->parent = stage->dirfd = -1;
	r = open_parent(stage, dest, err);
	if (r < 0)
		return r;
	if (fstatat(stage->parent, stage->name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return cannot_create(stage, EEXIST, err);
	r = make_temporary(stage, err);
	if (r < 0)
		return r;
	*ret_stage = STEAL(stage);
	return 0;
}

int stage_dirfd(const struct stage *stage)
{
	return stage->dirfd;
}

struct manifest *stage_manifest(struct stage *stage)
{
	return &stage->manifest;
}

/* --- the end --- */

/* One time for all, so that copies and archives of it are the same bytes, too. */
static int date_and_sync(int dirfd, unsigned depth, const struct timespec times[2], struct err *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *item;
	int r = 0;

	if (!dir) {
		fd_closep(&fd);
		return err_errno_as(err, ERR_IO, errno, "cannot read the folder that was written");
	}
	while (r >= 0 && (item = readdir(dir))) {
		CLEANUP(fd_closep) int below = -1;

		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		below = depth ? openat(dirfd, item->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
		if (below >= 0)
			r = date_and_sync(below, depth - 1, times, err);
		else if (utimensat(dirfd, item->d_name, times, AT_SYMLINK_NOFOLLOW) < 0)
			r = err_errno_as(err, ERR_IO, errno, "cannot set the time of '%s'", QUOTE(item->d_name));
	}
	(void)closedir(dir);
	if (r >= 0 && (futimens(dirfd, times) < 0 || (fsync(dirfd) < 0 && errno != EINVAL)))
		return err_errno_as(err, ERR_IO, errno, "cannot sync the folder that was written");
	return r;
}

static int complete(struct stage *stage, struct timestamp date, struct err *err)
{
	const struct timespec time = { .tv_sec = date.sec };
	const struct timespec times[2] = { time, time };

	if (fchmod(stage->dirfd, 0755) < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot set the mode of '%s'", QUOTE(stage->dest));
	return date_and_sync(stage->dirfd, 1, times, err);
}

static int sync_parent(const struct stage *stage, struct err *err)
{
	if (fsync(stage->parent) < 0 && errno != EINVAL)
		return err_errno_as(err, ERR_IO, errno, "cannot sync the folder of '%s'", QUOTE(stage->dest));
	return 0;
}

int stage_finish_folder(struct stage *stage, struct timestamp date, struct err *err)
{
	int r = complete(stage, date, err);

	if (r < 0)
		return r;
	/* a folder takes no name that is there but that of an empty folder: without the flag that has to do */
	if (renameat2(stage->parent, stage->temporary, stage->parent, stage->name, RENAME_NOREPLACE) < 0 &&
	    ((errno != EINVAL && errno != ENOSYS) ||
	     renameat(stage->parent, stage->temporary, stage->parent, stage->name) < 0))
		return cannot_create(stage, errno, err);
	free(STEAL(stage->temporary));
	return sync_parent(stage, err);
}

int stage_finish_iso(struct stage *stage, struct timestamp date, const atomic_bool *interrupted,
		     unsigned char ret_digest[DIGEST_BYTES], struct err *err)
{
	CLEANUP(outfile_abort) struct outfile out = OUTFILE_INIT;
	int r = complete(stage, date, err);

	if (r >= 0)
		r = outfile_open(&out, stage->parent, stage->name, 0644, err);
	if (r >= 0)
		r = iso_write(stage->dirfd, out.fd, date, interrupted, err);
	if (r >= 0)
		r = stage_digest_of(stage->parent, out.temporary, ret_digest, err);
	if (r >= 0)
		r = outfile_commit_new(&out, err);
	if (r >= 0)
		take_away(stage);
	return r;
}
