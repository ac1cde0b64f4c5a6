/*
 * grounds.h - the file systems that the two sides of a comparison stand on: which of them have one history, and what one side could not
 * see because something was mounted over it.
 */
#ifndef OPS_GROUNDS_H
#define OPS_GROUNDS_H

#include "diff/diff.h"

/* One file system of one side. */
struct ground {
	struct bytes path; /* where it stands */
	const char *fstype, *id; /* "uuid:...", "fsid:..."; "" when not known */
	bool crossed; /* the side has what is in it; else only that it is there */
};

/* Of one side, sorted by path. */
struct grounds {
	const struct ground *grounds;
	size_t count;
	bool complete; /* a whole system's table: what is not in it was not mounted there */
};

/* Are these the same file system, by UUID or by what statfs(2) makes of an ext file system's UUID? Pure. */
bool ground_same(const struct ground *a, const struct ground *b);

/* "fsid:..." as the kernel's ext2/3/4 derive it from "uuid:..."; empty for what is no UUID. */
struct ground_fsid {
	char text[24];
};
struct ground_fsid ground_fsid(const char *id);

/* For struct diff_options: one row for each place where a file system of either side begins. Appends struct lineage to OUT, borrowing
 * the paths. 0 or -1. */
int grounds_lineages(const struct grounds *a, const struct grounds *b, struct buf *out);

/*
 * Mount points of SIDE that OTHER can't have seen as SIDE does: not crossed by SIDE, or crossed by SIDE and not mounted on OTHER though OTHER stands
 * on the very file system that holds the mount point. The latter are `hidden` for the verdict. Appends const struct ground * to OUT. 0 or -1.
 */
struct shadow {
	const struct ground *ground;
	bool hidden; /* SIDE has something there that OTHER lacks altogether */
};
int grounds_shadows(const struct grounds *side, const struct grounds *other, struct buf *out);

#endif
