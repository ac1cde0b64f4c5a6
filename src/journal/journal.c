/*
 * journal.c - appending: lines are chained when they come, gathered in memory, and written when they can be. See journal.h.
 *
 * `pending` always begins with a whole line, so that a segment that vanished costs none of them; `begun` tells how much of
 * the first one a short write has put into the segment.
 */
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "journal/journal_inner.h"

enum { BATCH_BYTES = 1 << 20 }; /* a batch that is larger is written in parts */
#define RETRY_NS UINT64_C(1000000000)

void journal_take_segment(struct journal *journal, int fd, uint64_t first, uint64_t size)
{
	struct journal_shared *shared = journal->shared;
	int old = -1;

	(void)pthread_mutex_lock(&shared->lock);
	if (shared->fd >= 0 && shared->retired_count < JOURNAL_RETIRED)
		shared->retired[shared->retired_count++] = shared->fd;
	else
		old = shared->fd;
	shared->fd = fd;
	shared->folder_changed |= fd >= 0;
	(void)pthread_mutex_unlock(&shared->lock);
	if (old >= 0) {
		/* nobody syncs: then here, late is better than never */
		(void)fdatasync(old);
		fd_closep(&old);
	}
	journal->segment_first = first;
	journal->segment_bytes = size;
	journal->segment[0] = '\0';
	if (fd >= 0)
		segment_name(first, journal->segment);
}

static void hold(struct journal *journal, int os_errno, const char *what)
{
	(void)snprintf(journal->problem, sizeof(journal->problem), "cannot %s journal segment: %s", what,
		       strerror(os_errno));
	journal->lost.os_errno = os_errno;
	journal->retry_ns = time_monotonic_ns() + RETRY_NS;
}

/* Something by that name that is not ours is put aside. */
static int make_segment(int dirfd, const char *name)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd = openat(dirfd, name, flags, 0640);
	char aside[SEGMENT_NAME + 8];

	if (fd >= 0 || errno != EEXIST)
		return fd;
	(void)snprintf(aside, sizeof(aside), "%s.aside", name);
	return renameat(dirfd, name, dirfd, aside) < 0 ? -1 : openat(dirfd, name, flags, 0640);
}

bool journal_begin_segment(struct journal *journal)
{
	uint64_t first = journal->chain.next - journal->held;
	char name[SEGMENT_NAME];
	int fd;

	segment_name(first, name);
	fd = make_segment(journal->shared->dirfd, name);
	if (fd < 0) {
		hold(journal, errno, "make a");
		return false;
	}
	journal->begun = 0;
	journal_take_segment(journal, fd, first, 0);
	return true;
}

/* LEN more bytes of pending are in the segment. */
static void wrote(struct journal *journal, size_t len)
{
	size_t reached = journal->begun + len, whole = 0, last = 0;
	uint64_t lines = 0;
	const unsigned char *end;

	while (whole < reached && (end = memchr(journal->pending.data + whole, '\n', reached - whole))) {
		last = whole;
		whole = (size_t)(end - journal->pending.data) + 1;
		lines++;
	}
	if (lines)
		(void)line_parse_tail((const char *)journal->pending.data + last, whole - 1 - last,
				      journal->before_pending);
	memmove(journal->pending.data, journal->pending.data + whole, journal->pending.len - whole);
	journal->pending.len -= whole;
	journal->begun = reached - whole;
	journal->segment_bytes += len;
	journal->held -= lines;
	(void)pthread_mutex_lock(&journal->shared->lock);
	journal->shared->written += lines;
	(void)pthread_mutex_unlock(&journal->shared->lock);
}

/* Writes what is pending, as far as it goes. */
static void put(struct journal *journal)
{
	if (journal->pending.len && journal->begun == 0 && journal->shared->fd >= 0 &&
	    journal->segment_bytes >= JOURNAL_SEGMENT_BYTES)
		journal_take_segment(journal, -1, 0, 0);
	while (journal->pending.len) {
		ssize_t n;

		if (journal->shared->fd < 0 && !journal_begin_segment(journal))
			return;
		n = write(journal->shared->fd, journal->pending.data + journal->begun,
			  journal->pending.len - journal->begun);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			hold(journal, n < 0 ? errno : EIO, "write");
			return;
		}
		wrote(journal, (size_t)n);
	}
	journal->problem[0] = '\0';
}

static int add(struct journal *journal, const char *members, size_t len)
{
	unsigned char hash[HASH_BYTES];

	if (line_add(&journal->pending, journal->chain.next, members, len, journal->chain.hash, hash) < 0)
		return -1;
	memcpy(journal->chain.hash, hash, HASH_BYTES);
	journal->chain.next++;
	journal->held++;
	return 0;
}

static void lose(struct journal *journal, int os_errno)
{
	journal->lost.to = time_now();
	if (journal->lost.unsaid++ == 0)
		journal->lost.from = journal->lost.to;
	journal->lost.total++;
	if (os_errno)
		journal->lost.os_errno = os_errno;
}

/* There is room again: what was lost meanwhile is said. */
static void tell_lost(struct journal *journal)
{
	struct journal_gap gap = { .lines = journal->lost.unsaid, .from = journal->lost.from, .to = journal->lost.to };
	char members[JOURNAL_GAP_MEMBERS];

	if (journal->lost.unsaid == 0 || journal->pending.len)
		return;
	gap.seq = journal->chain.next;
	if (add(journal, members, journal_gap_members(&gap, journal->lost.os_errno, members)) < 0)
		return;
	journal->lost.unsaid = 0;
	journal->gap = gap; /* it may be refused, too */
	put(journal);
}

static void put_all(struct journal *journal)
{
	put(journal);
	tell_lost(journal);
}

static bool due(const struct journal *journal)
{
	return !journal->problem[0] || time_monotonic_ns() >= journal->retry_ns;
}

static int check_members(const char *members, size_t len, struct err *err)
{
	if (len == 0 || len > JOURNAL_LINE_MAX - 512)
		return err_set(err, ERR_DATA, "a journal line of %zu bytes is not possible", len);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)members[i] < 0x20 || members[i] == 0x7f)
			return err_set(err, ERR_DATA, "a journal line may not hold a control character");
	}
	return 0;
}

int journal_append(struct journal *journal, const char *members, size_t len, uint64_t *ret_seq, struct err *err)
{
	uint64_t seq = 0;
	int r = check_members(members, len, err);

	if (r < 0)
		return r;
	if (journal->chain.next > LINE_SEQ_MAX)
		return err_set(err, ERR_DATA, "the journal has no numbers left");
	if (journal->problem[0] && due(journal))
		put_all(journal);
	if (journal->problem[0] && journal->pending.len + len > JOURNAL_HELD_BYTES && !journal_drop(journal, len)) {
		lose(journal, 0);
	} else if (add(journal, members, len) < 0) {
		lose(journal, ENOMEM);
		return err_nomem(err);
	} else {
		seq = journal->chain.next - 1;
	}
	if (due(journal) && (!journal->batching || journal->pending.len >= BATCH_BYTES))
		put_all(journal);
	if (ret_seq)
		*ret_seq = seq;
	return 0;
}

void journal_batch(struct journal *journal)
{
	journal->batching = true;
}

int journal_flush(struct journal *journal, struct err *err)
{
	(void)err;
	journal->batching = false;
	put_all(journal);
	return 0;
}

/* A gap line among those that are held stands for the lines that were dropped. */
static void count_unwritten(const struct journal *journal, struct journal_state *state)
{
	const unsigned char *first = journal->pending.data, *end;
	uint64_t seq;

	state->unwritten = journal->held + journal->lost.unsaid;
	state->unwritten_since = journal->lost.from;
	if (journal->held == 0)
		return;
	end = memchr(first, '\n', journal->pending.len);
	(void)line_parse_head((const char *)first, (size_t)(end - first), &seq, &state->unwritten_since);
	if (journal->gap.seq >= journal->chain.next - journal->held) {
		state->unwritten += journal->gap.lines - 1;
		if (journal->gap.seq == seq)
			state->unwritten_since = journal->gap.from;
	}
}

void journal_state(const struct journal *journal, struct journal_state *ret_state)
{
	struct journal_state state = {
		.seq = journal->chain.next - 1,
		.held = journal->problem[0] ? journal->held : 0,
		.lost = journal->lost.total,
		.segment_bytes = journal->segment_bytes,
	};

	(void)pthread_mutex_lock(&journal->shared->lock);
	state.durable = journal->shared->durable;
	(void)snprintf(state.problem, sizeof(state.problem), "%s",
		       journal->problem[0] ? journal->problem : journal->shared->problem);
	(void)pthread_mutex_unlock(&journal->shared->lock);
	(void)snprintf(state.segment, sizeof(state.segment), "%s", journal->segment);
	hash_text(journal->chain.hash, state.chain);
	if (journal->problem[0] || journal->lost.unsaid)
		count_unwritten(journal, &state);
	*ret_state = state;
}
