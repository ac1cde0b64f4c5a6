/*
 * mates.h - the recorded and believed names of inodes. A file that had one link is in no table of links; when another link to it
 * shows up, its first name must be looked for.
 */
#ifndef DAEMON_MATES_H
#define DAEMON_MATES_H

#include "daemon/mail.h"
#include "daemon/view.h"
#include "store/drift.h"

struct mates { /* MAIL_MATES */
	struct mail mail;
	uint64_t number; /* the least of the items that led to this */
	size_t count;
	struct mate {
		char *path; /* owned, raw bytes, NUL-terminated */
		uint64_t inode;
	} * list;
	struct err err; /* code 0: all of them were found */
};

/* An empty result; NULL when memory is short. */
struct mates *mates_new(uint64_t number);
/* Fills it with all names of these inodes (sorted). Reads every row once. May run in any thread. */
void mates_find(struct mates *mates, struct stand *stand, struct drift *drift, const uint64_t *inodes, size_t count);

#endif
