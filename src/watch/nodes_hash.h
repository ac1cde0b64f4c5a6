/*
 * nodes_hash.h - the hash tables of the nodes; for nodes.c and nodes_find.c only.
 */
#ifndef WATCH_NODES_HASH_H
#define WATCH_NODES_HASH_H

#include "watch/nodes.h"

enum { NODES_SLAB_BITS = 9 };

/* The bucket of a name in a directory. */
uint32_t *nodes_bucket(const struct nodes *nodes, uint32_t parent, const void *name, size_t len);
/* Enlarges the table of names when it is crowded. */
void nodes_grow_names(struct nodes *nodes);
/* Is it found by its name: it does not float, and is not the root? */
static inline bool node_has_place(const struct node *node)
{
	return (node->flags & NODE_USED) && !(node->flags & NODE_FLOATING) && node->parent != NODE_NONE;
}

#endif
