/*
 * drift_wire.h - what a drift answer of the daemon looks like on the control socket: both directions in one place, so that the
 * daemon and the companion cannot come to differ. docs/FORMATS.md "Control socket".
 *
 * The makers return one object for one line, or NULL when memory is short. The readers take an object that came from outside:
 * anything that its maker would not have written is ERR_DATA with a line that says so. Thread-safe: nothing is kept.
 */
#ifndef OPS_DRIFT_WIRE_H
#define OPS_DRIFT_WIRE_H

#include <jansson.h>

#include "diff/change_record.h"
#include "ops/texts.h"
#include "tally/report.h"

/* ---- paths in requests: {"path"} or, where anything had to be escaped, {"path","path_b64"} ---- */
json_t *path_wire_make(struct bytes path);
/* The exact bytes, valid as path_valid() has it; borrowed from OBJECT or SPACE. */
int path_wire_read(const json_t *object, struct buf *space, struct bytes *ret_path, struct err *err);

/* ---- {"record":"change"}: never of kind moved, for moves are found by who asked ---- */
json_t *change_wire_make(const struct change *change);
/* What a change that was read points into. Start from zeros; may be used for one change after the other. */
struct change_wire {
	struct buf bytes;
	struct change_space space;
};
void change_wire_done(struct change_wire *wire);
int change_wire_read(const json_t *reply, struct change_wire *wire, struct change *ret_change, struct err *err);

/* ---- {"record":"unexamined"} ---- */
json_t *unexamined_wire_make(const struct unexamined *unexamined);
/* Borrows from REPLY and SPACE. */
int unexamined_wire_read(const json_t *reply, struct buf *space, struct unexamined *ret_unexamined, struct err *err);

/* ---- {"record":"summary_parts"}: the last line but one ---- */

/* How far the answer can be believed to be the present. */
struct drift_sync {
	bool synced; /* everything changed before the question has been judged */
	const char *gap; /* asked for, but this prevents it: one line; NULL */
};
/*
 * All of SUMMARY but moves, seconds and hint. Its counts are those of the lines sent before: added, removed, changed and
 * unexamined are as many as there were lines of them (diff_run() counts so), and the reader holds them against each other.
 */
json_t *summary_parts_make(const struct report_summary *summary, const struct drift_sync *sync);
/* Strings go to TEXTS. */
int summary_parts_read(const json_t *reply, struct texts *texts, struct report_summary *ret_summary,
		       struct drift_sync *ret_sync, struct err *err);

#endif
