/*
 * judge.h - looking again: a batch of dirty names is examined as a scan would, each beside its recorded row. Two threads: one
 * for names whose content is small, one for the others, so that a disk image does not keep /etc/passwd waiting.
 *
 * A judge says what is there now. What that means is decided by the main thread (apply.h, verdicts.c).
 */
#ifndef DAEMON_JUDGE_H
#define DAEMON_JUDGE_H

#include "daemon/mail.h"
#include "daemon/view.h"

enum { JUDGE_BATCH_MAX = 2048 };
#define JUDGE_SMALL_BYTES (UINT64_C(32) << 20) /* the first thread leaves larger contents to the second */

enum judged { JUDGED_ABSENT, JUDGED_PRESENT, JUDGED_LARGE, JUDGED_UNKNOWN };

struct judged_name {
	struct dirty_item *item; /* owned by the batch */
	enum judged state;
	struct entry_copy *now; /* JUDGED_PRESENT */
	char *problem; /* JUDGED_UNKNOWN: why nothing could be seen; may be NULL */
	uint64_t cost_ns;
};

struct judged_batch { /* MAIL_JUDGED */
	struct mail mail;
	struct view *view; /* a reference; has a stand */
	bool large;
	size_t count;
	struct judged_name *names; /* sorted by path */
	struct err err; /* code 0: it went well; else nothing was judged */
};
/* Sorts the items and takes them and a reference to VIEW over. NULL when memory is short: then the items stay the caller's. */
struct judged_batch *judged_batch_new(struct view *view, bool large, struct dirty_item **items, size_t count);

struct judge;
/* Starts the thread. OUT: where batches come back to; borrowed. */
int judge_new(struct mailbox *out, struct judge **ret_judge, struct err *err);
void judge_freep(struct judge **judge);
void judge_ask(struct judge *judge, struct judged_batch *batch); /* takes it over */

#endif
