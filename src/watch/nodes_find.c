/* nodes_find.c - finding nodes: by name, path, watch, and in turn; see nodes.h. Hashing is in nodes.c. */
#include "watch/nodes.h"

#include "base/cleanup.h"
#include "watch/nodes_hash.h"

enum { SLAB_BITS = NODES_SLAB_BITS };

/* Names come from strangers, so the hash is keyed (folded 64 x 64 multiplication). */
static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_name(const struct nodes *nodes, uint32_t parent, const void *name, size_t len)
{
	const unsigned char *bytes = name;
	uint64_t hash = fold(nodes->secret[0] ^ parent, nodes->secret[1] ^ len);

	for (size_t word; len > 0; bytes += word, len -= word) {
		uint64_t text = 0;

		word = len < sizeof(text) ? len : sizeof(text);
		memcpy(&text, bytes, word);
		hash = fold(hash ^ text ^ nodes->secret[0], nodes->secret[1]);
	}
	return hash;
}

uint32_t *nodes_bucket(const struct nodes *nodes, uint32_t parent, const void *name, size_t len)
{
	return table_head(&nodes->names, hash_name(nodes, parent, name, len));
}

/* Watch descriptors are counted up by the kernel. */
static uint32_t *wd_bucket(const struct nodes *nodes, enum watch_class class, int32_t wd)
{
	return table_head(&nodes->wds[class], (uint32_t)wd);
}

void nodes_grow_names(struct nodes *nodes)
{
	struct table old = nodes->names;

	if (table_grow(&old, &nodes->names) == 0)
		return;
	for (uint32_t id = nodes_after(nodes, NODE_NONE); id; id = nodes_after(nodes, id)) {
		struct node *node = nodes_at(nodes, id);
		uint32_t *head;

		if (!node_has_place(node))
			continue;
		head = nodes_bucket(nodes, node->parent, node->name, node->name_len);
		node->by_name = *head;
		*head = id;
		nodes->names.count++;
	}
	table_done(&old);
}

static void grow_wds(struct nodes *nodes, enum watch_class class)
{
	struct table old = nodes->wds[class];

	if (table_grow(&old, &nodes->wds[class]) == 0)
		return;
	for (uint32_t id = nodes_after(nodes, NODE_NONE); id; id = nodes_after(nodes, id)) {
		struct node *node = nodes_at(nodes, id);
		uint32_t *head;

		if (node->wd[class] < 0)
			continue;
		head = wd_bucket(nodes, class, node->wd[class]);
		node->by_wd[class] = *head;
		*head = id;
		nodes->wds[class].count++;
	}
	table_done(&old);
}

static bool is_named(const struct node *node, uint32_t parent, struct bytes name)
{
	return node->parent == parent && node->name_len == name.len && memcmp(node->name, name.data, name.len) == 0;
}

uint32_t nodes_child(const struct nodes *nodes, uint32_t parent, struct bytes name)
{
	uint32_t id = *nodes_bucket(nodes, parent, name.data, name.len);

	while (id && !is_named(nodes_at(nodes, id), parent, name))
		id = nodes_at(nodes, id)->by_name;
	return id;
}

static uint32_t descend(const struct nodes *nodes, struct bytes path, bool whole)
{
	uint32_t id = NODE_ROOT;

	for (size_t at = 1; at < path.len;) {
		const unsigned char *slash = memchr(path.data + at, '/', path.len - at);
		size_t end = slash ? (size_t)(slash - path.data) : path.len;
		uint32_t child = nodes_child(nodes, id, (struct bytes){ path.data + at, end - at });

		if (!child)
			return whole ? NODE_NONE : id;
		id = child;
		at = end + 1;
	}
	return id;
}

uint32_t nodes_find(const struct nodes *nodes, struct bytes path)
{
	return descend(nodes, path, true);
}

uint32_t nodes_nearest(const struct nodes *nodes, struct bytes path)
{
	return descend(nodes, path, false);
}

bool nodes_is_above(const struct nodes *nodes, uint32_t above, uint32_t id)
{
	while (id && id != above)
		id = nodes_at(nodes, id)->parent;
	return id == above;
}

/* Two climbs: one for the length, one that writes from the end. */
int nodes_path(const struct nodes *nodes, uint32_t id, struct buf *path, struct err *err)
{
	const struct node *node = nodes_at(nodes, id);
	size_t len = 0, at;

	for (; node->parent; node = nodes_at(nodes, node->parent))
		len += node->name_len + 1u;
	len += node->name_len; /* a whole path when it floats, nothing when it is the root */
	buf_clear(path);
	if (buf_reserve(path, len + 1) < 0)
		return err_nomem(err);
	at = len;
	for (node = nodes_at(nodes, id); node->parent; node = nodes_at(nodes, node->parent)) {
		at -= node->name_len;
		memcpy(path->data + at, node->name, node->name_len);
		path->data[--at] = '/';
	}
	if (node->name_len)
		memcpy(path->data, node->name, node->name_len);
	if (len == 0)
		path->data[len++] = '/';
	path->len = len;
	return 0;
}

static void unlink_wd(struct nodes *nodes, uint32_t id, enum watch_class class)
{
	struct node *node = nodes_at(nodes, id);
	uint32_t *at = wd_bucket(nodes, class, node->wd[class]);

	while (*at != id)
		at = &nodes_at(nodes, *at)->by_wd[class];
	*at = node->by_wd[class];
	node->wd[class] = -1;
	nodes->wds[class].count--;
}

void nodes_set_wd(struct nodes *nodes, uint32_t id, enum watch_class class, int32_t wd)
{
	struct node *node = nodes_at(nodes, id);
	uint32_t *head;

	if (node->wd[class] == wd)
		return;
	if (node->wd[class] >= 0)
		unlink_wd(nodes, id, class);
	if (wd < 0)
		return;
	head = wd_bucket(nodes, class, wd);
	node->wd[class] = wd;
	node->by_wd[class] = *head;
	*head = id;
	nodes->wds[class].count++;
	grow_wds(nodes, class);
}

static uint32_t chain(const struct nodes *nodes, enum watch_class class, int32_t wd, uint32_t id)
{
	while (id && nodes_at(nodes, id)->wd[class] != wd)
		id = nodes_at(nodes, id)->by_wd[class];
	return id;
}

uint32_t nodes_by_wd(const struct nodes *nodes, enum watch_class class, int32_t wd)
{
	return chain(nodes, class, wd, *wd_bucket(nodes, class, wd));
}

uint32_t nodes_next_by_wd(const struct nodes *nodes, enum watch_class class, uint32_t id)
{
	const struct node *node = nodes_at(nodes, id);

	return chain(nodes, class, node->wd[class], node->by_wd[class]);
}

uint32_t nodes_after(const struct nodes *nodes, uint32_t at)
{
	uint32_t end = nodes->slab_count << SLAB_BITS;

	for (uint32_t id = at + 1; id < end; id++)
		if (nodes_at(nodes, id)->flags & NODE_USED)
			return id;
	return NODE_NONE;
}

uint32_t nodes_walk(const struct nodes *nodes, uint32_t top, uint32_t id)
{
	const struct node *node = nodes_at(nodes, id);

	if (node->child)
		return node->child;
	while (id != top && !nodes_at(nodes, id)->next)
		id = nodes_at(nodes, id)->parent;
	return id == top ? NODE_NONE : nodes_at(nodes, id)->next;
}

uint64_t nodes_bytes(const struct nodes *nodes)
{
	const uint64_t slab = ((uint64_t)sizeof(struct node) << SLAB_BITS) + sizeof(size_t);

	return nodes->slab_count * slab + nodes->slab_capacity * sizeof(struct node *) + nodes->name_bytes +
	       table_bytes(&nodes->names) + table_bytes(&nodes->wds[WATCH_ROOT]) +
	       table_bytes(&nodes->wds[WATCH_OTHERS]);
}
