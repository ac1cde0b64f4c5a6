/* walk.c - see walk.h. */
#include "scan/walk.h"

#include <stdlib.h>

enum { CONSUMED_AT_ONCE = 256 };

int walk_init(struct walk *walk, struct pool *pool, struct node *root)
{
	*walk = (struct walk){ .pool = pool, .node = node_ref(root) };
	return buf_add(&walk->path, root->name, root->name_len);
}

void walk_done(struct walk *walk)
{
	if (walk->node) {
		node_forget(walk->node);
		node_unrefp(&walk->node);
	}
	buf_done(&walk->path);
}

/* The name of the next child, as far as is known without waiting; NULL when none is left. */
static const char *next_name(const struct node *node)
{
	if (node->at)
		return node->at->children[node->at_index].name;
	return node->at_end < node->listing.count ? listing_name(&node->listing, node->at_end) : NULL;
}

/* Does NAME's contents ("NAME/...") come before OTHER, which sorts behind NAME? */
static bool contents_first(const struct node *dir, const char *other)
{
	size_t other_len;

	if (!other)
		return true;
	other_len = strlen(other);
	if (other_len <= dir->name_len || memcmp(dir->name, other, dir->name_len) != 0)
		return true; /* they differ before the slash */
	return (unsigned char)other[dir->name_len] > '/';
}

static struct node *innermost(const struct node *node)
{
	return node->pending.count ? node->pending.nodes[node->pending.count - 1] : NULL;
}

/* Into the directory on top of the stack. 0 or -1. */
static int descend(struct walk *walk)
{
	struct node *parent = walk->node, *dir = parent->pending.nodes[parent->pending.count - 1];

	walk->path.len = parent->path_len;
	if (buf_add_byte(&walk->path, '/') < 0 || buf_add(&walk->path, dir->name, dir->name_len) < 0)
		return -1;
	parent->pending.count--;
	/* the child holds a reference to its parent, so ours may go */
	walk->node = dir;
	node_unrefp(&parent);
	return 0;
}

static void ascend(struct walk *walk)
{
	struct node *parent = walk->node->parent;

	if (parent) {
		(void)node_ref(parent);
		walk->path.len = parent->path_len;
	}
	node_unrefp(&walk->node);
	walk->node = parent;
}

/* A chunk all of whose children were taken. */
static void drop_empty(struct walk *walk, struct node *node)
{
	if (!node->at || node->at_index < node->at->count)
		return;
	walk->consumed += node->at->count;
	chunk_unrefp(&node->at);
	if (walk->consumed >= CONSUMED_AT_ONCE) {
		pool_consumed(walk->pool, walk->consumed);
		walk->consumed = 0;
	}
}

/* Where the walk stands: a child (true), or it has to move. */
enum place { PLACE_CHILD, PLACE_DESCEND, PLACE_ASCEND, PLACE_BLOCKED };

static enum place look(struct walk *walk)
{
	struct node *node = walk->node, *dir = innermost(node);
	int finished;

	if (atomic_load_explicit(&node->listed, memory_order_acquire) == LISTED_NO)
		return PLACE_BLOCKED;
	for (;;) {
		drop_empty(walk, node);
		if (dir && contents_first(dir, next_name(node)))
			return PLACE_DESCEND;
		if (node->at)
			return PLACE_CHILD;
		finished = pool_take_chunk(walk->pool, node, &node->at);
		if (!node->at)
			break;
		node->at_index = 0;
		node->at_end = node->at->end;
	}
	if (!finished)
		return PLACE_BLOCKED;
	return dir ? PLACE_DESCEND : PLACE_ASCEND;
}

static int stop_at(struct walk *walk, struct chunk **ret_chunk, struct child **ret_child)
{
	struct node *node = walk->node;
	struct child *child = &node->at->children[node->at_index];

	walk->path.len = node->path_len;
	if (buf_add_byte(&walk->path, '/') < 0 || buf_add_str(&walk->path, child->name) < 0)
		return -1;
	*ret_chunk = node->at;
	*ret_child = child;
	return 0;
}

int walk_peek(struct walk *walk, struct chunk **ret_chunk, struct child **ret_child, enum walk_step *ret_step)
{
	while (walk->node) {
		switch (look(walk)) {
		case PLACE_CHILD:
			*ret_step = WALK_CHILD;
			return stop_at(walk, ret_chunk, ret_child);
		case PLACE_DESCEND:
			if (descend(walk) < 0)
				return -1;
			break;
		case PLACE_ASCEND:
			ascend(walk);
			break;
		case PLACE_BLOCKED:
		default:
			*ret_step = WALK_BLOCKED;
			return 0;
		}
	}
	*ret_step = WALK_END;
	return 0;
}

int walk_take(struct walk *walk, struct node **ret_dir)
{
	struct node *node = walk->node;
	struct child *child = &node->at->children[node->at_index];
	struct pending *pending = &node->pending;

	*ret_dir = NULL;
	if (child->subdir) {
		if (pending->count == pending->capacity) {
			size_t capacity = pending->capacity ? pending->capacity * 2 : 4;
			struct node **nodes = realloc(pending->nodes, capacity * sizeof(struct node *));

			if (!nodes)
				return -1;
			pending->nodes = nodes;
			pending->capacity = capacity;
		}
		pending->nodes[pending->count++] = child->subdir;
		*ret_dir = node_ref(child->subdir);
		child->subdir = NULL;
	}
	node->at_index++;
	return 0;
}
