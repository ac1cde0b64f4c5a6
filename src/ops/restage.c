/* restage.c - see restage.h. */
#include "ops/restage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/quote.h"

static bool same_time(const struct statx_timestamp *now, struct timestamp staged)
{
	return now->tv_sec == staged.sec && now->tv_nsec == staged.nsec;
}

/* A log may grow meanwhile, but it must be the same file. */
static bool same(const struct statx *now, const struct staged *staged)
{
	if (now->stx_ino != staged->inode)
		return false;
	return staged->settled || (now->stx_size == staged->size && same_time(&now->stx_mtime, staged->mtime) &&
				   same_time(&now->stx_ctime, staged->ctime));
}

static bool holds(const struct staged *staged)
{
	struct statx now;
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;

	if (staged->removed && staged->settled)
		return true;
	if (statx(AT_FDCWD, staged->path, flags, STATX_BASIC_STATS, &now) == 0)
		return !staged->removed && same(&now, staged);
	/* Longer than a path lookup can name: the staging scan walked there by descriptors a moment ago. */
	if (errno == ENAMETOOLONG)
		return true;
	return staged->removed && (errno == ENOENT || errno == ENOTDIR);
}

int restage(struct stage *stage, const struct talk *talk, struct err *err)
{
	struct staged staged;
	int r;

	r = stage_sort(stage, err);
	while (r >= 0 && (r = stage_next(stage, &staged, err)) > 0) {
		if (talk && talk->interrupted && atomic_load(talk->interrupted))
			return err_set(err, ERR_INTERRUPTED, "interrupted: nothing was signed");
		if (!holds(&staged))
			return err_set(err, ERR_LOCKED,
				       "'%s' changed while it was being accepted: nothing was signed, try again",
				       QUOTE(staged.path));
	}
	return r;
}
