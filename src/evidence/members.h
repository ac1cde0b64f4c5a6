/*
 * members.h - the members of an archive by name: which version counts, and where hard links lead. Private to evidence/.
 *
 * A spill of members has paths as keys and as values a tag (TAG_ENTRY, TAG_TARGET, TAG_LINK) before the entry's bytes or the link's target;
 * TAG_WAY alone for a directory that is only implied (implied.h).
 */
#ifndef EVIDENCE_MEMBERS_H
#define EVIDENCE_MEMBERS_H

#include "base/spill.h"
#include "evidence/evidence_inner.h"

/* Reads a sorted spill, of equal keys only the last; what is implied counts only where there is no other. */
struct winner {
	struct spill *spill; /* borrowed */
	struct spill_record ahead; /* key NULL at the end */
	struct buf path, value; /* of the present one */
};
int winner_begin(struct winner *winner, struct spill *spill, struct err *err); /* SPILL stands at its beginning */
int winner_next(struct winner *winner, struct err *err); /* 1, 0 at the end */
void winner_done(struct winner *winner);

/* One member of 8 MiB and a million links to it, each a few hundred bytes of an archive, would be terabytes. */
#define LINKED_BYTES_MAX (UINT64_C(32) << 30)

/*
 * LINKS (targets to paths, not sorted yet; freed) are followed through MEMBERS (sorted); for each that leads to an entry, path and value (a tag and
 * the entry's bytes) are added to RESOLVED. The others are problems of EVIDENCE.
 */
int links_resolve(struct evidence *evidence, struct spill *members, struct spill **links, struct spill *resolved,
		  struct err *err);

#endif
