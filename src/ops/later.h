/*
 * later.h - generations behind the one that a comparison rests on, which no key signed that is trusted here: whoever accepted
 * something on the host says so there. They explain a difference, and never make one go away.
 *
 * They are in the baseline file itself, or in the one of a state folder that was named (`--baseline MEDIUM --state DIR`). Nothing
 * of them is proved but that they are whole and follow from the statement that the comparison rests on.
 */
#ifndef OPS_LATER_H
#define OPS_LATER_H

#include "ops/comparison.h"
#include "ops/reference.h"

struct later;

/*
 * After the last change of COMPARISON. *ret_later is NULL where there are none, where there is nothing to explain, and where they
 * can't be used; then a note in the head says why. Where there are, comparison->changes tells of them from now on; *ret_later is the caller's
 * and outlives it.
 */
int later_explain(const struct reference *reference, const struct place *place, struct comparison *comparison,
		  struct later **ret_later, struct err *err);
void later_freep(struct later **later);

#endif
