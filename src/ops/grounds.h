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

/* A mount point of one side that the other has not mounted. */
enum shadow_kind {
	SHADOW_UNSEEN, /* not crossed by SIDE: it does not know what is in it */
	SHADOW_ABSENT, /* crossed by SIDE; OTHER stands on the very file system that holds the mount point, and lacks the one above it */
	SHADOW_DOUBTFUL /* crossed by SIDE; OTHER stands on another file system, which may hold a copy of it all, or nothing */
};
struct shadow {
	const struct ground *ground; /* of SIDE */
	enum shadow_kind kind;
};

/* Those of SIDE that OTHER has nothing at, as far as OTHER holds the place: appends struct shadow to OUT, sorted by path. 0 or -1. */
int grounds_shadows(const struct grounds *side, const struct grounds *other, struct buf *out);

#endif
