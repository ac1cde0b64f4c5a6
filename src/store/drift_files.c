/* drift_files.c - the two files of a drift: opened once, never by name again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "store/drift_inner.h"

const char drift_name[] = "drift.db";
static const char journal_name[] = "drift.db-journal";

enum { DRIFT_MODE = 0640, TRIES = 3 };

/* Why it cannot be a file that we made; NULL when it can. */
static const char *strange(const struct stat *status)
{
	if (S_ISLNK(status->st_mode))
		return "a symbolic link";
	if (S_ISDIR(status->st_mode))
		return "a directory";
	if (!S_ISREG(status->st_mode))
		return "not a regular file";
	return status->st_nlink != 1 ? "a file with several links" : NULL;
}

static int replace(int dirfd, const char *name, const struct stat *status, struct err *ret_why, struct err *err)
{
	if (unlinkat(dirfd, name, S_ISDIR(status->st_mode) ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT)
		return err_errno_as(err, ERR_CANTCREATE, errno, "cannot replace '%s', which is %s", QUOTE(name),
				    strange(status));
	(void)err_set(ret_why, ERR_DATA, "'%s' was %s", QUOTE(name), strange(status));
	return 0;
}

/* One attempt: 0 with *ret_fd, 1 when it was replaced or came and went, or an error. */
static int try_open(int dirfd, const char *name, int *ret_fd, bool *ret_new, struct err *ret_why, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	struct stat status;
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

	/* looked at first: opening a device can act on it */
	*ret_new = fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0;
	if (*ret_new && errno != ENOENT)
		return err_errno_as(err, ERR_CANTCREATE, errno, "cannot open '%s'", QUOTE(name));
	if (!*ret_new && strange(&status)) {
		int r = replace(dirfd, name, &status, ret_why, err);

		return r < 0 ? r : 1;
	}
	fd = openat(dirfd, name, flags | (*ret_new ? O_CREAT | O_EXCL : 0), DRIFT_MODE);
	if (fd < 0 && (errno == EEXIST || errno == ENOENT || errno == ELOOP))
		return 1;
	if (fd < 0)
		return err_errno_as(err, ERR_CANTCREATE, errno, "cannot open '%s'", QUOTE(name));
	if (fstat(fd, &status) < 0)
		return err_errno_as(err, ERR_CANTCREATE, errno, "cannot open '%s'", QUOTE(name));
	if (strange(&status))
		return 1;
	/* past the umask; a file of somebody else keeps what it has */
	(void)fchmod(fd, DRIFT_MODE);
	*ret_fd = STEAL_FD(fd);
	return 0;
}

static int open_one(int dirfd, const char *name, int *ret_fd, bool *ret_new, struct err *ret_why, struct err *err)
{
	for (int i = 0; i < TRIES; i++) {
		int r = try_open(dirfd, name, ret_fd, ret_new, ret_why, err);

		if (r <= 0)
			return r;
	}
	return err_set(err, ERR_CANTCREATE, "cannot open '%s': it is replaced again and again", QUOTE(name));
}

void drift_files_done(struct drift_files *files)
{
	fd_closep(&files->db);
	fd_closep(&files->journal);
}

int drift_files_open(int dirfd, struct drift_files *ret_files, bool *ret_new, struct err *ret_why, struct err *err)
{
	CLEANUP(drift_files_done) struct drift_files files = { -1, -1 };
	bool new_db, new_journal;
	int r;

	r = open_one(dirfd, drift_name, &files.db, &new_db, ret_why, err);
	if (r < 0)
		return r;
	if (flock(files.db, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return err_set(err, ERR_LOCKED, "'%s' is in use by another process", QUOTE(drift_name));
	r = open_one(dirfd, journal_name, &files.journal, &new_journal, ret_why, err);
	if (r < 0)
		return r;
	/* one without the other: what was begun last cannot be undone, or belongs to another file */
	if (new_db != new_journal && ret_why->code == 0)
		(void)err_set(ret_why, ERR_DATA, "'%s' was missing", QUOTE(new_db ? drift_name : journal_name));
	*ret_new = new_db && new_journal;
	*ret_files = files;
	files = (struct drift_files){ -1, -1 };
	return 0;
}
