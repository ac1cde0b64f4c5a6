/* tree.c - trees laid side by side. See tree.h. */
#include "tree/tree.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/quote.h"

void tree_freep(struct tree **tree)
{
	if (*tree)
		(*tree)->free(*tree);
	*tree = NULL;
}

void pairs_freep(struct pairs **pairs)
{
	if (*pairs)
		(*pairs)->free(*pairs);
	*pairs = NULL;
}

/* One of the two trees: the entry at hand, and the path of the one before to hold the order against. */
struct side {
	struct tree *tree; /* NULL at its end */
	const struct entry *entry; /* NULL: to be read */
	struct buf last;
	bool any;
};

struct join {
	struct pairs pairs; /* first */
	struct side a, b;
};

static int side_fill(struct side *side, struct err *err)
{
	const struct entry *entry;
	int r;

	if (!side->tree || side->entry)
		return 0;
	r = tree_next(side->tree, &entry, err);
	if (r < 0)
		return r;
	if (r == 0) {
		side->tree = NULL;
		return 0;
	}
	if (side->any && path_compare((struct bytes){ side->last.data, side->last.len }, entry->path) >= 0)
		return err_set(err, ERR_DATA, "entries of '%s' are out of order at '%s'", QUOTE(side->tree->name),
			       QUOTE_N(entry->path.data, entry->path.len));
	buf_clear(&side->last);
	if (buf_add(&side->last, entry->path.data, entry->path.len) < 0)
		return err_nomem(err);
	side->any = true;
	side->entry = entry;
	return 0;
}

static int join_next(struct pairs *pairs, struct pair *ret_pair, struct err *err)
{
	struct join *join = (struct join *)pairs;
	struct pair pair = { .a = NULL };
	int order;
	int r;

	r = side_fill(&join->a, err);
	if (r < 0)
		return r;
	r = side_fill(&join->b, err);
	if (r < 0)
		return r;
	if (!join->a.entry && !join->b.entry)
		return 0;
	if (!join->a.entry || !join->b.entry)
		order = join->a.entry ? -1 : 1;
	else
		order = path_compare(join->a.entry->path, join->b.entry->path);
	if (order <= 0)
		pair.a = STEAL(join->a.entry);
	if (order >= 0)
		pair.b = STEAL(join->b.entry);
	*ret_pair = pair;
	return 1;
}

static void join_free(struct pairs *pairs)
{
	struct join *join = (struct join *)pairs;

	buf_done(&join->a.last);
	buf_done(&join->b.last);
	free(join);
}

int pairs_join(struct tree *a, struct tree *b, struct pairs **ret_pairs, struct err *err)
{
	struct join *join = calloc(1, sizeof(*join));

	if (!join)
		return err_nomem(err);
	join->pairs = (struct pairs){ join_next, join_free };
	join->a.tree = a;
	join->b.tree = b;
	*ret_pairs = &join->pairs;
	return 0;
}
