/*
 * root.c - see root.h.
 *
 * The stack holds, innermost last, every entry that may still get children: its path is a prefix of the present
 * path, byte for byte. Such a node is open when the present path is below it, and waiting when the present path
 * only begins with its name ("/a" while "/a-b" is read: "/a/..." still comes). So no node keeps a path, and
 * how far two neighbouring paths agree tells which nodes are complete.
 */
#include "store/root.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"

enum node_kind { NODE_ANCESTOR, NODE_DIRECTORY, NODE_OTHER };

struct node {
	struct hash_state state; /* of a directory or ancestor: its children so far */
	size_t path_len;
	size_t parent; /* index of the node that holds it */
	enum node_kind kind;
};

struct root {
	root_scope *in_scope;
	void *context;
	struct node *stack; /* [0] is "/" */
	size_t depth, capacity;
	struct buf path; /* of the entry before */
	struct buf bytes; /* scratch for canonical bytes */
	uint64_t entries, unexamined;
};

int root_new(root_scope *in_scope, void *context, struct root **ret_root, struct err *err)
{
	struct root *root = calloc(1, sizeof(*root));

	if (!root)
		return err_nomem(err);
	root->in_scope = in_scope;
	root->context = context;
	*ret_root = root;
	return 0;
}

void root_freep(struct root **root)
{
	if (*root) {
		free((*root)->stack);
		buf_done(&(*root)->path);
		buf_done(&(*root)->bytes);
	}
	free(*root);
	*root = NULL;
}

static void leaf_hash(struct root *root, unsigned char ret_hash[HASH_BYTES])
{
	struct hash_state state;

	hash_init(&state, "tallystick-entry-1");
	hash_update(&state, root->bytes.data, root->bytes.len);
	hash_final(&state, ret_hash);
}

static void feed_child(struct root *root, size_t parent, size_t path_len, const unsigned char hash[HASH_BYTES])
{
	struct node *node = &root->stack[parent];
	size_t skip = node->path_len + (node->path_len > 1); /* the slash; that of "/" is its path */

	hash_update_sized(&node->state, root->path.data + skip, path_len - skip);
	hash_update(&node->state, hash, HASH_BYTES);
}

/* Completes the innermost node. The path before still begins with its path. */
static void pop(struct root *root)
{
	struct node *node = &root->stack[root->depth - 1];
	unsigned char hash[HASH_BYTES];

	root->depth--;
	if (node->kind == NODE_OTHER)
		return; /* its parent has it already */
	hash_final(&node->state, hash);
	feed_child(root, node->parent, node->path_len, hash);
}

static int push(struct root *root, enum node_kind kind, size_t path_len, size_t parent, struct err *err)
{
	struct node *node;

	if (root->depth == root->capacity) {
		size_t capacity = root->capacity ? 2 * root->capacity : 16;
		/* not realloc(): a hash state is aligned to 64 bytes */
		struct node *grown = aligned_alloc(_Alignof(struct node), capacity * sizeof(*grown));

		if (!grown)
			return err_nomem(err);
		if (root->depth)
			memcpy(grown, root->stack, root->depth * sizeof(*grown));
		free(root->stack);
		root->stack = grown;
		root->capacity = capacity;
	}
	node = &root->stack[root->depth++];
	node->kind = kind;
	node->path_len = path_len;
	node->parent = parent;
	if (kind == NODE_ANCESTOR)
		hash_init(&node->state, "tallystick-ancestor-1");
	else if (kind == NODE_DIRECTORY)
		hash_init(&node->state, "tallystick-directory-1");
	return 0;
}

static int wrong(const struct entry *entry, const char *what, struct err *err)
{
	return err_set(err, ERR_DATA, "entry '%s' %s", QUOTE_N(entry->path.data, entry->path.len), what);
}

/* How many bytes PATH has in common with the path before; order must ascend. */
static int common_bytes(const struct root *root, const struct entry *entry, size_t *ret_common, struct err *err)
{
	struct bytes path = entry->path;
	size_t common = 0;

	while (common < path.len && common < root->path.len && path.data[common] == root->path.data[common])
		common++;
	if (root->entries &&
	    (common == path.len || (common < root->path.len && path.data[common] < root->path.data[common])))
		return wrong(entry, "is out of order", err);
	*ret_common = common;
	return 0;
}

/* Completes every node that the present path shows to be past; what is left is waiting or holds the path. */
static int settle(struct root *root, const struct entry *entry, size_t common, struct err *err)
{
	while (root->depth > 1) {
		const struct node *top = &root->stack[root->depth - 1];

		if (top->path_len <= common && entry->path.data[top->path_len] <= '/') {
			if (top->kind == NODE_OTHER && entry->path.data[top->path_len] == '/')
				return wrong(entry, "is below something that is not a directory", err);
			return 0;
		}
		pop(root);
	}
	return 0;
}

static int push_ancestor(struct root *root, const struct entry *entry, size_t path_len, size_t parent, struct err *err)
{
	if (root->in_scope && root->in_scope(root->context, (struct bytes){ entry->path.data, path_len }))
		return wrong(entry, "is an orphan: a directory above it is not recorded", err);
	return push(root, NODE_ANCESTOR, path_len, parent, err);
}

/* Pushes a node for each directory above the path that no entry stands for; *ret_parent holds the path. */
static int reach_parent(struct root *root, const struct entry *entry, size_t *ret_parent, struct err *err)
{
	struct bytes path = entry->path;
	const struct node *top = &root->stack[root->depth - 1];
	size_t parent = root->depth - 1;
	size_t at;
	int r;

	if (parent > 0 && path.data[top->path_len] != '/')
		parent = top->parent; /* the top is waiting; its parent holds the path */
	at = root->stack[parent].path_len;
	at += at > 1;
	for (; at < path.len; at++) {
		if (path.data[at] != '/')
			continue;
		r = push_ancestor(root, entry, at, parent, err);
		if (r < 0)
			return r;
		parent = root->depth - 1;
	}
	*ret_parent = parent;
	return 0;
}

static int add_below(struct root *root, const struct entry *entry, size_t common, struct err *err)
{
	bool directory = (entry->value & ATTR_BIT(ATTR_TYPE)) && entry->type == TYPE_DIR;
	unsigned char hash[HASH_BYTES];
	size_t parent;
	int r;

	r = settle(root, entry, common, err);
	if (r < 0)
		return r;
	r = reach_parent(root, entry, &parent, err);
	if (r < 0)
		return r;
	r = push(root, directory ? NODE_DIRECTORY : NODE_OTHER, entry->path.len, parent, err);
	if (r < 0)
		return r;
	buf_clear(&root->path);
	if (buf_add(&root->path, entry->path.data, entry->path.len) < 0)
		return err_nomem(err);
	leaf_hash(root, hash);
	if (directory)
		hash_update(&root->stack[root->depth - 1].state, hash, HASH_BYTES);
	else
		feed_child(root, parent, entry->path.len, hash);
	return 0;
}

/* "/" itself, or the first path of all when "/" is not recorded. */
static int start(struct root *root, const struct entry *entry, struct err *err)
{
	bool directory = (entry->value & ATTR_BIT(ATTR_TYPE)) && entry->type == TYPE_DIR;
	unsigned char hash[HASH_BYTES];
	int r;

	if (entry->path.len > 1)
		return push_ancestor(root, entry, 1, 0, err);
	if (!directory)
		return wrong(entry, "is not a directory", err);
	r = push(root, NODE_DIRECTORY, 1, 0, err);
	if (r < 0)
		return r;
	if (buf_add(&root->path, "/", 1) < 0)
		return err_nomem(err);
	leaf_hash(root, hash);
	hash_update(&root->stack[0].state, hash, HASH_BYTES);
	return 0;
}

int root_add(struct root *root, const struct entry *entry, struct err *err)
{
	size_t common = 0;
	int r;

	if (!path_valid(entry->path))
		return wrong(entry, "has a path that is not valid", err);
	r = common_bytes(root, entry, &common, err);
	if (r < 0)
		return r;
	buf_clear(&root->bytes);
	if (entry_encode(entry, &root->bytes) < 0)
		return err_nomem(err);
	r = root->depth == 0 ? start(root, entry, err) : 0;
	if (r < 0)
		return r;
	if (entry->path.len > 1) {
		r = add_below(root, entry, common, err);
		if (r < 0)
			return r;
	}
	root->entries++;
	root->unexamined += entry->failed != 0;
	return 0;
}

void root_end(struct root *root, unsigned char ret_top[HASH_BYTES])
{
	struct hash_state empty;

	if (root->depth == 0) {
		hash_init(&empty, "tallystick-ancestor-1");
		hash_final(&empty, ret_top);
		return;
	}
	while (root->depth > 1)
		pop(root);
	hash_final(&root->stack[0].state, ret_top);
}

uint64_t root_entries(const struct root *root)
{
	return root->entries;
}

uint64_t root_unexamined(const struct root *root)
{
	return root->unexamined;
}

void root_text(const char *reason, size_t reason_len, const unsigned char top[HASH_BYTES], char ret_text[HASH_TEXT])
{
	unsigned char hash[HASH_BYTES];
	struct hash_state state;

	hash_init(&state, "tallystick-root-1");
	hash_update_sized(&state, reason, reason_len);
	hash_update(&state, top, HASH_BYTES);
	hash_final(&state, hash);
	hash_text(hash, ret_text);
}
