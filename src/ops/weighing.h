/*
 * weighing.h - pairs of what is recorded and what is there, weighed by the signed policy until a comparison comes of it: what a
 * check and the daemon's drift have in common. Where the pairs come from, and whether the rows have proved themselves, is
 * their caller's.
 */
#ifndef OPS_WEIGHING_H
#define OPS_WEIGHING_H

#include "ops/comparison.h"
#include "ops/policydrift.h"
#include "ops/reference.h"
#include "ops/rotation.h"

struct weighing {
	/* set by the caller, borrowed until the end */
	const struct place *place;
	const struct reference *reference;
	struct mounts_view mounts; /* of this system: survey_mounts() */
	const struct path_list *paths; /* what was asked for; empty: everything */
	const struct path_list
		*asked; /* of them, those that must not pass for clean when the policy does not cover them */
	bool quick; /* contents may be unread */
	bool believe_rotated; /* a rotated log is one by inode and size, without reading it */
	const atomic_bool *interrupted; /* may be NULL */

	/* its own */
	struct comparison *comparison;
	struct policy_drift *drift;
	struct rotation rotation;
	struct diff_sink sink;
	struct buf blind; /* struct bytes[]: mount points that hide what was recorded; after weighing_begin() */
};

/* Compares policy files and mounts. WEIGHING must not be moved afterwards. */
int weighing_begin(struct weighing *weighing, struct err *err);
void weighing_done(struct weighing *weighing);

static inline const struct bytes *weighing_blind(const struct weighing *weighing, size_t *ret_count)
{
	*ret_count = weighing->blind.len / sizeof(struct bytes);
	return (const struct bytes *)(const void *)weighing->blind.data;
}

/* Runs the pairs to their end. */
int weighing_run(struct weighing *weighing, struct pairs *pairs, struct err *err);

/*
 * What comes behind the pairs: policy files that were not among them, whose word it is, notes for the head. MOVES: finds them
 * (changes_finish()); otherwise the changes are only sorted. ERR_NOINPUT when nothing was in scope. *ret_comparison is the
 * caller's; of its summary what only the source of the pairs knows is left at 0: excluded, mounts_skipped, skipped, bytes_read
 * but for rotated logs, attributes_not_compared, seconds.
 */
int weighing_end(struct weighing *weighing, bool moves, struct comparison **ret_comparison, struct err *err);

#endif
