/*
 * house.h - the daemon's own files: baseline, policy, keys, control socket, state folder. Watched by an inotify instance of their
 * own, so that nothing can crowd them out; and what of them is not as it was when it was last believed.
 *
 * One owner: the main thread.
 */
#ifndef DAEMON_HOUSE_H
#define DAEMON_HOUSE_H

#include "daemon/view.h"

struct house;

enum { /* what was touched, as bits */
       HOUSE_BASELINE = 1, /* baseline.db, or a -journal or -wal beside it */
       HOUSE_CONFIG = 2, /* policy files, trusted keys, host key */
       HOUSE_SOCKET = 4,
       HOUSE_JOURNAL = 8, /* the journal's folder or a segment was moved or removed */
       HOUSE_LOST = 16 /* a folder went away, or events were lost: all of the above */
};

/* SOCKET_PATH: where the control socket is. Folders that are missing are watched for through those above them. */
int house_new(const struct place *place, const char *socket_path, struct house **ret_house, struct err *err);
void house_freep(struct house **house);
int house_fd(const struct house *house);
/* Is all that is there watched? False when the kernel gave no watch for a folder: then look now and then. */
bool house_complete(const struct house *house);
/* Reads what came; *ret_touched: HOUSE_* bits. New folders are watched from now on. */
int house_read(struct house *house, unsigned *ret_touched, struct err *err);

/*
 * Holds policy files and keys against what VIEW was made with (policy texts that were signed; keys and `require` as they were at the
 * last call with REMEMBER) and calls FN for each file that differs now: "added", "removed", "changed". Nothing is remembered
 * otherwise, so each call tells the whole difference.
 */
typedef int (*house_fn)(void *context, const char *path, const char *how, struct err *err);
int house_compare(struct house *house, const struct view *view, house_fn fn, void *context, struct err *err);
int house_remember(struct house *house, struct err *err);

/*
 * There is no baseline and never was one: `tally init` is yet to come, and it makes the host key. To be said after house_remember();
 * means nothing where there is a host.key or host.pub already.
 */
void house_await_first(struct house *house);
/* Is it still to come? */
bool house_awaits_first(const struct house *house);
/*
 * A first baseline is taken up, BY_HOST: signed by the host key of this moment. Then host.key and host.pub are remembered as they are
 * now, if they were awaited; nothing else is, and nothing after it.
 */
int house_believe_first(struct house *house, bool by_host, struct err *err);

#endif
