/*
 * journal_drop.c - what is held while nothing can be written has a bound. Past it the oldest lines give way: the newest tell what is
 * the case now, and what the others told stands in no other place, so a gap line takes theirs.
 *
 * Numbers and chain have no holes, so the lines behind the gap get new ones. None of them has left this process yet, but for a
 * first line of which the segment holds a part: that one stays. A quarter of the bound is dropped at once, so that this is seldom.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "journal/journal_inner.h"

enum { KEEP_BYTES = JOURNAL_HELD_BYTES / 4 * 3, GAP_BYTES = 1024 };

size_t journal_gap_members(const struct journal_gap *gap, int os_errno, char ret_members[JOURNAL_GAP_MEMBERS])
{
	return (size_t)snprintf(ret_members, JOURNAL_GAP_MEMBERS,
				"\"kind\":\"gap\",\"from\":\"%s\",\"to\":\"%s\",\"reason\":\"%" PRIu64
				" journal lines could not be written: %s\",\"subtree\":\"/\",\"lines\":%" PRIu64,
				time_utc(gap->from).text, time_utc(gap->to).text, gap->lines, strerror(os_errno),
				gap->lines);
}

/* The lines of pending one by one. */
struct passage {
	const struct buf *pending;
	size_t at;
};

/* Without its newline. */
static bool next_line(struct passage *passage, struct bytes *ret_line)
{
	const unsigned char *data = passage->pending->data + passage->at, *end;
	size_t left = passage->pending->len - passage->at;

	end = left ? memchr(data, '\n', left) : NULL;
	if (!end)
		return false;
	*ret_line = (struct bytes){ data, (size_t)(end - data) };
	passage->at += ret_line->len + 1;
	return true;
}

/* What pending becomes. */
struct next {
	struct buf lines;
	uint64_t seq, held; /* of the next line; how many there are */
	unsigned char chain[HASH_BYTES];
};

static void next_done(struct next *next)
{
	buf_done(&next->lines);
}

static bool add_line(struct next *next, struct bytes line, struct bytes members)
{
	unsigned char before[HASH_BYTES];

	memcpy(before, next->chain, HASH_BYTES);
	if (line_again(&next->lines, next->seq, line, members, before, next->chain) < 0)
		return false;
	next->seq++;
	next->held++;
	return true;
}

/* The line that the segment holds a part of, as it is. */
static bool keep_first(const struct journal *journal, struct passage *passage, struct next *next)
{
	struct bytes line;

	memcpy(next->chain, journal->before_pending, HASH_BYTES);
	next->seq = journal->chain.next - journal->held;
	if (!journal->begun || !next_line(passage, &line))
		return true;
	next->seq++;
	next->held++;
	return line_parse_tail((const char *)line.data, line.len, next->chain) &&
	       buf_add(&next->lines, passage->pending->data, passage->at) == 0;
}

/* Passes over lines until the others leave room for LEN bytes; *ret_last: the last of them. The gap that stood there until now is
 * taken in by theirs. Returns how many lines besides it. */
static uint64_t pass(const struct journal *journal, struct passage *passage, size_t len, struct journal_gap *ret_gap,
		     struct bytes *ret_last)
{
	struct journal_gap gap = { .lines = 0 };
	size_t kept = passage->at;
	uint64_t dropped = 0;
	struct timestamp time = { .sec = 0 };
	uint64_t seq;

	while (passage->pending->len - passage->at + kept + len + GAP_BYTES > KEEP_BYTES &&
	       next_line(passage, ret_last)) {
		if (!line_parse_head((const char *)ret_last->data, ret_last->len, &seq, &time))
			continue;
		if (seq == journal->gap.seq) {
			gap = journal->gap;
			continue;
		}
		if (gap.lines++ == 0)
			gap.from = time;
		gap.to = time;
		dropped++;
	}
	*ret_gap = gap;
	return dropped;
}

bool journal_drop(struct journal *journal, size_t len)
{
	CLEANUP(next_done) struct next next = { .lines = BUF_INIT };
	struct passage passage = { .pending = &journal->pending };
	struct bytes line = { NULL, 0 }, own = { NULL, 0 };
	char members[JOURNAL_GAP_MEMBERS];
	struct journal_gap gap;
	uint64_t dropped;

	if (!keep_first(journal, &passage, &next) || passage.at + len > JOURNAL_HELD_BYTES)
		return false;
	dropped = pass(journal, &passage, len, &gap, &line);
	if (!line.data)
		return false;
	gap.seq = next.seq;
	(void)journal_gap_members(&gap, journal->lost.os_errno, members);
	if (!add_line(&next, line, bytes_of(members)))
		return false;
	while (next_line(&passage, &line)) {
		if (!add_line(&next, line, own))
			return false;
	}
	journal->lost.total += dropped;
	journal->gap = gap;
	buf_done(&journal->pending);
	journal->pending = next.lines;
	next.lines = BUF_INIT;
	journal->held = next.held;
	journal->chain.next = next.seq;
	memcpy(journal->chain.hash, next.chain, HASH_BYTES);
	return true;
}
