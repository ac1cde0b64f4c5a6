/*
 * first.h - the first baseline, made while the tree is already watched, so that nothing that changes meanwhile is missed:
 * what changed while it was read is read again, until it is still or ten rounds are over; what changes even then is told to the
 * engine, which reports it as drift.
 *
 * One owner. No threads of its own but the watch's drain.
 */
#ifndef DAEMON_FIRST_H
#define DAEMON_FIRST_H

#include "tally/ops.h"
#include "watch/watch.h"

struct first;

/*
 * Makes key, default policy and generation 1 in PLACE as `tally init` does (needs the right to write there), with watches placed
 * before the first byte is read. MARK_DIRFD: as watch_new() takes it, borrowed until first_freep(). Afterwards the watch is
 * paused, so that credentials can be changed. *ret_first NULL: there is a baseline, or one was seen here before, and nothing was
 * done.
 */
int first_baseline(const struct place *place, int mark_dirfd, const struct talk *talk, struct first **ret_first,
		   struct err *err);
void first_freep(struct first **first);

/*
 * The watch goes over to the caller (watch_freep()), and what it tells from now on goes to SINK (copied). What was told and
 * is still to be examined is told to SINK within this call (look, dirty, lost). The policy and mount table that
 * it watches by are FIRST's: keep FIRST (its sink passes everything on) until watch_freep(). Then watch_resume(), and watch_rule()
 * when there is a view.
 */
int first_hand_over(struct first *first, const struct watch_sink *sink, struct watch **ret_watch, struct err *err);

#endif
