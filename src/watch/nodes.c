/* nodes.c - see nodes.h. */
#include "watch/nodes.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "watch/nodes_hash.h"

enum { SLAB_BITS = NODES_SLAB_BITS, SLAB_NODES = 1 << SLAB_BITS };

_Static_assert(sizeof(struct node) == 64, "a node takes what the header says");

struct node *nodes_at(const struct nodes *nodes, uint32_t id)
{
	return &nodes->slabs[id >> SLAB_BITS][id & (SLAB_NODES - 1)];
}

/* --- allocation --- */

static int add_slab(struct nodes *nodes)
{
	struct node *slab;

	if (nodes->slab_count == nodes->slab_capacity) {
		uint32_t capacity = nodes->slab_capacity ? nodes->slab_capacity * 2 : 16;
		struct node **slabs = reallocarray(nodes->slabs, capacity, sizeof(struct node *));

		if (!slabs)
			return -1;
		nodes->slabs = slabs;
		nodes->slab_capacity = capacity;
	}
	if (nodes->slab_count >= UINT32_MAX >> SLAB_BITS)
		return -1;
	slab = calloc(SLAB_NODES, sizeof(*slab));
	if (!slab)
		return -1;
	nodes->slabs[nodes->slab_count] = slab;
	for (uint32_t i = SLAB_NODES; i-- > 0;) {
		uint32_t id = nodes->slab_count << SLAB_BITS | i;

		if (id == NODE_NONE)
			continue;
		slab[i].parent = nodes->free;
		nodes->free = id;
	}
	nodes->slab_count++;
	return 0;
}

/* What the C library takes for so many bytes: a word of its own, multiples of 16, 32 at least (glibc). */
static size_t chunk_bytes(size_t len)
{
	size_t chunk = (len + sizeof(size_t) + 15) & ~(size_t)15;

	return chunk < 32 ? 32 : chunk;
}

static int set_name(struct nodes *nodes, struct node *node, struct bytes name)
{
	char *copy = malloc(name.len ? name.len : 1);

	if (!copy)
		return -1;
	if (name.len)
		memcpy(copy, name.data, name.len);
	if (node->name)
		nodes->name_bytes -= chunk_bytes(node->name_len);
	nodes->name_bytes += chunk_bytes(name.len);
	free(node->name);
	node->name = copy;
	node->name_len = (uint32_t)name.len;
	return 0;
}

static int allocate(struct nodes *nodes, struct bytes name, uint32_t *ret_id, struct err *err)
{
	struct node *node;
	uint32_t id, next;

	if (nodes->free == NODE_NONE && add_slab(nodes) < 0)
		return err_nomem(err);
	id = nodes->free;
	node = nodes_at(nodes, id);
	next = node->parent;
	*node = (struct node){ .flags = NODE_USED, .wd = { -1, -1 } };
	if (set_name(nodes, node, name) < 0) {
		*node = (struct node){ .parent = next };
		return err_nomem(err);
	}
	nodes->free = next;
	nodes->count++;
	*ret_id = id;
	return 0;
}

int nodes_init(struct nodes *nodes, struct err *err)
{
	uint32_t id = NODE_NONE;

	*nodes = (struct nodes){ .slabs = NULL };
	if (getrandom(nodes->secret, sizeof(nodes->secret), 0) != (ssize_t)sizeof(nodes->secret))
		return err_set(err, ERR_INTERNAL, "the system gives no random bytes");
	if (table_init(&nodes->names) < 0 || table_init(&nodes->wds[WATCH_ROOT]) < 0 ||
	    table_init(&nodes->wds[WATCH_OTHERS]) < 0)
		return err_nomem(err);
	return allocate(nodes, (struct bytes){ NULL, 0 }, &id, err);
}

void nodes_done(struct nodes *nodes)
{
	for (uint32_t id = nodes_after(nodes, NODE_NONE); id; id = nodes_after(nodes, id))
		free(nodes_at(nodes, id)->name);
	for (uint32_t i = 0; i < nodes->slab_count; i++)
		free(nodes->slabs[i]);
	free(nodes->slabs);
	table_done(&nodes->names);
	table_done(&nodes->wds[WATCH_ROOT]);
	table_done(&nodes->wds[WATCH_OTHERS]);
	*nodes = (struct nodes){ .slabs = NULL };
}

/* --- places --- */

static void link_in(struct nodes *nodes, uint32_t id, uint32_t parent)
{
	struct node *node = nodes_at(nodes, id), *above = nodes_at(nodes, parent);
	uint32_t *head;

	node->flags &= (uint8_t)~NODE_FLOATING;
	node->parent = parent;
	node->previous = NODE_NONE;
	node->next = above->child;
	if (above->child)
		nodes_at(nodes, above->child)->previous = id;
	above->child = id;
	head = nodes_bucket(nodes, node->parent, node->name, node->name_len);
	node->by_name = *head;
	*head = id;
	nodes->names.count++;
	nodes_grow_names(nodes);
}

static void link_out(struct nodes *nodes, uint32_t id)
{
	struct node *node = nodes_at(nodes, id);
	uint32_t *at;

	if (!node_has_place(node))
		return;
	at = nodes_bucket(nodes, node->parent, node->name, node->name_len);
	while (*at != id)
		at = &nodes_at(nodes, *at)->by_name;
	*at = node->by_name;
	nodes->names.count--;
	if (node->previous)
		nodes_at(nodes, node->previous)->next = node->next;
	else
		nodes_at(nodes, node->parent)->child = node->next;
	if (node->next)
		nodes_at(nodes, node->next)->previous = node->previous;
	node->parent = node->next = node->previous = NODE_NONE;
}

int nodes_add(struct nodes *nodes, uint32_t parent, struct bytes name, uint32_t *ret_id, struct err *err)
{
	uint32_t id;
	int r = allocate(nodes, name, &id, err);

	if (r < 0)
		return r;
	link_in(nodes, id, parent);
	*ret_id = id;
	return 0;
}

int nodes_add_floating(struct nodes *nodes, struct bytes path, uint32_t *ret_id, struct err *err)
{
	uint32_t id;
	int r = allocate(nodes, path, &id, err);

	if (r < 0)
		return r;
	nodes_at(nodes, id)->flags |= NODE_FLOATING;
	*ret_id = id;
	return 0;
}

void nodes_remove(struct nodes *nodes, uint32_t id)
{
	struct node *node = nodes_at(nodes, id);

	link_out(nodes, id);
	nodes->name_bytes -= chunk_bytes(node->name_len);
	free(node->name);
	*node = (struct node){ .parent = nodes->free };
	nodes->free = id;
	nodes->count--;
}

int nodes_float(struct nodes *nodes, uint32_t id, struct bytes path, struct err *err)
{
	struct node *node = nodes_at(nodes, id), named = { .name = NULL };

	if (set_name(nodes, &named, path) < 0)
		return err_nomem(err);
	link_out(nodes, id);
	nodes->name_bytes -= chunk_bytes(node->name_len);
	free(node->name);
	node->name = named.name;
	node->name_len = named.name_len;
	node->flags |= NODE_FLOATING;
	return 0;
}

int nodes_move(struct nodes *nodes, uint32_t id, uint32_t parent, struct bytes name, struct err *err)
{
	int r = nodes_float(nodes, id, name, err);

	if (r < 0)
		return r;
	link_in(nodes, id, parent);
	return 0;
}
