/*
 * chain.h - of paths that come in path order, those that later ones may still lie below: the directories seen, say.
 *
 * In path order a directory D stays open while the paths that come begin with D's bytes (/etc, /etc-x, /etc/passwd), and is passed for
 * good with the first that is behind "D/". So the open ones are beginnings of one another, and one text and a stack of lengths hold
 * them all. One owner.
 */
#ifndef EVIDENCE_CHAIN_H
#define EVIDENCE_CHAIN_H

#include "base/buf.h"
#include "base/path.h"
#include "tally/err.h"

struct chain {
	struct buf text; /* the innermost */
	size_t *lens; /* ascending; 0: "/" */
	size_t depth, capacity;
};

void chain_done(struct chain *chain);
/* PATH comes next: leaves what neither it nor anything behind it can lie below. */
void chain_pass(struct chain *chain, struct bytes path);
/* Was PATH put? To be asked of the path that was passed last, and of what is above it. */
bool chain_has(const struct chain *chain, struct bytes path);
/* Puts PATH, which was passed last. 0 or ERR_INTERNAL (memory). */
int chain_push(struct chain *chain, struct bytes path, struct err *err);

#endif
