/*
 * judge.h - one path, both sides: what of it counts as different. Pure, thread-safe.
 *
 * Not for what lies around the path (unreadable directories, times that follow from children): pending.h.
 */
#ifndef DIFF_JUDGE_H
#define DIFF_JUDGE_H

#include "diff/diff.h"

struct judgement {
	uint32_t differs; /* attributes that changed; 0: nothing to report */
	uint32_t incomparable; /* compared attributes that only one side looked at */
	uint32_t failed_a, failed_b; /* compared attributes that could not be read */
	unsigned log; /* LOG_* */
};

/* Both sides have the path; the policy has it in scope. */
struct judgement judge_both(const struct entry *a, const struct entry *b, const struct profile *profile,
			    const struct diff_options *options);

/* One side has it. Must its coming or going be told? False where the profile expects files to come and go, or compares
 * nothing at all. */
bool judge_one_tells(const struct entry *entry, const struct profile *profile);
/* Compared attributes of it that could not be read. */
uint32_t judge_one_failed(const struct entry *entry, const struct profile *profile, const struct diff_options *options);

/* Are the two sides not one file system's lineage at PATH? */
bool judge_strangers(const struct diff_options *options, struct bytes path);

/* Its type is known, and is TYPE. */
static inline bool judge_is(const struct entry *entry, enum file_type type)
{
	return (entry->value & ATTR_BIT(ATTR_TYPE)) && entry->type == type;
}

#endif
