/* journal_sync.c - making lines durable, from a thread of its own; and whether folder and segment are still there. See
 * journal.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "journal/journal_inner.h"

/* What there is to sync, taken out from below the lock: syncing may take long. */
struct work {
	int folder, fd;
	int retired[JOURNAL_RETIRED];
	unsigned retired_count;
	uint64_t written;
	bool short_of_fds;
};

static void take_work(struct journal_shared *shared, struct work *work)
{
	*work = (struct work){ .folder = -1, .fd = -1 };
	(void)pthread_mutex_lock(&shared->lock);
	work->written = shared->written;
	if (shared->folder_changed) {
		work->folder = fcntl(shared->dirfd, F_DUPFD_CLOEXEC, 0);
		work->short_of_fds |= work->folder < 0;
		shared->folder_changed = work->folder < 0;
	}
	if (shared->fd >= 0) {
		work->fd = fcntl(shared->fd, F_DUPFD_CLOEXEC, 0);
		work->short_of_fds |= work->fd < 0;
	}
	memcpy(work->retired, shared->retired, sizeof(work->retired));
	work->retired_count = shared->retired_count;
	shared->retired_count = 0;
	(void)pthread_mutex_unlock(&shared->lock);
}

/* 0 or an errno. All is tried, whatever fails. */
static int do_work(struct work *work, bool *ret_folder_failed)
{
	int failed = work->short_of_fds ? EMFILE : 0;

	for (unsigned i = 0; i < work->retired_count; i++) {
		if (fdatasync(work->retired[i]) < 0)
			failed = errno;
		fd_closep(&work->retired[i]);
	}
	if (work->fd >= 0 && fdatasync(work->fd) < 0)
		failed = errno;
	*ret_folder_failed = work->folder >= 0 && fsync(work->folder) < 0;
	if (*ret_folder_failed)
		failed = errno;
	fd_closep(&work->fd);
	fd_closep(&work->folder);
	return failed;
}

int journal_sync(struct journal *journal, struct err *err)
{
	struct journal_shared *shared = journal->shared;
	bool folder_failed;
	struct work work;
	int failed;

	take_work(shared, &work);
	failed = do_work(&work, &folder_failed);
	(void)pthread_mutex_lock(&shared->lock);
	shared->folder_changed |= folder_failed;
	shared->problem[0] = '\0';
	if (failed)
		(void)snprintf(shared->problem, sizeof(shared->problem), "cannot sync the journal: %s",
			       strerror(failed));
	else if (work.written > shared->durable)
		shared->durable = work.written;
	(void)pthread_mutex_unlock(&shared->lock);
	return failed ? err_errno(err, failed, "cannot sync the journal") : 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

void journal_remember_path(struct journal *journal)
{
	char link[64], path[PATH_MAX];
	struct stat folder, named;
	ssize_t len;

	free(journal->path);
	journal->path = NULL;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", journal->shared->dirfd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len <= 0 || (size_t)len >= sizeof(path) - 1 || path[0] != '/')
		return;
	path[len] = '\0';
	/* of a mount from another namespace the kernel may tell a name that holds only there */
	if (fstat(journal->shared->dirfd, &folder) == 0 && stat(path, &named) == 0 && same_file(&folder, &named))
		journal->path = strdup(path);
}

int journal_check(const struct journal *journal, struct err *err)
{
	int dirfd = journal->shared->dirfd, fd = journal->shared->fd;
	struct stat folder, named, segment;

	if (fstat(dirfd, &folder) < 0 || folder.st_nlink == 0)
		return err_set(err, ERR_NOINPUT, "the journal's folder was removed");
	if (journal->path && (stat(journal->path, &named) < 0 || !same_file(&folder, &named)))
		return err_set(err, ERR_NOINPUT, "the journal's folder was moved away");
	if (fd < 0)
		return 0;
	if (fstat(fd, &segment) < 0 || fstatat(dirfd, journal->segment, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !same_file(&segment, &named))
		return err_set(err, ERR_NOINPUT, "journal segment '%s' was taken away", journal->segment);
	if ((uint64_t)segment.st_size != journal->segment_bytes)
		return err_set(err, ERR_NOINPUT, "journal segment '%s' has another size than was written",
			       journal->segment);
	return 0;
}

int journal_reopen(struct journal *journal, int dirfd, struct err *err)
{
	struct journal_shared *shared = journal->shared;
	CLEANUP(fd_closep) int lock = -1;
	int r;

	/* the lock file may be the old one still: it would lock ourselves out */
	fd_closep(&journal->lock_fd);
	r = journal_lock(dirfd, &lock, err);
	if (r < 0) {
		struct err ignored = ERR_INIT;

		(void)journal_lock(shared->dirfd, &journal->lock_fd, &ignored);
		return r;
	}
	journal->lock_fd = STEAL_FD(lock);
	journal_take_segment(journal, -1, 0, 0);
	(void)pthread_mutex_lock(&shared->lock);
	shared->dirfd = dirfd;
	shared->folder_changed = true;
	(void)pthread_mutex_unlock(&shared->lock);
	journal->begun = 0;
	journal_remember_path(journal);
	return journal_flush(journal, err);
}
