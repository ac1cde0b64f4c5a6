/*
 * held.h - members whose access lists give names and no numbers, as GNU tar writes them: kept until the archive's own etc/passwd and etc/group
 * are known, which is at its end, for the last member of a name counts. No name is ever looked up in this system.
 *
 * Bounded: HELD_BYTES_MAX of members, HELD_TEXT_MAX of each of the two files. One owner.
 */
#ifndef ARCHIVE_HELD_H
#define ARCHIVE_HELD_H

#include "archive/archive.h"
#include "archive/member.h"

#define HELD_BYTES_MAX ((size_t)256 << 20)
#define HELD_TEXT_MAX  ((size_t)1 << 20)

struct held {
	void *tree; /* of tsearch(3), by path */
	size_t bytes;
	struct buf passwd, group; /* of the last members of these names; empty: there are none that could be read */
};
#define HELD_INIT ((struct held){ .tree = NULL })
void held_done(struct held *held);

/*
 * A member at PATH comes: what was kept there counts no more. Where it is one of the two files, what is known of that is forgotten, and *ret_text is
 * where its content is to be put, borrowed; else NULL.
 */
void held_pass(struct held *held, struct bytes path, struct buf **ret_text);

/* ENTRY, of a member with by_name, is copied. 1; 0: too much is kept already; ERR_INTERNAL: memory. */
int held_add(struct held *held, const struct entry *entry, struct err *err);

/* Gives all to SINK, in no order, and keeps none; INFO says so. A name without a number is why an access list failed. The sink's errors, memory. */
int held_give(struct held *held, struct sink *sink, struct archive_info *info, struct err *err);

#endif
