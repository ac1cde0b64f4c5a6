/*
 * events.h - what the daemon writes into its journal, and prints with --foreground. docs/FORMATS.md "Events".
 *
 * Lines are gathered until events_flush(), which the main loop calls before it sleeps. Main thread.
 */
#ifndef DAEMON_EVENTS_H
#define DAEMON_EVENTS_H

#include <jansson.h>

#include "daemon/dirty.h"
#include "diff/diff.h"
#include "journal/journal.h"
#include "report/json.h"

enum { EVENTS_PATHS_MAX = 500 }; /* of one observed or transient line */

struct events {
	struct journal *journal; /* borrowed */
	struct report_out human; /* file NULL: nothing is printed */
	json_t *observed, *transient; /* paths of the lines to come; NULL: none */
	uint64_t seq; /* of the last line */
	uint64_t count; /* lines of this run */
};

/* A record with its kind as the first member. */
struct record events_record(const char *kind);
/* Appends the record as a line. */
int events_put(struct events *events, const struct record *record, struct err *err);

/* The first event that made a clean name dirty. */
int events_observed(struct events *events, struct bytes path, uint32_t mask, struct err *err);
/* A name that was observed, and neither was nor is there. */
int events_transient(struct events *events, struct bytes path, uint32_t mask, struct err *err);

/* "added", "removed", "changed", "moved", "restored"; BASELINE: what is there now is as recorded. */
struct happened {
	const char *kind;
	struct change change; /* of kind CHANGE_MOVED when before->path is another one */
	enum found found;
	bool baseline;
};
int events_change(struct events *events, const struct happened *happened, struct err *err);

int events_gap(struct events *events, struct timestamp from, struct timestamp to, const char *reason,
	       struct bytes subtree, struct err *err);
int events_tamper(struct events *events, const char *path, const char *what, struct err *err);

/* Writes what was gathered. */
int events_flush(struct events *events, struct err *err);
void events_done(struct events *events);

#endif
