/*
 * draft_inner.h - what the two halves of the draft share.
 */
#ifndef MEDIUM_DRAFT_INNER_H
#define MEDIUM_DRAFT_INNER_H

#include "medium/draft.h"

struct draft {
	int parent; /* the folder that DEST is to stand in */
	char *dest, *name; /* as named, for messages; its last component */
	char *temporary; /* NULL when nothing is there to be taken away */
	int dirfd;
	struct manifest manifest;
};

/* SHA-256 of a file that lies below DIRFD. */
int draft_digest_of(int dirfd, const char *name, unsigned char ret_digest[DIGEST_BYTES], struct err *err);

#endif
