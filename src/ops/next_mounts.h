/*
 * next_mounts.h - the mount table of a new generation.
 *
 * Of what is accepted the present mounts, elsewhere the recorded ones. Under a new policy drift stays drift: taken is
 * only what the new policy reaches and the old one did not, left out what it does not reach any more.
 */
#ifndef OPS_NEXT_MOUNTS_H
#define OPS_NEXT_MOUNTS_H

#include "ops/comparison.h"

struct next_mounts_request {
	const struct sys_mounts *system;
	struct mounts_view recorded; /* of the generation before */
	struct mounts_view now; /* survey_mounts() by the policy that will judge */
	const struct path_list *paths; /* accepted ones */
	bool all; /* everything is accepted */
	const struct policy *old_policy, *new_policy; /* new_policy NULL: PATHS or ALL count */
};

/* *ret_mounts is the caller's (free); the strings in it are borrowed from the request's tables. */
int next_mounts(const struct next_mounts_request *request, struct mount **ret_mounts, size_t *ret_count,
		struct err *err);

/* Does PATH lie at or below a mount that a scan by POLICY does not enter? As scan/mountrule.h has it. */
bool mounts_close(const struct sys_mounts *system, const struct policy *policy, struct bytes path);

#endif
