/*
 * marks.c - files that come and go in a folder of our own, watched by both instances: when the event of one has come through,
 * everything before it has.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sys/file.h"
#include "watch/inner.h"

static const char mark_prefix[] = "mark.", sweep_prefix[] = "sweep.";

int marks_init(struct watch *watch, struct err *err)
{
	struct statx stat;
	char path[40];
	int r = sys_stat(watch->options.mark_dirfd, "", &stat);

	if (r < 0)
		return err_errno(err, -r, "cannot examine the folder of marks");
	watch->mark_inode = stat.stx_ino;
	watch->mark_device = stat_device(&stat);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", watch->options.mark_dirfd);
	for (int class = 0; class < WATCH_CLASSES; class ++) {
		watch->mark_wd[class] = inotify_add_watch(watch->fds[class], path, IN_CREATE | IN_ONLYDIR);
		if (watch->mark_wd[class] < 0)
			return err_errno_as(err, ERR_IO, errno, "cannot watch the folder of marks");
	}
	return 0;
}

bool marks_is_dir(const struct watch *watch, const struct statx *stat)
{
	return stat->stx_ino == watch->mark_inode && stat_device(stat) == watch->mark_device;
}

static int leave(const struct watch *watch, const char *prefix, uint64_t number, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	int dirfd = watch->options.mark_dirfd;
	char name[40];

	(void)snprintf(name, sizeof(name), "%s%" PRIu64, prefix, number);
	(void)unlinkat(dirfd, name, 0); /* of a run that was killed */
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(err, errno, "cannot make a mark");
	(void)unlinkat(dirfd, name, 0);
	return 0;
}

static size_t mark_count(const struct watch *watch)
{
	return watch->marks.len / sizeof(struct mark);
}

static struct mark *mark_at(const struct watch *watch, size_t index)
{
	return (struct mark *)(void *)watch->marks.data + index;
}

int watch_mark(struct watch *watch, uint64_t number, struct err *err)
{
	struct mark mark = { .number = number };
	int r;

	loss_hurry(watch);
	if (buf_add(&watch->marks, &mark, sizeof(mark)) < 0)
		return err_nomem(err);
	r = leave(watch, mark_prefix, number, err);
	if (r < 0)
		watch->marks.len -= sizeof(mark);
	return r;
}

int marks_sweep(struct watch *watch, struct err *err)
{
	struct err ignored = ERR_INIT;

	(void)err;
	/* without it spent watches are kept until the next time; nothing is lost */
	(void)leave(watch, sweep_prefix, ++watch->sweep, &ignored);
	return 0;
}

/* The number behind PREFIX. */
static bool number_of(struct bytes name, const char *prefix, uint64_t *ret_number)
{
	size_t len = strlen(prefix);
	char *end = NULL;

	if (name.len <= len || memcmp(name.data, prefix, len) != 0)
		return false;
	*ret_number = strtoull((const char *)name.data + len, &end, 10);
	return *end == '\0';
}

int marks_event(struct watch *watch, enum watch_class class, struct bytes name, struct err *err)
{
	uint64_t number;
	size_t index = 0;
	int r;

	if (number_of(name, sweep_prefix, &number)) {
		attach_sweep(watch, class, number);
		return 0;
	}
	if (!number_of(name, mark_prefix, &number))
		return 0;
	while (index < mark_count(watch) && mark_at(watch, index)->number != number)
		index++;
	if (index == mark_count(watch))
		return 0;
	mark_at(watch, index)->seen[class] = true;
	if (!mark_at(watch, index)->seen[WATCH_ROOT] || !mark_at(watch, index)->seen[WATCH_OTHERS])
		return 0;
	/* those before it that have not come through never will */
	memmove(mark_at(watch, 0), mark_at(watch, index + 1), (mark_count(watch) - index - 1) * sizeof(struct mark));
	watch->marks.len -= (index + 1) * sizeof(struct mark);
	/* both queues have been read up to here: what is held has no other half */
	r = rename_settle(watch, UINT64_MAX, err);
	if (r == 0)
		r = loss_tell(watch, err);
	return r < 0 ? r : watch->options.sink.marked(watch->options.sink.context, number, err);
}
