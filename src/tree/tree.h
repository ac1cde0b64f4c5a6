/*
 * tree.h - anything that yields entries, in path order (path_compare()).
 *
 * A backend embeds struct tree as its first member and fills it in. Entries come in strictly ascending
 * order; an entry is borrowed until the next call.
 */
#ifndef TREE_TREE_H
#define TREE_TREE_H

#include <stdint.h>

#include "tree/entry.h"

struct tree {
	const char *kind; /* "live", "dir", "baseline", ... */
	const char *name; /* "/", a file name */
	uint32_t gives; /* attributes that this tree can give */
	int (*next)(struct tree *tree, const struct entry **ret_entry, struct err *err); /* 1, 0 at the end, <0 */
	void (*free)(struct tree *tree);
};

static inline int tree_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	return tree->next(tree, ret_entry, err);
}
void tree_freep(struct tree **tree);

/*
 * Two trees laid side by side: pairs of entries with one path, in order; one of the two is NULL where only
 * one side has the path. What a check is made of.
 */
struct pair {
	const struct entry *a, *b; /* borrowed until the next call */
};

struct pairs {
	int (*next)(struct pairs *pairs, struct pair *ret_pair, struct err *err); /* 1, 0, <0 */
	void (*free)(struct pairs *pairs);
};
static inline int pairs_next(struct pairs *pairs, struct pair *ret_pair, struct err *err)
{
	return pairs->next(pairs, ret_pair, err);
}
void pairs_freep(struct pairs **pairs);

/* Joins two trees that stay the caller's. Either may be NULL: an empty one. Out of order is ERR_DATA. */
int pairs_join(struct tree *a, struct tree *b, struct pairs **ret_pairs, struct err *err);

/* All entries of several trees that have no path in common, as one: gives what all of them give, named after the first. Owns them
 * from the call on, whatever it returns. COUNT may be 0. */
int trees_merge(struct tree *const *trees, size_t count, struct tree **ret_tree, struct err *err);

/* FROM with its root at AT, which is not "/" and is borrowed. Owns FROM once it succeeded. */
int tree_placed(struct tree *from, struct bytes at, struct tree **ret_tree, struct err *err);

/* The b sides of PAIRS, which it owns once it succeeded. KIND and NAME are borrowed. */
int tree_of_pairs(struct pairs *pairs, const char *kind, const char *name, uint32_t gives, struct tree **ret_tree,
		  struct err *err);

/* One mounted file system, as the mount table of a baseline records it. Sorted by path. */
struct mount {
	struct bytes path;
	struct bytes fstype;
	struct bytes id; /* "uuid:..." where known, else "fsid:HEX"; len 0 when neither is */
};

#endif
