/*
 * want.h - must a file's content be read, given what the reference knows of it? Pure.
 */
#ifndef SCAN_WANT_H
#define SCAN_WANT_H

#include "scan/node.h"
#include "scan/scan.h"

enum content_plan {
	PLAN_NOTHING, /* the policy does not ask for it */
	PLAN_READ,
	PLAN_COPY, /* unchanged by the quick rule: as the reference has it */
	PLAN_PASS /* a growing log that grew, under quick: not recorded */
};

/*
 * The quick rule (DESIGN section 6): type, size, mtime, ctime, inode and file system as recorded, and the recorded
 * ctime older than its recording by more than the clock's grain. *ret_prefix: how many bytes of a growing file to
 * hash, UINT64_MAX for all. REFERENCE may be NULL. Of OPTIONS: quick, read_severe, read_from, read_below.
 */
enum content_plan want_plan(const struct scan_options *options, const struct child *child,
			    const struct entry *reference, uint64_t *ret_prefix);

/* Puts the reference's content into the entry. */
void want_copy(const struct entry *reference, struct entry *entry);

#endif
