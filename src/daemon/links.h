/*
 * links.h - which paths share an inode: what is written through one name is written for all of them, and the kernel tells of the one
 * only. Paths by inode number (device numbers change at boot); a wrong guess costs one look too many. One owner.
 */
#ifndef DAEMON_LINKS_H
#define DAEMON_LINKS_H

#include "base/path.h"
#include "store/baseline.h"
#include "store/drift.h"

struct links;

enum { LINKS_MAX = 1 << 20 }; /* paths; beyond it links_complete() is false, and status says so */

int links_new(struct links **ret_links, struct err *err);
void links_freep(struct links **links);
/* Takes in every path with more than one link of the baseline's newest generation (may be NULL) and of the drift. */
int links_load(struct links *links, struct baseline *baseline, struct drift *drift, struct err *err);
int links_add(struct links *links, struct bytes path, uint64_t inode, struct err *err);
void links_remove(struct links *links, struct bytes path, uint64_t inode);
/* Every path known to have this inode. FN must not change LINKS. */
int links_each(const struct links *links, uint64_t inode, int (*fn)(void *context, struct bytes path, struct err *err),
	       void *context, struct err *err);
bool links_complete(const struct links *links);

#endif
