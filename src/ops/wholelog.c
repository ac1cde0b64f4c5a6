/* wholelog.c - see wholelog.h. */
#include "ops/wholelog.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "ops/prefix.h"
#include "sys/file.h"

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

int wholelog(struct entry *log, uint64_t max, const atomic_bool *interrupted, struct err *err)
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
