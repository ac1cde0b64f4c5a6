/*
 * clerk.h - long work on records for the main thread: loading a generation, laying the drift over the baseline. A thread; jobs in
 * the order of asking; answers by mail.
 */
#ifndef DAEMON_CLERK_H
#define DAEMON_CLERK_H

#include "daemon/mail.h"
#include "daemon/mates.h"
#include "daemon/view.h"
#include "store/drift.h"
#include "tally/ops.h"

struct stand_loaded { /* MAIL_LOADED */
	struct mail mail;
	struct stand *stand; /* owned; NULL: see err */
	struct err err;
};

struct answer { /* MAIL_ANSWER */
	struct mail mail;
	void *client; /* the caller's */
	struct comparison *comparison; /* owned; NULL: see err. Its changes can be read; moves are not looked for */
	struct err err;
};

struct clerk;
/* PLACE, DRIFT and OUT are borrowed. Starts the thread. */
int clerk_new(const struct place *place, struct drift *drift, struct mailbox *out, struct clerk **ret_clerk,
	      struct err *err);
void clerk_freep(struct clerk **clerk); /* stops what is going on */

/* stand_load() behind BEFORE (a reference is taken; may be NULL). */
int clerk_load(struct clerk *clerk, struct stand *before, struct err *err);

/*
 * What differs by the drift, judged by VIEW (a reference is taken; it has a stand): at or below PATHS (bytes owned by the clerk
 * from now on, each an allocation of its own; count 0: everything). VERIFY: rotated logs are read to be sure; else inode and size
 * are believed. Fills the comparison's summary as ops/check.c does.
 */
struct clerk_query {
	struct view *view;
	struct bytes *paths;
	size_t path_count;
	bool verify;
	void *client;
};
int clerk_ask(struct clerk *clerk, const struct clerk_query *query, struct err *err);

/* mates_find() of INODES (heap memory, taken over in any case) by the stand of VIEW (a reference is taken). */
struct clerk_inodes {
	uint64_t *inodes; /* sorted */
	size_t count;
	uint64_t number;
};
int clerk_mates(struct clerk *clerk, const struct clerk_inodes *wanted, struct view *view, struct err *err);

#endif
