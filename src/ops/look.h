/*
 * look.h - one look at both sides of a comparison: streamed, judged, and what could not be seen said.
 */
#ifndef OPS_LOOK_H
#define OPS_LOOK_H

#include "ops/comparison.h"
#include "ops/prefixes.h"
#include "ops/shadows.h"
#include "ops/side.h"

/* What all looks of one comparison share. */
struct looks {
	struct side *a, *b;
	const struct talk *talk;
	const struct policy *policy;
	const struct lineage *lineages;
	size_t lineage_count;
	bool strangers; /* of what no lineage covers */
	struct shadows *mounts; /* that one side lacks; NULL: none */
	const struct bytes *shadows; /* sorted: what neither side is asked about */
	size_t shadow_count;
	const struct prefixes *prefixes; /* of A, for a B that is not scanned */
	bool metadata_only; /* no content is read */
	struct diff_sink sink; /* instead of the comparison's own; change NULL: that one */
	const char *what; /* for the progress line */
	struct scan_stats stats; /* for the same */
};

/*
 * Looks at PATHS (empty: everything) and puts what differs into COMPARISON, changes_finish() still to come: its counts, excluded, mounts_skipped,
 * bytes_read, attributes_not_compared are added to. Both sides are as after side_assemble(), and still have the evidence of this look when it
 * returns: side_end() is the caller's. ERR_DATA when one side's root could not be read at all; errors of the streams (ERR_UNTRUSTED
 * of rows that prove false).
 */
int look_once(struct looks *looks, const struct path_list *paths, struct comparison *comparison, struct err *err);

#endif
