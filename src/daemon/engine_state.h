/*
 * engine_state.h - what the chapters of the engine (engine_inner.h) keep; each structure belongs to one of them.
 */
#ifndef DAEMON_ENGINE_STATE_H
#define DAEMON_ENGINE_STATE_H

#include <jansson.h>

#include "control/control.h"
#include "daemon/clerk.h"
#include "daemon/judge.h"

/* A lane of judging: one batch at a time. */
struct lane_state {
	struct judge *judge;
	const struct judged_batch *batch; /* that the judge has; NULL: idle. Only the paths of its items may be read */
	uint64_t oldest; /* the least number in the batch */
	uint64_t since_ns; /* when it was handed over */
	bool doubtful; /* a look ended meanwhile: it may have seen what came after the judge did */
};

/* Something about the house's own files that is not right. */
struct tamper {
	char *path, *what;
};

/* From then to then, below there, changes may have gone unseen. */
struct gap {
	struct timestamp from, to;
	const char *reason;
	struct bytes subtree;
};

/* What is to be looked at, gathered until the end of a round of the loop. */
struct look_list {
	char **paths;
	size_t count, capacity;
	bool everything;
};

/* The control socket, when it is lost and cannot be made again. */
struct socket_state {
	char trouble[256]; /* why; "": it is there */
	uint64_t due_ns; /* when it is tried again; 0: not */
};

/* Somebody who waits until all that was changed before he asked has been judged. */
struct waiter {
	struct waiter *next;
	struct control_client *client;
	json_t *request; /* owned */
};

enum barrier_stage { BARRIER_IDLE, BARRIER_MARK, BARRIER_LOOKS, BARRIER_NAMES };

struct barrier {
	enum barrier_stage stage;
	uint64_t mark, marked; /* the last mark made; the last that came through */
	unsigned attempts;
	uint64_t retry_ns, settle_ns, give_up_ns;
	bool doubted; /* a look for what changed through unseen names was made */
	uint64_t force; /* names up to this number are due at once */
	uint64_t ring; /* the number of the ring's sweep that is waited for; 0 none */
	struct waiter *waiting; /* for the running barrier */
	struct waiter *next; /* came while it ran: for the next one */
	char gap[256]; /* why it can't be said for sure; "" it can */
	bool unjudged; /* and it will not: names could not be judged, and stay dirty */
	bool looked_twice; /* it has waited for what a loss of the drift left to be looked for */
};

/* A client that gets a long answer. */
struct streaming {
	struct streaming *next;
	struct control_client *client;
	struct answer *answer; /* owned; NULL: still being made */
	bool in_changes;
	bool synced;
	char gap[256];
};

/* What the last coverage line said. */
struct coverage_told {
	bool any;
	uint64_t polled, failed, blind;
};

/* Inodes whose other names are to be looked for. */
struct searched;
struct mates_wanted {
	struct searched *searched; /* hash: those that were looked for, by this view */
	struct buf inodes; /* uint64_t[]: to be asked for */
	uint64_t number; /* the least of the items that led there */
	bool open; /* the clerk is at it, with open_number */
	uint64_t open_number;
};

#endif
