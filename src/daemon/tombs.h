/*
 * tombs.h - names that are gone, of inodes that had others: whoever still holds such a name open writes to the others through it, and
 * the kernel tells of the dead name. One owner.
 */
#ifndef DAEMON_TOMBS_H
#define DAEMON_TOMBS_H

#include <stdbool.h>

#include "base/path.h"
#include "tally/err.h"

enum { TOMBS_MAX = 65536 }; /* beyond it the oldest are forgotten */

struct tombs;
int tombs_new(struct tombs **ret_tombs, struct err *err);
void tombs_freep(struct tombs **tombs);
int tombs_put(struct tombs *tombs, struct bytes path, uint64_t inode, struct err *err);
bool tombs_find(const struct tombs *tombs, struct bytes path, uint64_t *ret_inode);

#endif
