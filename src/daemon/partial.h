/*
 * partial.h - paths that had more links, when they were judged, than names are known: the other names came or went too quickly to
 * be seen, and what was done through them the kernel told of them alone. Whenever a name goes unseen, these are judged again. One
 * owner.
 */
#ifndef DAEMON_PARTIAL_H
#define DAEMON_PARTIAL_H

#include <stdbool.h>

#include "base/path.h"
#include "tally/err.h"

enum { PARTIAL_MAX = 4096 }; /* more of them are left to the rolling scan */

struct partial;
int partial_new(struct partial **ret_partial, struct err *err);
void partial_freep(struct partial **partial);
/* PATH has (IS) or has no more links than are known. */
int partial_set(struct partial *partial, struct bytes path, bool is, struct err *err);
/* FN must not change PARTIAL. */
int partial_each(const struct partial *partial, int (*fn)(void *context, struct bytes path, struct err *err),
		 void *context, struct err *err);

#endif
