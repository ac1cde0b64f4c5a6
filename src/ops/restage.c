/* restage.c - see restage.h. */
#include "ops/restage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "ops/prefix.h"
#include "sys/file.h"

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

static bool same_log(int fd, const struct entry *log)
{
	struct statx now;

	return sys_stat(fd, "", &now) == 0 && now.stx_ino == log->inode && now.stx_dev_major == log->dev_major &&
	       now.stx_dev_minor == log->dev_minor && now.stx_size >= log->size;
}

static int hash_log(int fd, struct entry *log, const atomic_bool *interrupted)
{
	unsigned char beginning[DIGEST_BYTES];
	struct digest_state state, prefix;
	int r;

	digest_init(&state);
	r = prefix_hash(fd, log->digest_bytes, interrupted, &state);
	if (r < 0)
		return r;
	prefix = state;
	digest_final(&prefix, beginning);
	if (!digest_equal(beginning, log->digest))
		return -ENODATA;
	r = prefix_hash(fd, log->size - log->digest_bytes, interrupted, &state);
	if (r < 0)
		return r;
	digest_final(&state, log->digest);
	log->digest_bytes = log->size;
	return 0;
}

int restage_log(struct entry *log, uint64_t max, const atomic_bool *interrupted, struct err *err)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	CLEANUP(fd_closep) int fd = -1;
	int r = -EFBIG;

	if (buf_add(&path, log->path.data, log->path.len) < 0 || !buf_str(&path))
		return err_nomem(err);
	if (log->size <= max)
		r = fd = sys_open_file(AT_FDCWD, (const char *)path.data, false);
	if (fd >= 0)
		r = same_log(fd, log) ? hash_log(fd, log, interrupted) : -ENODATA;
	switch (-r) {
	case 0:
		return 0;
	case ENOMEM:
		return err_nomem(err);
	case ECANCELED:
		return err_set(err, ERR_INTERRUPTED, "interrupted: nothing was signed");
	case ENODATA:
	case ENOENT:
		return err_set(err, ERR_LOCKED,
			       "'%s' changed while it was being accepted: nothing was signed, try again",
			       QUOTE_N(log->path.data, log->path.len));
	default:
		log->size = log->digest_bytes;
		return 0;
	}
}
