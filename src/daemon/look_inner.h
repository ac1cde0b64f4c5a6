/*
 * look_inner.h - looks from within: look.c holds the threads and the waiting requests, look_run.c does one look.
 */
#ifndef DAEMON_LOOK_INNER_H
#define DAEMON_LOOK_INNER_H

#include "daemon/look.h"

enum {
	LOOK_NAMES_MAX = 1024, /* names a message */
	LOOK_LETTERS_MAX = 64, /* messages that nobody has taken yet; then a look waits */
	LOOK_TURN_MS = 250 /* a look that stepped aside goes on for that long at least */
};

/* One request on its way. */
struct look_job {
	struct look_job *next;
	struct look_request request;
	struct view *view; /* a reference */
	struct look_done *done; /* owned; gathered until the end */
	uint64_t names; /* examined and told, over all turns */
};

/* Messages of names under way: the looks wait for their reader. Shared with the messages, which may outlive the looker. */
struct look_gauge {
	atomic_uint refs, letters;
};

enum { LANE_URGENT, LANE_IDLE, LANES };

struct look_lane {
	struct looker *looker;
	pthread_t thread;
	bool started;

	/* the thread's own */
	struct stand *stand; /* a reference: whose file `baseline` reads */
	struct baseline *baseline;

	/* under the looker's lock */
	struct look_job *first; /* waiting, in the order in which they are done */
	struct look_job *running;
	const struct pairs *scan; /* of it, while there is one */
	uint64_t examined, bytes_read; /* by it in earlier turns */
	struct timestamp since;

	atomic_int waiting; /* purpose of the first that waits; LOOK_PURPOSES: none */
};

struct looker {
	struct drift *drift;
	struct mailbox *out;
	struct look_gauge *gauge;
	pthread_mutex_t lock;
	pthread_cond_t asked;
	bool stop; /* under the lock */
	atomic_bool interrupted;
	struct look_lane lanes[LANES];
};

/* A turn of the lane's running job. 0: it is over, as its `done` says; 1: it stepped aside and is to be run again. */
int look_run(struct look_lane *lane, struct look_job *job);

#endif
