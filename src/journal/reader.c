/*
 * reader.c - reading a journal forward: lines, across segments, following what is appended. See journal.h.
 *
 * Nothing of a line that has no end yet is kept between calls that found the present end: the writer may cut it off and
 * write another one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "journal/reader_inner.h"

enum { READ_BYTES = 1 << 16 };

static int broken(struct journal_reader *reader, struct err *err, const char *reason)
{
	reader->count.breaks++;
	if (reader->line)
		return err_set(err, ERR_UNTRUSTED, "journal segment '%s', line %" PRIu64 ": %s", reader->name,
			       reader->line, reason);
	return err_set(err, ERR_UNTRUSTED, "journal segment '%s': %s", reader->name, reason);
}

static void leave(struct journal_reader *reader)
{
	fd_closep(&reader->fd);
	reader->opened = reader->last_look = reader->skipping = false;
	reader->offset = 0;
	reader->used = reader->scanned = 0;
	buf_clear(&reader->buf);
}

/* Is there a segment behind the present one? 1 or 0; the folder is read again when none is known. */
static int find_next(struct journal_reader *reader, struct err *err)
{
	int r;

	if (reader->next < reader->list.count)
		return 1;
	r = segment_list_read(reader->dirfd, &reader->list, err);
	if (r < 0)
		return r;
	reader->next = 0;
	while (reader->next < reader->list.count && reader->list.firsts[reader->next] <= reader->present)
		reader->next++;
	return reader->next < reader->list.count;
}

/* Goes to the next segment: 1, 0 when there is none. ERR_UNTRUSTED where lines are missing before it, once, or where
 * it is no file. */
static int enter(struct journal_reader *reader, struct err *err)
{
	char reason[LINE_REASON];
	uint64_t first, size;
	int r = find_next(reader, err);

	if (r <= 0)
		return r;
	first = reader->list.firsts[reader->next];
	segment_name(first, reader->name);
	reader->line = 0;
	if (first != reader->chain.next && !reader->chain.loose) {
		(void)snprintf(reason, sizeof(reason),
			       first > reader->chain.next ? "lines before it are missing, from number %" PRIu64 " on"
							  : "it begins again before number %" PRIu64,
			       reader->chain.next);
		reader->chain.known = false;
		reader->chain.loose = true;
		return broken(reader, err, reason);
	}
	r = segment_open(reader->dirfd, first, O_RDONLY, &reader->fd, &size, err);
	if (r < 0 && r != ERR_NOINPUT && r != ERR_DATA)
		return r;
	reader->next++;
	reader->present = first;
	reader->count.segments++;
	reader->opened = r >= 0;
	if (r >= 0)
		return 1;
	reader->chain.known = false;
	reader->chain.loose = true;
	return broken(reader, err, r == ERR_DATA ? "it is not a regular file" : "it was taken away");
}

/* More bytes of the segment: 1, 0 at its end. */
static int fill(struct journal_reader *reader, struct err *err)
{
	ssize_t n;

	if (reader->used) {
		memmove(reader->buf.data, reader->buf.data + reader->used, reader->buf.len - reader->used);
		reader->buf.len -= reader->used;
		reader->offset += reader->used;
		reader->used = 0;
	}
	if (buf_reserve(&reader->buf, READ_BYTES) < 0) {
		reader->buf.failed = false;
		return err_nomem(err);
	}
	do {
		n = pread(reader->fd, reader->buf.data + reader->buf.len, READ_BYTES,
			  (off_t)(reader->offset + reader->buf.len));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, errno, "cannot read journal segment '%s'", reader->name);
	reader->buf.len += (size_t)n;
	return n > 0;
}

/* The line of LEN bytes at `used`: 1 to be given, 0 passed over, or where it does not chain. */
static int take(struct journal_reader *reader, size_t len, struct err *err)
{
	const char *text = (const char *)reader->buf.data + reader->used;
	char reason[LINE_REASON];
	enum chain_result result;
	struct line line;

	reader->buf.data[reader->used + len] = '\0';
	reader->used += len + 1;
	reader->scanned = 0;
	reader->line++;
	reader->count.lines++;
	result = chain_step(&reader->chain, text, len, &line, reason);
	if (result == CHAIN_MALFORMED)
		return broken(reader, err, reason);
	reader->count.last_seq = line.seq;
	if (reader->count.first_seq == 0)
		reader->count.first_seq = line.seq;
	reader->stash = (struct journal_line){ text, len, line.seq, line.time, reader->name };
	if (reader->since_given && time_compare(line.time, reader->since) >= 0)
		reader->since_given = false;
	if (result == CHAIN_BROKEN) {
		reader->waiting = !reader->since_given;
		return broken(reader, err, reason);
	}
	return !reader->since_given;
}

/* Within a line that is too long: drops what there is of it. */
static void skip(struct journal_reader *reader, const unsigned char *end)
{
	reader->skipping = !end;
	reader->used = end ? (size_t)(end - reader->buf.data) + 1 : reader->buf.len;
	reader->scanned = 0;
}

static int too_long(struct journal_reader *reader, const unsigned char *end, struct err *err)
{
	reader->line++;
	reader->count.lines++;
	reader->chain.loose = true;
	skip(reader, end);
	return broken(reader, err, "it is too long for a journal line");
}

/* The end of the line that begins at `used`, or NULL. */
static const unsigned char *find_newline(struct journal_reader *reader)
{
	size_t from = reader->used + reader->scanned;
	const unsigned char *end = NULL;

	if (from < reader->buf.len)
		end = memchr(reader->buf.data + from, '\n', reader->buf.len - from);
	if (!end)
		reader->scanned = reader->buf.len - reader->used;
	return end;
}

/* The next line of the open segment: 1 given, 0 its end; lines that are passed over are not seen outside. */
static int next_here(struct journal_reader *reader, struct err *err)
{
	int r;

	for (;;) {
		const unsigned char *end = find_newline(reader);
		size_t start = reader->used;
		size_t len = (end ? (size_t)(end - reader->buf.data) : reader->buf.len) - start;

		if (reader->skipping)
			skip(reader, end);
		else if (len > JOURNAL_LINE_MAX)
			return too_long(reader, end, err);
		else if (end && (r = take(reader, len, err)) != 0)
			return r;
		if (end)
			continue;
		r = fill(reader, err);
		if (r <= 0)
			return r;
	}
}

/* At the end of what the segment holds now. 1: there is more, here or behind; 0: the present end; or a break. */
static int at_end(struct journal_reader *reader, struct err *err)
{
	bool residue = reader->buf.len > reader->used || reader->skipping;
	struct stat st;
	int r;

	if (fstat(reader->fd, &st) < 0)
		return err_errno(err, errno, "cannot read journal segment '%s'", reader->name);
	reader->offset += reader->used;
	reader->used = reader->scanned = 0;
	buf_clear(&reader->buf);
	if ((uint64_t)st.st_size < reader->offset) {
		reader->offset = (uint64_t)st.st_size;
		reader->skipping = false;
		return broken(reader, err, "the segment became shorter than what was read of it");
	}
	reader->count.torn = residue;
	r = find_next(reader, err);
	if (r <= 0)
		return r;
	/* lines may have come between its end and the next segment's beginning */
	if (!reader->last_look) {
		reader->last_look = true;
		return 1;
	}
	leave(reader);
	reader->count.torn = false;
	if (!residue)
		return 1;
	reader->line++;
	return broken(reader, err, "it has no end");
}

int journal_reader_next(struct journal_reader *reader, struct journal_line *ret_line, struct err *err)
{
	int r;

	if (reader->waiting) {
		reader->waiting = false;
		*ret_line = reader->stash;
		return 1;
	}
	for (;;) {
		r = reader->opened ? 1 : enter(reader, err);
		if (r > 0) {
			r = next_here(reader, err);
			if (r > 0)
				*ret_line = reader->stash;
			if (r != 0)
				return r;
			r = at_end(reader, err);
		}
		if (r <= 0)
			return r;
	}
}
