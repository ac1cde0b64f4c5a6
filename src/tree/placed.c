/* placed.c - a tree whose root stands elsewhere; see tree.h. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "tree/tree.h"

struct placed {
	struct tree tree; /* first */
	struct tree *from;
	struct bytes at;
	struct buf path;
	struct entry entry;
};

/* In order still: what stands before all paths stands before none of them. */
static int placed_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct placed *placed = (struct placed *)(void *)tree;
	const struct entry *entry;
	int r = tree_next(placed->from, &entry, err);

	if (r <= 0)
		return r;
	buf_clear(&placed->path);
	(void)buf_add(&placed->path, placed->at.data, placed->at.len);
	if (entry->path.len > 1)
		(void)buf_add(&placed->path, entry->path.data, entry->path.len);
	if (buf_failed(&placed->path))
		return err_nomem(err);
	if (placed->path.len > PATH_MAX_BYTES)
		return err_set(err, ERR_DATA, "a path of more than %d bytes", PATH_MAX_BYTES);
	placed->entry = *entry;
	placed->entry.path = (struct bytes){ placed->path.data, placed->path.len };
	*ret_entry = &placed->entry;
	tree->gives = placed->from->gives;
	return 1;
}

static void placed_free(struct tree *tree)
{
	struct placed *placed = (struct placed *)(void *)tree;

	tree_freep(&placed->from);
	buf_done(&placed->path);
	free(placed);
}

int tree_placed(struct tree *from, struct bytes at, struct tree **ret_tree, struct err *err)
{
	struct placed *placed = calloc(1, sizeof(*placed));

	if (!placed)
		return err_nomem(err);
	placed->tree = (struct tree){ from->kind, from->name, from->gives, placed_next, placed_free };
	placed->from = from;
	placed->at = at;
	*ret_tree = &placed->tree;
	return 0;
}
