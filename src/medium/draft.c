/* draft.c - the folder of a medium that is being written: begun, finished, taken away. draft_file.c: what is put on it. */
#include "medium/draft_inner.h"

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
#include "medium/readback.h"

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

static void take_away(struct draft *draft)
{
	if (draft->temporary && draft->dirfd >= 0) {
		empty_folder(draft->dirfd, 1);
		(void)unlinkat(draft->parent, draft->temporary, AT_REMOVEDIR);
	}
	free(STEAL(draft->temporary));
}

void draft_freep(struct draft **draft)
{
	if (*draft) {
		take_away(*draft);
		fd_closep(&(*draft)->dirfd);
		fd_closep(&(*draft)->parent);
		manifest_done(&(*draft)->manifest);
		free((*draft)->name);
		free((*draft)->dest);
	}
	free(*draft);
	*draft = NULL;
}

/* Splits DEST, and opens the folder that it is to stand in. */
static int open_parent(struct draft *draft, const char *dest, struct err *err)
{
	CLEANUP(freep) char *folder = NULL;
	size_t len = strlen(dest);
	char *slash;

	while (len > 1 && dest[len - 1] == '/')
		len--;
	draft->dest = strndup(dest, len);
	folder = strndup(dest, len);
	if (!draft->dest || !folder)
		return err_nomem(err);
	slash = strrchr(folder, '/');
	draft->name = strdup(slash ? slash + 1 : folder);
	if (!draft->name)
		return err_nomem(err);
	if (draft->name[0] == '\0' || strcmp(draft->name, ".") == 0 || strcmp(draft->name, "..") == 0)
		return err_set(err, ERR_USAGE, "'%s' is no name for something new", QUOTE(dest));
	if (slash)
		slash[slash == folder ? 1 : 0] = '\0';
	draft->parent = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (draft->parent < 0)
		return err_errno(err, errno, "cannot open '%s', where '%s' is to be", QUOTE(slash ? folder : "."),
				 QUOTE(draft->name));
	return 0;
}

static int cannot_create(const struct draft *draft, int code, struct err *err)
{
	return err_errno_as(err, code == EACCES || code == EPERM ? ERR_DENIED : ERR_CANTCREATE, code,
			    "cannot create '%s'", QUOTE(draft->dest));
}

static int make_temporary(struct draft *draft, struct err *err)
{
	CLEANUP(freep) char *temporary = NULL;
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return err_errno(err, errno, "cannot draw a name");
	if (asprintf(&temporary, "%s.tmp-%016llx", draft->name, (unsigned long long)number) < 0) {
		temporary = NULL;
		return err_nomem(err);
	}
	if (mkdirat(draft->parent, temporary, 0700) < 0)
		return cannot_create(draft, errno, err);
	draft->dirfd = openat(draft->parent, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (draft->dirfd < 0) {
		int code = errno;

		(void)unlinkat(draft->parent, temporary, AT_REMOVEDIR);
		return cannot_create(draft, code, err);
	}
	draft->temporary = STEAL(temporary);
	return 0;
}

int draft_new(const char *dest, struct draft **ret_draft, struct err *err)
{
	CLEANUP(draft_freep) struct draft *draft = calloc(1, sizeof(*draft));
	struct stat status;
	int r;

	if (!draft)
		return err_nomem(err);
	draft->parent = draft->dirfd = -1;
	r = open_parent(draft, dest, err);
	if (r < 0)
		return r;
	if (fstatat(draft->parent, draft->name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return cannot_create(draft, EEXIST, err);
	r = make_temporary(draft, err);
	if (r < 0)
		return r;
	*ret_draft = STEAL(draft);
	return 0;
}

int draft_dirfd(const struct draft *draft)
{
	return draft->dirfd;
}

struct manifest *draft_manifest(struct draft *draft)
{
	return &draft->manifest;
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

static int complete(struct draft *draft, struct timestamp date, struct err *err)
{
	const struct timespec time = { .tv_sec = date.sec };
	const struct timespec times[2] = { time, time };

	if (fchmod(draft->dirfd, 0755) < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot set the mode of '%s'", QUOTE(draft->dest));
	return date_and_sync(draft->dirfd, 1, times, err);
}

static int sync_parent(const struct draft *draft, struct err *err)
{
	if (fsync(draft->parent) < 0 && errno != EINVAL)
		return err_errno_as(err, ERR_IO, errno, "cannot sync the folder of '%s'", QUOTE(draft->dest));
	return 0;
}

int draft_finish_folder(struct draft *draft, struct timestamp date, struct err *err)
{
	int r = complete(draft, date, err);

	if (r < 0)
		return r;
	/* a folder takes no name that is there but that of an empty folder: without the flag that has to do */
	if (renameat2(draft->parent, draft->temporary, draft->parent, draft->name, RENAME_NOREPLACE) < 0 &&
	    ((errno != EINVAL && errno != ENOSYS) ||
	     renameat(draft->parent, draft->temporary, draft->parent, draft->name) < 0))
		return cannot_create(draft, errno, err);
	free(STEAL(draft->temporary));
	return sync_parent(draft, err);
}

/* The reader takes a path; the folder's may be anybody's by now. */
static int read_back(const struct draft *draft, const char *temporary, struct timestamp date,
		     const atomic_bool *interrupted, struct err *err)
{
	CLEANUP(freep) char *path = NULL;

	if (asprintf(&path, "/proc/self/fd/%d/%s", draft->parent, temporary) < 0) {
		path = NULL;
		return err_nomem(err);
	}
	return readback_iso(path, &draft->manifest, date, interrupted, err);
}

int draft_finish_iso(struct draft *draft, struct timestamp date, const atomic_bool *interrupted,
		     unsigned char ret_digest[DIGEST_BYTES], struct err *err)
{
	CLEANUP(outfile_abort) struct outfile out = OUTFILE_INIT;
	CLEANUP(freep) char *beside = NULL;
	int r = complete(draft, date, err);

	if (r >= 0)
		r = outfile_open(&out, draft->parent, draft->name, 0644, err);
	if (r >= 0 && asprintf(&beside, "../%s", out.temporary) < 0) {
		beside = NULL;
		return err_nomem(err);
	}
	if (r >= 0)
		r = iso_write(draft->dirfd, beside, date, interrupted, err);
	if (r >= 0)
		r = read_back(draft, out.temporary, date, interrupted, err);
	if (r >= 0)
		r = draft_digest_of(draft->parent, out.temporary, ret_digest, err);
	if (r >= 0)
		r = outfile_commit_new(&out, err);
	if (r >= 0)
		take_away(draft);
	return r;
}
