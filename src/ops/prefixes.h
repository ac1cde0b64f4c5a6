/*
 * prefixes.h - how long the growing logs of one side are, so that the other side hashes as much of its own: growth is no change.
 */
#ifndef OPS_PREFIXES_H
#define OPS_PREFIXES_H

#include "ops/hoard.h"
#include "ops/side.h"

struct prefixes {
	struct buf rows; /* struct prefix_of[], sorted by path */
	struct texts *texts; /* owner of the paths; borrowed */
	struct hoard hoard; /* full: there are more */
};

/* Looks at the metadata of SIDE (of a baseline: at its rows, which are not proved here; a wrong length makes a
 * difference later, never none). Nothing where the policy has no growing logs. The fields of LOOK as for the look to come. */
int prefixes_find(struct side *side, const struct look_options *look, struct prefixes *prefixes, struct err *err);

#endif
