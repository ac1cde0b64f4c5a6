/*
 * placed.h - a sink in front of another one: what a parser finds below "/" stands below a path of the other tree. For archives; a file
 * system's walk knows its place itself.
 */
#ifndef EVIDENCE_PLACED_H
#define EVIDENCE_PLACED_H

#include "tree/sink.h"

struct placed {
	struct sink sink; /* first: for the parser */
	struct sink *next;
	struct bytes at; /* not "/" */
	struct buf path, target;
};

/* Borrows NEXT and AT. */
void placed_init(struct placed *placed, struct sink *next, struct bytes at);
void placed_done(struct placed *placed);

#endif
