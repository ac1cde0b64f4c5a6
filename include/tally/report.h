/*
 * report.h - verdicts and entries as text for people and as NDJSON for programs.
 *
 * Everything goes to a struct report_out; every path goes through quote_add(), lines of our own (notes, reasons,
 * names) lose what is raw in them but are not escaped twice. docs/FORMATS.md "NDJSON". One owner.
 */
#ifndef TALLY_REPORT_H
#define TALLY_REPORT_H

#include <stdio.h>

#include "diff/changes.h"
#include "tally/err.h"

struct report_out {
	FILE *file;
	bool json, color, quiet;
};

/* Whose word a verdict rests on. */
struct report_signer {
	const char *name; /* the pinning file, "/etc/tallystick/host.pub" */
	const char *fingerprint; /* full */
	const char *key_id; /* 16 hex digits */
	bool host;
};

struct report_side {
	const char *kind, *name; /* "baseline", "/var/lib/tallystick/baseline.db"; "live", "/" */
	const char *const *details; /* lines on what it was read as, and what is special about it */
	size_t detail_count;
};

/* Of a verdict that rests on what a daemon holds: whether that is the present. */
enum report_sync { REPORT_NO_SYNC, REPORT_SYNCED, REPORT_NOT_SYNCED };

/* What every verdict says about itself. */
struct report_summary {
	struct report_side a, b;
	struct diff_counts counts;
	bool moves_limited;
	uint64_t excluded, mounts_skipped;
	uint64_t rotated; /* logs that were rotated, with what was recorded of them still there */
	uint64_t bytes_read, skipped; /* skipped: contents not read by --quick */
	bool quick;
	int64_t last_full; /* seconds: last full read, 0 unknown; for --quick */
	enum report_sync sync; /* REPORT_NO_SYNC: no daemon was asked */
	bool authentic; /* a is signed and was verified; of a compare, b where a is no baseline */
	bool signed_b; /* authentic and the rest below are b's */
	const char *const *remarks; /* lines of the head, on how it was compared */
	size_t remark_count;
	bool strangers; /* the sides are not one file system's history: identity was not compared */
	const struct report_signer *signers;
	size_t signer_count;
	const char *const *unknown_signers; /* key ids */
	size_t unknown_signer_count;
	uint64_t sequence;
	const char *root; /* "blake2b256:..." */
	const char *host, *host_id; /* of the baseline */
	struct timestamp created; /* of the generation */
	double seconds;
	uint32_t attributes_not_compared; /* that one side cannot give at all */
	const char *const *notes; /* for the verdict line: "policy files differ ...", "another host ..." */
	size_t note_count;
	const char *hint; /* one last line: what to do next; may be NULL */
};

/*
 * A whole comparison: NDJSON lines, or the text report. Reads CHANGES (several times; after changes_finish()). Quiet:
 * the verdict line or the summary record alone. Times are local by tzset(). ERR_IO when the file can't be written (it is
 * not flushed here), ERR_INTERNAL, and what reading CHANGES gives.
 */
int report_comparison(const struct report_out *out, struct changes *changes, const struct report_summary *summary,
		      struct err *err);

/* One entry for `tally show`: NDJSON {"record":"entry","path":...,...ENTRY} or a line of text; DETAIL prints every
 * attribute. */
int report_entry(const struct report_out *out, const struct entry *entry, bool detail, struct err *err);

/*
 * One event of the daemon's journal, LINE being its JSON without a newline: the line itself, or text. It may come from a host that
 * nobody trusts: what would not be safe on a terminal is escaped in both.
 */
int report_event(const struct report_out *out, const char *line, struct err *err);
/* Where the journal's chain is broken: MESSAGE as journal_reader_next() gives it. {"record":"break","reason":...} or text. */
int report_break(const struct report_out *out, const char *message, struct err *err);

/*
 * The daemon's status object: NDJSON as it is but for what must not reach a terminal, or text. It comes from outside: members that are
 * missing or of another type are shown as unknown. QUIET: the first line alone.
 */
struct json_t;
int report_status(const struct report_out *out, const struct json_t *status, struct err *err);

#endif
