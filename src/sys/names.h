/*
 * names.h - names of users and groups by the examined tree's own etc/passwd and etc/group, never by NSS.
 *
 * Read once, then immutable: may be asked from many threads.
 */
#ifndef SYS_NAMES_H
#define SYS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/path.h"
#include "tally/err.h"

struct names {
	struct buf users, groups; /* the texts */
	struct buf user_table, group_table; /* struct name_of_id, sorted by id */
	struct buf user_names, group_names; /* the same, sorted by name */
};

/*
 * ROOTFD: the tree's root. A file that is missing, no regular file, reached through a link or larger than
 * 16 MiB yields no names; malformed lines are passed over. Of several names of one id the first counts
 * (getpwuid(3)). Only short memory is an error.
 */
int names_load(int rootfd, struct names *ret_names, struct err *err);
/* By the two texts, of a tree that is not mounted; they are taken over, and empty afterwards. 0, or -1 when memory is short. */
int names_of_texts(struct buf *passwd, struct buf *group, struct names *ret_names);
void names_done(struct names *names);
/* Borrowed; len 0 when there is none. */
struct bytes names_user(const struct names *names, uint32_t uid);
struct bytes names_group(const struct names *names, uint32_t gid);
/* The other way round: the first line with this name. */
bool names_find_user(const struct names *names, const char *name, uint32_t *ret_uid, uint32_t *ret_gid);
bool names_find_group(const struct names *names, const char *name, uint32_t *ret_gid);

#endif
