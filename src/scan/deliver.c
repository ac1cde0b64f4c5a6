/*
 * deliver.c - the window's head as a pair: metadata from the walk, content from its batch, problems from both.
 */
#include "scan/scan_inner.h"
#include "scan/want.h"

static int set_path(struct scan *scan, const struct slot *slot)
{
	struct node *node = slot->chunk->node;

	if (scan->path_node != node) {
		if (scan->path_node)
			node_unrefp(&scan->path_node);
		if (node_path(node, NULL, &scan->path) < 0)
			return -1;
		scan->path_node = node_ref(node);
	}
	scan->path.len = node->path_len;
	if (!slot->child->name[0] && node->path_len) { /* a root that does not stand at "/" */
		scan->entry.path = (struct bytes){ scan->path.data, scan->path.len };
		return 0;
	}
	if (buf_add_byte(&scan->path, '/') < 0 || buf_add_str(&scan->path, slot->child->name) < 0)
		return -1;
	scan->entry.path = (struct bytes){ scan->path.data, scan->path.len };
	return 0;
}

static void set_failed_content(struct entry *entry, const char *problem)
{
	entry->value &= ~ATTR_BIT(ATTR_CONTENT);
	entry->none &= ~ATTR_BIT(ATTR_CONTENT);
	entry->failed |= ATTR_BIT(ATTR_CONTENT);
	if (entry->problem.len == 0)
		entry->problem = bytes_of(problem);
}

/* What the batch found. False when the file is gone. */
static bool set_content(struct entry *entry, const struct hash_item *item)
{
	if (item->fresh)
		*entry = item->fresh->children[0].entry;
	entry->head = item->head;
	switch (item->outcome) {
	case HASH_DONE:
		memcpy(entry->digest, item->digest, sizeof(entry->digest));
		entry->digest_bytes = item->digest_bytes;
		entry->value |= ATTR_BIT(ATTR_CONTENT);
		break;
	case HASH_FAILED:
		set_failed_content(entry, item->problem);
		break;
	case HASH_GONE:
		return false;
	case HASH_NONE:
	default:
		break;
	}
	return true;
}

/* The entry of a slot that is ready, into scan->entry: 1, 0 when there is none after all, -1. */
static int make_entry(struct scan *scan, const struct slot *slot)
{
	struct entry *entry = &scan->entry;
	int listed;

	if (!slot->chunk || slot->child->past)
		return 0;
	*entry = slot->child->entry;
	if (slot->batch && !set_content(entry, &slot->batch->items[slot->item]))
		return 0;
	if (slot->copy)
		want_copy(&slot->reference->entry, entry);
	if (slot->dir) {
		listed = atomic_load_explicit(&slot->dir->listed, memory_order_acquire);
		if (listed == LISTED_GONE)
			return 0;
		if (slot->dir->problem)
			set_failed_content(entry, slot->dir->problem);
	}
	if (slot->child->silent && !entry->failed)
		return 0;
	return set_path(scan, slot) < 0 ? -1 : 1;
}

int deliver_head(struct scan *scan, struct pair *ret_pair, struct err *err)
{
	struct slot *slot = window_head(&scan->window);
	struct scan_stats *stats = &scan->pool->stats;
	int r = make_entry(scan, slot);

	if (r < 0)
		return err_nomem(err);
	*ret_pair = (struct pair){ slot->reference ? &slot->reference->entry : NULL, r ? &scan->entry : NULL };
	if (r) {
		(void)atomic_fetch_add_explicit(&stats->examined, 1, memory_order_relaxed);
		if (scan->entry.failed)
			(void)atomic_fetch_add_explicit(&stats->unexamined, 1, memory_order_relaxed);
	}
	return ret_pair->a || ret_pair->b;
}
