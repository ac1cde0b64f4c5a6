/*
 * policydrift.h - the policy files as they are, held against the signed ones.
 *
 * A difference is one critical change a file. When the scan reports that file anyway, its change becomes critical
 * instead of standing there twice. A sink to put in front of another one.
 */
#ifndef OPS_POLICYDRIFT_H
#define OPS_POLICYDRIFT_H

#include "ops/comparison.h"
#include "ops/reference.h"

struct policy_drift;

/* Nothing differs for a baseline that is not the installed one: then the configuration here is not its. */
int policy_drift_new(const struct place *place, const struct reference *reference, struct diff_sink next,
		     struct policy_drift **ret_drift, struct err *err);
void policy_drift_freep(struct policy_drift **drift);
struct diff_sink policy_drift_sink(struct policy_drift *drift);

/* After the comparison: the differing files that were not in it, and a note for the head. */
int policy_drift_finish(struct policy_drift *drift, struct comparison *comparison, struct err *err);

#endif
