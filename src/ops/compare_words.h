/*
 * compare_words.h - what the head of a comparison says: whose word the sides are, what they were read as, what is special about them.
 */
#ifndef OPS_COMPARE_WORDS_H
#define OPS_COMPARE_WORDS_H

#include "ops/look.h"

struct policy_verdict {
	const struct policy *policy;
	const char *from; /* "the signed policy of a" */
};

/* Fills sides, signers, notes and details of the comparison's summary. To be called while the evidence of a whole look is there. */
int compare_words(const struct looks *looks, const struct policy_verdict *policy, struct comparison *comparison,
		  struct err *err);

#endif
