/*
 * compare.h - any two trees against each other: live, directory, baseline, medium, image, archive.
 */
#ifndef TALLY_COMPARE_H
#define TALLY_COMPARE_H

#include "tally/ops.h"

struct compare_request {
	const char *a, *b; /* as typed: "image:disk.raw@2", "baseline:b.db", a file or folder */
	const char *at; /* B's root stands for this path of A, and only that part is compared; NULL: "/" */
	const char *policy; /* FILE that judges; NULL: A's signed one, else B's, else the default */
	bool mount; /* the kernel may mount what is not ext2/3/4, read-only */
	bool hash_image; /* SHA-256 of each image, read whole */
	uint64_t offset; /* bytes: where in the images a file system or a partition table begins */
};

/*
 * What changed from A to B. A signed side is proved as everywhere (ERR_UNTRUSTED), with PLACE's trust, which must be named; PLACE's
 * generation and min_sequence are A's where that is a baseline, else B's. ERR_NOINPUT: a tree is missing, has not the partition that was named, or
 * nothing was in scope; ERR_DATA: its bytes can't be read as what it is; ERR_USAGE: it can't be read so (LUKS, LVM, a file system that wants --mount),
 * with what to do; ERR_DENIED, ERR_INTERRUPTED, memory. What can be read in part is a verdict that says how far. Nothing is written
 * to A or B. Forks: no other thread may run.
 */
int op_compare(const struct place *place, const struct compare_request *request, const struct talk *talk,
	       struct comparison **ret_comparison, struct err *err);

#endif
