/*
 * implied.h - the directories above an archive's members that are no members themselves: whoever unpacks it makes them, and nothing is known
 * of them but that they are directories. In a spill of members their tag is TAG_WAY, without a value. Private to evidence/.
 */
#ifndef EVIDENCE_IMPLIED_H
#define EVIDENCE_IMPLIED_H

#include "base/spill.h"
#include "evidence/evidence_inner.h"

/* One name of 64 KiB, a few bytes of a compressed archive, implies directories whose paths fill a gigabyte. */
#define IMPLIED_BYTES_MAX (UINT64_C(64) << 20)

struct implied {
	struct buf last; /* all above this path are in the spill, as members or implied */
	uint64_t bytes; /* of the paths added; UINT64_MAX: more than IMPLIED_BYTES_MAX would have been */
};

/* The member PATH comes: adds what is above it and not known to be there. One that is a member too counts as that (winner_next()). */
int implied_add(struct implied *implied, const struct evidence_job *job, struct spill *spill, struct bytes path,
		struct err *err);
void implied_done(struct implied *implied);

/* Is it to be told? WALK may be NULL: all is. */
int implied_is_told(const struct evidence_job *job, struct policy_walk *walk, struct bytes path, bool *ret_told,
		    struct err *err);
struct entry implied_entry(struct bytes path);

#endif
