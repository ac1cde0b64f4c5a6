/*
 * talk.h - what tallyd says on stderr, "tallyd: ..." lines, and how an op talks before the engine runs. Main thread.
 */
#ifndef DAEMON_TALK_H
#define DAEMON_TALK_H

#include "tally/ops.h"

/* A line on stderr. CONTEXT is not used: it fits struct talk. */
void talk_warn(void *context, const char *line);
/* For one op: warnings, on a terminal what it does, and SIGINT and SIGTERM, which interrupt it until talk_end(). */
void talk_begin(struct talk *ret_talk);
void talk_end(const struct talk *talk);

#endif
