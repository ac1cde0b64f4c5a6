/*
 * unseen.h - directories that could not be looked into, while paths come by in path order: nothing is known of what lies below
 * them. Forgets each when nothing more can come that lies below it.
 */
#ifndef DAEMON_UNSEEN_H
#define DAEMON_UNSEEN_H

#include "base/buf.h"
#include "base/path.h"
#include "tally/err.h"

struct unseen { /* zeros: none */
	struct buf dirs; /* struct bytes[], each an allocation */
};
int unseen_add(struct unseen *unseen, struct bytes dir, struct err *err); /* copies DIR */
bool unseen_covers(struct unseen *unseen, struct bytes path); /* PATH behind all those asked before */
void unseen_done(struct unseen *unseen);

#endif
