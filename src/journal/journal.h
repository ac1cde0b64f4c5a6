/*
 * journal.h - the event log: JSON lines in append-only segments, each line chained to the one before.
 * docs/FORMATS.md "Journal".
 *
 * A line is one JSON object whose first members are record, seq, time and uptime, and whose last is "chain": BLAKE2b-256
 * (domain "tallystick-journal-line") over the chain of the line before and the bytes of this line before `,"chain"`. The
 * chain goes on across segments and restarts. Seals (signatures over batches) come later: as lines of kind seal.
 *
 * Writing is for one thread, journal_sync() for another one at the same time. Nothing here ever waits for room: what a
 * full disk refuses is kept in memory up to a bound and written when there is room again. Past the bound the oldest of it gives way
 * to the newest, and a gap line stands in its place.
 */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/timefmt.h"
#include "crypto/hash.h"
#include "tally/err.h"

struct journal;

enum {
	JOURNAL_SEGMENT_BYTES = 32 << 20, /* a segment that is larger is followed by a new one */
	JOURNAL_LINE_MAX = 16 << 20,
	JOURNAL_HELD_BYTES = 16 << 20 /* of lines that could not be written */
};

/* What opening found and did. */
struct journal_opening {
	bool fresh; /* there was no journal */
	uint64_t torn_bytes; /* of a last line that a crash cut: moved to SEGMENT.torn, said by the caller */
	bool broken; /* the last lines do not chain: the journal goes on behind them in a new segment, and says so */
	char reason[256]; /* of broken */
};

/*
 * Opens the journal in the directory DIRFD (borrowed until journal_freep()), which is locked against a second writer
 * (ERR_LOCKED), and makes its first segment when there is none. Files are made 0640.
 */
int journal_open(int dirfd, struct journal **ret_journal, struct journal_opening *ret_opening, struct err *err);
void journal_freep(struct journal **journal); /* writes what is held if it can; syncs */

/*
 * Appends one line: MEMBERS is the inside of a JSON object without braces, what stands between uptime and chain:
 * `"kind":"added","path":"/x"`. *ret_seq (may be NULL): its number. 0 also when the line is held in memory; ERR_DATA for
 * one that is too long or holds a control character. One write(2) a line, or a batch (below). A line that is held may get a lower
 * number when others before it are dropped. *ret_seq is 0 for a line that could not even be held: it is counted as lost.
 */
int journal_append(struct journal *journal, const char *members, size_t len, uint64_t *ret_seq, struct err *err);
/* Between these, lines are gathered and written with one write(2) (a batch beyond 1 MiB with some more). journal_flush() also tries
 * again to write what is held, which journal_append() does once a second: call it now and then while nothing happens. 0 also
 * when lines stay held: journal_state() says so. */
void journal_batch(struct journal *journal);
int journal_flush(struct journal *journal, struct err *err);

/* Makes what was written so far durable (fdatasync(2)); may be called from another thread (one at a time). ERR_IO when that
 * fails; `problem` says so until a sync succeeds. */
int journal_sync(struct journal *journal, struct err *err);

struct journal_state {
	uint64_t seq; /* of the last line */
	uint64_t durable; /* all lines up to this one are on the disk */
	uint64_t held, lost; /* lines in memory because they could not be written; dropped */
	uint64_t unwritten; /* those held, and those dropped that no written line tells of: lost if we end now */
	struct timestamp unwritten_since; /* of the oldest of them */
	char problem[256]; /* why, "" when all is well */
	char segment[64]; /* name of the one being written */
	uint64_t segment_bytes;
	char chain[HASH_TEXT]; /* of the last line */
};
void journal_state(const struct journal *journal, struct journal_state *ret_state);

/*
 * Is the directory still the one by this name, and the segment still in it, as long as what was written? ERR_NOINPUT when
 * somebody took them away or wrote to it: then journal_reopen() begins a new segment that chains on, below the (new) DIRFD,
 * borrowed in the old one's place and locked (ERR_LOCKED; then all stays as it was).
 */
int journal_check(const struct journal *journal, struct err *err);
int journal_reopen(struct journal *journal, int dirfd, struct err *err);

/* ---- reading ---- */
struct journal_reader;

/* All segments of a directory in order, from the first line, or with SINCE from the first line at or after that time (segments
 * whose successor begins before it are not read). DIRFD is opened anew. One owner. */
int journal_reader_new(int dirfd, const struct timestamp *since, struct journal_reader **ret_reader, struct err *err);
void journal_reader_freep(struct journal_reader **reader);

struct journal_line {
	const char *text; /* the whole line without its newline, NUL-terminated; borrowed until the next call */
	size_t len;
	uint64_t seq;
	struct timestamp time;
	const char *segment;
};
/*
 * The next line: 1; 0 at the present end (call again later: it follows new lines and segments). ERR_UNTRUSTED, with segment
 * and line number, where a line is malformed, does not chain or a segment is missing; reading can go on behind it: the next
 * call gives the line that did not chain (a malformed one is passed over) and goes on from there. Lines that are given
 * hold no control character. Whatever stands in the folder, nothing here waits: only regular files are opened.
 */
int journal_reader_next(struct journal_reader *reader, struct journal_line *ret_line, struct err *err);
/* Lines so far, and how many of them did not chain. */
struct journal_count {
	uint64_t lines, breaks, first_seq, last_seq;
	uint64_t segments;
	bool torn; /* the last line has no end yet */
};
void journal_reader_count(const struct journal_reader *reader, struct journal_count *ret_count);

#endif
