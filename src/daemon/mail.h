/*
 * mail.h - how threads of the daemon hand results to one another: a queue of messages with an eventfd.
 *
 * Any thread may put, one thread takes. A message belongs to whoever holds it.
 */
#ifndef DAEMON_MAIL_H
#define DAEMON_MAIL_H

#include <pthread.h>
#include <stdbool.h>

#include "tally/err.h"

struct mail { /* the first member of every message */
	struct mail *next;
	int kind; /* of enum mail_kind */
	void (*free)(struct mail *mail);
};

enum mail_kind {
	MAIL_JUDGED, /* struct judged_batch: judge.h */
	MAIL_NAMES, /* struct look_names: look.h */
	MAIL_LOOKED, /* struct look_done: look.h */
	MAIL_LOADED, /* struct stand_loaded: clerk.h */
	MAIL_ANSWER, /* struct answer: clerk.h */
	MAIL_MATES /* struct mates: mates.h */
};

struct mailbox {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct mail *first, *last;
	int fd; /* eventfd, readable while there is mail */
	bool closed;
};

int mailbox_init(struct mailbox *box, struct err *err);
void mailbox_done(struct mailbox *box); /* frees what nobody took */
void mailbox_put(struct mailbox *box, struct mail *mail); /* takes it over; a closed box frees it */
struct mail *mailbox_take(struct mailbox *box); /* the oldest, or NULL */
struct mail *mailbox_wait(struct mailbox *box); /* sleeps for one; NULL when the box was closed and is empty */
bool mailbox_is_empty(struct mailbox *box);
void mailbox_close(struct mailbox *box); /* wakes whoever waits */
void mail_freep(struct mail **mail);

#endif
