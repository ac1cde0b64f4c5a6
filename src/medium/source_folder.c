/*
 * source_folder.c - the files of a medium that is a folder: regular ones, in it and in its folders, and nothing else.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "medium/manifest.h"
#include "medium/source.h"

static const char *kind_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return "a symbolic link";
	case S_IFDIR:
		return "a folder";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	default:
		return "a device";
	}
}

int source_folder_judge(const struct stat *status, const char *name, struct err *err)
{
	if (!S_ISREG(status->st_mode))
		return err_set(err, ERR_UNTRUSTED, "'%s' is %s, where a medium has files only", QUOTE(name),
			       kind_name(status->st_mode));
	if (status->st_mode & (S_ISUID | S_ISGID))
		return err_set(err, ERR_UNTRUSTED, "'%s' is a set-id file", QUOTE(name));
	return 0;
}

static void closedirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
	*dir = NULL;
}

static int list(struct source *source, const char *folder, struct err *err);

/* NAME is below the top, PART below FD. */
static int take(struct source *source, int fd, const char *part, const char *name, bool top, struct err *err)
{
	struct stat status;
	int r;

	if (fstatat(fd, part, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno_as(err, errno == EACCES ? ERR_DENIED : ERR_IO, errno, "cannot look at '%s'",
				    QUOTE(name));
	if (top && S_ISDIR(status.st_mode) && !manifest_name_fits(part))
		return err_set(err, ERR_UNTRUSTED, "the folder '%s' is one too many", QUOTE(part));
	if (top && S_ISDIR(status.st_mode))
		return list(source, part, err);
	r = source_folder_judge(&status, name, err);
	return r < 0 ? r : source_add(source, name, (uint64_t)status.st_size, 0, err);
}

/* FOLDER: NULL for the top. */
static int list(struct source *source, const char *folder, struct err *err)
{
	CLEANUP(closedirp) DIR *dir = NULL;
	CLEANUP(fd_closep) int fd = -1;
	const struct dirent *entry;
	size_t before = source->count;
	char name[2 * NAME_MAX + 2];
	int r = 0;

	fd = openat(source->fd, folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_errno_as(err, errno == EACCES ? ERR_DENIED : ERR_IO, errno, "cannot list '%s'",
				    QUOTE(folder ? folder : "."));
	fd = -1; /* dir's now */
	while (r >= 0 && (errno = 0, entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		(void)snprintf(name, sizeof(name), "%s%s%s", folder ? folder : "", folder ? "/" : "", entry->d_name);
		r = take(source, dirfd(dir), entry->d_name, name, !folder, err);
	}
	if (r < 0)
		return r;
	if (errno)
		return err_errno_as(err, ERR_IO, errno, "cannot list '%s'", QUOTE(folder ? folder : "."));
	if (folder && source->count == before)
		return err_set(err, ERR_UNTRUSTED, "the folder '%s' is one too many: it is empty", QUOTE(folder));
	return 0;
}

int source_folder_list(struct source *source, struct err *err)
{
	int r = list(source, NULL, err);

	return r < 0 ? r : source_sort(source, err);
}
