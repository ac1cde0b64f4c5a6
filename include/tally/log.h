/*
 * log.h - what the verbs do with the daemon's journal: events chosen and followed, and its chain proved. As ops.h has it: an
 * op never prints and never exits.
 */
#ifndef TALLY_LOG_H
#define TALLY_LOG_H

#include "tally/ops.h"

#define JOURNAL_FOLDER "journal" /* in the state folder */
struct log_request {
	const char *const *paths; /* as typed; none: all events */
	size_t path_count;
	const struct timestamp *since; /* NULL: from the beginning */
	bool all; /* observed, transient and heartbeat lines, too */
	bool follow; /* wait for more until interrupted */
};
/* A line of the journal, without control characters; BROKEN: what is wrong with the chain at this place. NULL: there are no more
 * at present. */
typedef int (*log_fn)(void *context, const char *line, bool broken, struct err *err);
/* Gives the events in order. With paths: those whose path, or one of whose paths, is at or below one of them, and gaps that
 * concern one. ERR_UNTRUSTED at the end when the chain was broken somewhere; ERR_NOINPUT when there is no journal. */
int op_log(const struct place *place, const struct log_request *request, const struct talk *talk, log_fn line,
	   void *context, struct err *err);
/* A time as people type it: RFC 3339, "2026-11-22", "2026-11-22 03:00" (local), "15m", "2h", "3d", "today", "yesterday". ERR_USAGE. */
int op_log_since(const char *text, struct timestamp now, struct timestamp *ret_time, struct err *err);

struct journal_view {
	uint64_t lines, segments, first_seq, last_seq;
	struct timestamp first, last; /* times of those lines */
	char head[HASH_TEXT]; /* of the last line */
	bool torn; /* a last line has no end yet */
};
/* Proves the chain of the journal in FOLDER whole. BROKEN hears of each place where it is not; then ERR_UNTRUSTED. ERR_NOINPUT when
 * there is no line. Nothing is said about who wrote it: it is not sealed. */
int op_verify_journal(const char *folder, const struct talk *talk, log_fn broken, void *context,
		      struct journal_view *ret_view, struct err *err);

#endif
