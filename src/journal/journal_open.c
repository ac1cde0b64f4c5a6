/*
 * journal_open.c - opening for writing: finds the end of the chain, repairs what a crash cut. See journal.h.
 *
 * Only the last segment is verified here, and that it follows from the one before; all of it is `tally verify`'s.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "journal/journal_inner.h"

int journal_lock(int dirfd, int *ret_fd, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	struct stat st;

	fd = openat(dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);
	if (fd < 0)
		return err_errno(err, errno, "cannot open the journal's lock file");
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_DATA, "the journal's lock file is not a regular file");
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return err_set(err, ERR_LOCKED, "somebody else is writing the journal");
		return err_errno(err, errno, "cannot lock the journal");
	}
	*ret_fd = STEAL_FD(fd);
	return 0;
}

/* The last segment as it is found. */
struct ending {
	int dirfd;
	uint64_t first;
	int fd;
	uint64_t whole; /* bytes up to the end of the last line */
	uint64_t line; /* number in the segment, for messages */
	struct chain chain;
	struct journal_opening *opening;
};

static void break_off(struct ending *ending, const char *reason)
{
	char name[SEGMENT_NAME];

	if (ending->opening->broken)
		return;
	segment_name(ending->first, name);
	ending->opening->broken = true;
	if (ending->line)
		(void)snprintf(ending->opening->reason, sizeof(ending->opening->reason),
			       "journal segment '%s', line %llu: %s", name, (unsigned long long)ending->line, reason);
	else
		(void)snprintf(ending->opening->reason, sizeof(ending->opening->reason), "journal segment '%s': %s",
			       name, reason);
}

/* Takes the whole lines in DATA; returns how many bytes they are. */
static size_t take_lines(struct ending *ending, const unsigned char *data, size_t len)
{
	size_t taken = 0;
	const unsigned char *end;

	while ((end = memchr(data + taken, '\n', len - taken))) {
		char reason[LINE_REASON];
		struct line line;

		ending->line++;
		if (chain_step(&ending->chain, (const char *)data + taken, (size_t)(end - data) - taken, &line,
			       reason) != CHAIN_GOOD)
			break_off(ending, reason);
		taken = (size_t)(end - data) + 1;
	}
	return taken;
}

static int read_lines(struct ending *ending, struct buf *buf, struct err *err)
{
	for (;;) {
		size_t taken;
		ssize_t n;

		if (buf->len > JOURNAL_LINE_MAX) {
			/* no line: whether anything is behind it does not matter, nothing is appended to this segment */
			break_off(ending, "a line is too long");
			return 0;
		}
		if (buf_reserve(buf, 1 << 16) < 0)
			return err_nomem(err);
		n = pread(ending->fd, buf->data + buf->len, 1 << 16, (off_t)(ending->whole + buf->len));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "cannot read the journal's last segment");
		if (n == 0)
			return 0;
		buf->len += (size_t)n;
		taken = take_lines(ending, buf->data, buf->len);
		memmove(buf->data, buf->data + taken, buf->len - taken);
		buf->len -= taken;
		ending->whole += taken;
	}
}

/* The beginning of a line that was never finished goes to SEGMENT.torn; where that cannot be written it is dropped, for the
 * next line must begin a line. */
static void repair(struct ending *ending, const struct buf *torn)
{
	CLEANUP(fd_closep) int fd = -1;
	struct err ignored = ERR_INIT;
	char segment[SEGMENT_NAME], name[SEGMENT_NAME + 8];

	segment_name(ending->first, segment);
	(void)snprintf(name, sizeof(name), "%s.torn", segment);
	fd = openat(ending->dirfd, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (fd >= 0 && fd_write_all(fd, torn->data, torn->len, name, &ignored) >= 0)
		(void)fdatasync(fd);
	ending->opening->torn_bytes = torn->len;
	if (ftruncate(ending->fd, (off_t)ending->whole) < 0)
		break_off(ending, "its last line has no end and cannot be removed");
}

/* The chain at the end of the segment FIRST, whose last line is none: from reading all of it. */
static int read_before(const struct ending *ending, uint64_t first, struct chain *ret_chain, struct err *err)
{
	CLEANUP(buf_done) struct buf buf = BUF_INIT;
	struct journal_opening ignored = { .fresh = false };
	struct ending before = { .dirfd = ending->dirfd, .first = first, .fd = -1, .opening = &ignored };
	struct err reason = ERR_INIT;
	uint64_t size;
	int r = 0;

	before.chain = (struct chain){ .loose = true };
	if (segment_open(before.dirfd, first, O_RDONLY, &before.fd, &size, &reason) >= 0)
		r = read_lines(&before, &buf, err);
	fd_closep(&before.fd);
	ret_chain->known = before.chain.known;
	memcpy(ret_chain->hash, before.chain.hash, sizeof(ret_chain->hash));
	return r;
}

/* Where the chain stands before the last segment. */
static int start_chain(struct ending *ending, const struct segment_list *list, struct err *err)
{
	uint64_t before = list->count > 1 ? list->firsts[list->count - 2] : 0;

	ending->chain = CHAIN_START;
	ending->chain.next = ending->first;
	ending->chain.known = ending->first == 1;
	if (!before)
		return 0;
	ending->chain.known = segment_tail(ending->dirfd, before, ending->chain.hash);
	return ending->chain.known ? 0 : read_before(ending, before, &ending->chain, err);
}

static int find_end(struct ending *ending, const struct segment_list *list, struct err *err)
{
	CLEANUP(buf_done) struct buf buf = BUF_INIT;
	struct err reason = ERR_INIT;
	uint64_t size;
	int r;

	ending->first = list->firsts[list->count - 1];
	r = start_chain(ending, list, err);
	if (r < 0)
		return r;
	r = segment_open(ending->dirfd, ending->first, O_RDWR | O_APPEND, &ending->fd, &size, &reason);
	if (r == ERR_DATA || r == ERR_NOINPUT) {
		break_off(ending, "it is not a regular file");
	} else if (r < 0) {
		*err = reason;
		return r;
	} else {
		r = read_lines(ending, &buf, err);
		if (r < 0)
			return r;
		if (buf.len && !ending->opening->broken)
			repair(ending, &buf);
	}
	/* the new segment needs a name of its own */
	if (ending->opening->broken && ending->chain.next <= ending->first)
		ending->chain.next = ending->first + 1;
	return 0;
}

static int new_journal(int dirfd, struct journal **ret_journal, struct err *err)
{
	CLEANUP(journal_freep) struct journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return err_nomem(err);
	journal->lock_fd = -1;
	journal->chain = CHAIN_START;
	journal->shared = calloc(1, sizeof(*journal->shared));
	if (!journal->shared)
		return err_nomem(err);
	(void)pthread_mutex_init(&journal->shared->lock, NULL);
	journal->shared->dirfd = dirfd;
	journal->shared->fd = -1;
	*ret_journal = STEAL(journal);
	return 0;
}

int journal_open(int dirfd, struct journal **ret_journal, struct journal_opening *ret_opening, struct err *err)
{
	CLEANUP(journal_freep) struct journal *journal = NULL;
	CLEANUP(segment_list_done) struct segment_list list = SEGMENT_LIST_INIT;
	struct journal_opening opening = { .fresh = false };
	struct ending ending = { .dirfd = dirfd, .fd = -1, .opening = &opening };
	int r;

	r = new_journal(dirfd, &journal, err);
	if (r >= 0)
		r = journal_lock(dirfd, &journal->lock_fd, err);
	if (r >= 0)
		r = segment_list_read(dirfd, &list, err);
	if (r < 0)
		return r;
	opening.fresh = list.count == 0;
	if (!opening.fresh) {
		r = find_end(&ending, &list, err);
		if (r < 0) {
			fd_closep(&ending.fd);
			return r;
		}
		journal->chain = ending.chain;
		memcpy(journal->before_pending, ending.chain.hash, HASH_BYTES);
	}
	if (opening.broken)
		fd_closep(&ending.fd);
	journal->shared->written = journal->shared->durable = journal->chain.next - 1;
	if (ending.fd >= 0)
		journal_take_segment(journal, ending.fd, ending.first, ending.whole);
	else
		(void)journal_begin_segment(journal);
	journal_remember_path(journal);
	*ret_opening = opening;
	*ret_journal = STEAL(journal);
	return 0;
}

void journal_freep(struct journal **journal)
{
	struct journal *old = *journal;
	struct err ignored = ERR_INIT;

	if (!old)
		return;
	if (old->shared) {
		(void)journal_flush(old, &ignored);
		(void)journal_sync(old, &ignored);
		fd_closep(&old->shared->fd);
		(void)pthread_mutex_destroy(&old->shared->lock);
		free(old->shared);
	}
	fd_closep(&old->lock_fd);
	buf_done(&old->pending);
	free(old->path);
	free(old);
	*journal = NULL;
}
