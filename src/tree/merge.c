/* merge.c - trees made of other trees; see tree.h. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "tree/tree.h"

struct part {
	struct tree *tree;
	const struct entry *entry; /* NULL: to be read, or over */
	bool over;
};

struct merged {
	struct tree tree; /* first */
	struct part *parts;
	size_t count;
};

static int part_fill(struct part *part, struct err *err)
{
	int r;

	if (part->entry || part->over)
		return 0;
	r = tree_next(part->tree, &part->entry, err);
	if (r == 0) {
		part->entry = NULL;
		part->over = true;
	}
	return r < 0 ? r : 0;
}

static int merged_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct merged *merged = (struct merged *)(void *)tree;
	struct part *first = NULL;

	for (size_t i = 0; i < merged->count; i++) {
		struct part *part = &merged->parts[i];
		int r = part_fill(part, err);

		if (r < 0)
			return r;
		/* what a tree gives may be known only when it has begun */
		tree->gives = i ? tree->gives & part->tree->gives : part->tree->gives;
		if (part->entry && (!first || path_compare(part->entry->path, first->entry->path) < 0))
			first = part;
	}
	if (!first)
		return 0;
	*ret_entry = STEAL(first->entry);
	return 1;
}

static void merged_free(struct tree *tree)
{
	struct merged *merged = (struct merged *)(void *)tree;

	for (size_t i = 0; i < merged->count; i++)
		tree_freep(&merged->parts[i].tree);
	free(merged->parts);
	free(merged);
}

int trees_merge(struct tree *const *trees, size_t count, struct tree **ret_tree, struct err *err)
{
	struct merged *merged = calloc(1, sizeof(*merged));
	struct part *parts = calloc(count + 1, sizeof(*parts));

	if (!merged || !parts) {
		for (size_t i = 0; i < count; i++) {
			struct tree *tree = trees[i];

			tree_freep(&tree);
		}
		free(merged);
		free(parts);
		return err_nomem(err);
	}
	for (size_t i = 0; i < count; i++)
		parts[i].tree = trees[i];
	*merged =
		(struct merged){ .tree = { .next = merged_next, .free = merged_free }, .parts = parts, .count = count };
	if (count) {
		merged->tree.kind = trees[0]->kind;
		merged->tree.name = trees[0]->name;
		merged->tree.gives = trees[0]->gives;
	}
	*ret_tree = &merged->tree;
	return 0;
}

struct one_side {
	struct tree tree; /* first */
	struct pairs *pairs;
};

static int one_side_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct one_side *side = (struct one_side *)(void *)tree;
	struct pair pair;
	int r;

	while ((r = pairs_next(side->pairs, &pair, err)) > 0) {
		if (!pair.b)
			continue;
		*ret_entry = pair.b;
		return 1;
	}
	return r;
}

static void one_side_free(struct tree *tree)
{
	struct one_side *side = (struct one_side *)(void *)tree;

	pairs_freep(&side->pairs);
	free(side);
}

int tree_of_pairs(struct pairs *pairs, const char *kind, const char *name, uint32_t gives, struct tree **ret_tree,
		  struct err *err)
{
	struct one_side *side = calloc(1, sizeof(*side));

	if (!side)
		return err_nomem(err);
	side->tree = (struct tree){ kind, name, gives, one_side_next, one_side_free };
	side->pairs = pairs;
	*ret_tree = &side->tree;
	return 0;
}
