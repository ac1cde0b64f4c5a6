/*
 * merge.c - the consumer's front: the walk and the reference tree, merged in path order into the window.
 */
#include "scan/scan_inner.h"
#include "scan/want.h"

int merge_next_reference(struct scan *scan, struct err *err)
{
	const struct bytes after = scan->shared.options.after;
	const struct entry *entry;
	int r;

	do
		r = tree_next(scan->shared.options.reference, &entry, err);
	while (r > 0 && after.len && path_compare(entry->path, after) <= 0);
	if (r >= 0)
		scan->reference = r ? entry : NULL;
	return r;
}

static int add_gone(struct scan *scan, struct err *err)
{
	int r = window_reference(&scan->window, window_add(&scan->window), scan->reference, err);

	return r < 0 ? r : merge_next_reference(scan, err);
}

/* The child that the walk stands at, or the root; REFERENCE is of the same path or NULL. */
static int add_child(struct scan *scan, struct chunk *chunk, const struct child *child, struct node *dir,
		     const struct entry *reference, struct err *err)
{
	struct slot *slot = window_add(&scan->window);
	uint64_t prefix;
	int r = 0;

	slot->chunk = chunk_ref(chunk);
	slot->child = child;
	slot->dir = dir;
	if (reference)
		r = window_reference(&scan->window, slot, reference, err);
	if (r < 0)
		return r;
	switch (want_plan(&scan->shared.options, child, reference, &prefix)) {
	case PLAN_READ:
		return window_read(&scan->window, slot, prefix, err);
	case PLAN_COPY:
		slot->copy = true;
		if (reference->value & ATTR_BIT(ATTR_CONTENT))
			(void)atomic_fetch_add(&scan->pool->stats.skipped, 1);
		return 0;
	case PLAN_PASS:
		(void)atomic_fetch_add(&scan->pool->stats.skipped, 1);
		return 0;
	case PLAN_NOTHING:
	default:
		return 0;
	}
}

/* One slot more, from the walk or from the reference, whichever path is smaller. 1 when something was added, 0 when
 * the walk is blocked or everything has ended. */
static int advance(struct scan *scan, struct err *err)
{
	enum walk_step step = WALK_CHILD;
	struct chunk *chunk = scan->root_entry;
	struct child *child = chunk ? &chunk->children[0] : NULL;
	struct bytes path = shared_root(&scan->shared);
	struct node *dir = NULL;
	int r, order = -1;

	if (!chunk) {
		if (walk_peek(&scan->walk, &chunk, &child, &step) < 0)
			return err_nomem(err);
		path = (struct bytes){ scan->walk.path.data, scan->walk.path.len };
	}
	if (step == WALK_BLOCKED || (step == WALK_END && !scan->reference)) {
		scan->front_done = step == WALK_END;
		return 0;
	}
	if (scan->reference)
		order = step == WALK_END ? 1 : path_compare(path, scan->reference->path);
	if (order > 0) {
		r = add_gone(scan, err);
		return r < 0 ? r : 1;
	}
	if (scan->root_entry)
		dir = node_ref(scan->root);
	else if (walk_take(&scan->walk, &dir) < 0)
		return err_nomem(err);
	r = add_child(scan, chunk, child, dir, order == 0 ? scan->reference : NULL, err);
	if (scan->root_entry)
		chunk_unrefp(&scan->root_entry);
	if (r >= 0 && order == 0)
		r = merge_next_reference(scan, err);
	return r < 0 ? r : 1;
}

int merge_fill(struct scan *scan, struct err *err)
{
	int r = 1;

	while (r > 0 && !window_full(&scan->window))
		r = advance(scan, err);
	window_flush(&scan->window);
	return r;
}
