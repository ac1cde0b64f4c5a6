/* node.c - see node.h. */
#include "scan/node.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"

struct node *node_new(struct node *parent, const char *name, size_t name_len)
{
	struct node *node = calloc(1, sizeof(*node) + name_len + 1);

	if (!node)
		return NULL;
	atomic_init(&node->refs, 1);
	atomic_init(&node->listed, LISTED_NO);
	atomic_init(&node->stalls, 0);
	node->parent = parent ? node_ref(parent) : NULL;
	node->path_len = parent ? parent->path_len + 1 + name_len : 0;
	node->fd = -1;
	node->name_len = name_len;
	memcpy(node->name, name, name_len);
	return node;
}

struct node *node_ref(struct node *node)
{
	(void)atomic_fetch_add_explicit(&node->refs, 1, memory_order_relaxed);
	return node;
}

/* Drops a reference; a node without any goes onto the list of those to be torn down. */
static void drop(struct node *node, struct node **dead)
{
	if (!node || atomic_fetch_sub_explicit(&node->refs, 1, memory_order_acq_rel) != 1)
		return;
	node->next_dead = *dead;
	*dead = node;
}

static void drop_chunk(struct chunk *chunk, struct node **dead)
{
	if (!chunk || atomic_fetch_sub_explicit(&chunk->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < chunk->count; i++)
		drop(chunk->children[i].subdir, dead);
	drop(chunk->node, dead);
	arena_done(&chunk->arena);
	free(chunk);
}

/* The descriptor is closed by now: the cache's list holds a reference. */
static void tear_down(struct node *node, struct node **dead)
{
	while (node->first) {
		struct chunk *next = node->first->next;

		drop_chunk(node->first, dead);
		node->first = next;
	}
	drop_chunk(node->at, dead);
	for (size_t i = 0; i < node->pending.count; i++)
		drop(node->pending.nodes[i], dead);
	free(node->pending.nodes);
	listing_done(&node->listing);
	policy_dir_freep(&node->policy_dir);
	free(node->problem);
	drop(node->parent, dead);
	free(node);
}

static void bury(struct node *dead)
{
	while (dead) {
		struct node *node = dead;

		dead = node->next_dead;
		tear_down(node, &dead);
	}
}

void node_unrefp(struct node **node)
{
	struct node *dead = NULL;

	drop(*node, &dead);
	*node = NULL;
	bury(dead);
}

/* Takes a reference over. */
static void enlist(struct node *node, struct node **list)
{
	if (!node)
		return;
	node->next_dead = *list;
	*list = node;
}

static void enlist_subdirs(struct chunk *chunk, struct node **list)
{
	for (size_t i = 0; i < chunk->count; i++) {
		enlist(chunk->children[i].subdir, list);
		chunk->children[i].subdir = NULL;
	}
}

void node_forget(struct node *node)
{
	struct node *list = NULL;

	for (; node; node = node->parent)
		enlist(node_ref(node), &list);
	while (list) {
		struct node *next = list;

		list = next->next_dead;
		while (next->first) {
			struct chunk *chunk = next->first;

			next->first = chunk->next;
			enlist_subdirs(chunk, &list);
			chunk_unrefp(&chunk);
		}
		if (next->at) { /* holds the node that holds it */
			enlist_subdirs(next->at, &list);
			chunk_unrefp(&next->at);
		}
		while (next->pending.count)
			enlist(next->pending.nodes[--next->pending.count], &list);
		node_unrefp(&next);
	}
}

struct chunk *chunk_new(size_t capacity)
{
	struct chunk *chunk = malloc(sizeof(*chunk) + capacity * sizeof(struct child));

	if (!chunk)
		return NULL;
	*chunk = (struct chunk){ .next = NULL };
	atomic_init(&chunk->refs, 1);
	return chunk;
}

struct chunk *chunk_ref(struct chunk *chunk)
{
	(void)atomic_fetch_add_explicit(&chunk->refs, 1, memory_order_relaxed);
	return chunk;
}

void chunk_unrefp(struct chunk **chunk)
{
	struct node *dead = NULL;

	drop_chunk(*chunk, &dead);
	*chunk = NULL;
	bury(dead);
}

int node_path(const struct node *node, const char *name, struct buf *out)
{
	size_t name_len = name ? strlen(name) : 0, at = node->path_len, len = at + (name ? 1 + name_len : 0);

	buf_clear(out);
	if (buf_reserve(out, len) < 0)
		return -1;
	if (name) {
		out->data[at] = '/';
		memcpy(out->data + at + 1, name, name_len);
	}
	for (; node->parent; node = node->parent) {
		at -= node->name_len;
		memcpy(out->data + at, node->name, node->name_len);
		out->data[--at] = '/';
	}
	if (at) /* the root's name is all that stands before */
		memcpy(out->data, node->name, at);
	out->len = len;
	return 0;
}
