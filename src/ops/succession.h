/*
 * succession.h - what came between a generation that somebody vouched for and a later one of the same file.
 *
 * The earlier generation's policy judges, because whoever made the later one chose its policy, too: what left the
 * scope is removed. Where only the later policy covers a path, it judges. Another policy and another mount table are
 * critical changes themselves. What is compared are two records: nothing that a mount hides is left unexamined.
 */
#ifndef OPS_SUCCESSION_H
#define OPS_SUCCESSION_H

#include "ops/comparison.h"

struct succession {
	struct baseline *then, *now; /* the same file opened twice: one tree at a time each */
	uint64_t last, newest; /* generations */
};

/* Adds to the changes, counts and notes of COMPARISON, and finishes its changes. Both generations prove themselves. */
int succession_compare(const struct succession *succession, struct comparison *comparison, struct err *err);

#endif
