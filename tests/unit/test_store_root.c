/* test_store_root.c - the Merkle root: against a plain recursive one, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/root.h"
#include "tree_fixture.h"

enum { NODES_MAX = 400, PATH_BYTES = 128 };

struct node {
	char path[PATH_BYTES];
	bool directory;
};

static struct entry entry_of(const struct node *node)
{
	return (struct entry){ .path = bytes_of(node->path),
			       .value = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_SIZE),
			       .type = node->directory ? TYPE_DIR : TYPE_FILE,
			       .size = strlen(node->path) };
}

/* --- the definition of docs/FORMATS.md, by sorting --- */

static int by_path(const void *a, const void *b)
{
	return path_compare(bytes_of(((const struct node *)a)->path), bytes_of(((const struct node *)b)->path));
}

static int by_key(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of PATH's children, directories with a slash behind, each once, sorted. */
static size_t children(const struct node *nodes, size_t count, const char *path, char *ret_keys[])
{
	size_t len = strlen(path) == 1 ? 0 : strlen(path);
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		const char *rest = nodes[i].path + len + 1;
		bool deeper;
		char key[PATH_BYTES];
		bool known = false;

		if (strlen(nodes[i].path) <= len + 1 || memcmp(nodes[i].path, path, len) != 0 ||
		    nodes[i].path[len] != '/')
			continue;
		deeper = strchr(rest, '/') != NULL;
		(void)snprintf(key, sizeof(key), "%.*s%s", (int)strcspn(rest, "/"), rest,
			       deeper || nodes[i].directory ? "/" : "");
		for (size_t j = 0; j < found; j++)
			known |= strcmp(ret_keys[j], key) == 0;
		if (!known)
			ret_keys[found++] = strdup(key);
	}
	qsort(ret_keys, found, sizeof(*ret_keys), by_key);
	return found;
}

static void node_hash(const struct node *nodes, size_t count, const char *path, unsigned char ret_hash[HASH_BYTES])
{
	CLEANUP(buf_done) struct buf bytes = BUF_INIT;
	char *keys[NODES_MAX];
	size_t key_count = children(nodes, count, path, keys);
	unsigned char leaf[HASH_BYTES], child[HASH_BYTES];
	const struct node *node = NULL;
	struct hash_state state;

	for (size_t i = 0; i < count; i++)
		node = strcmp(nodes[i].path, path) == 0 ? &nodes[i] : node;
	if (node) {
		struct entry entry = entry_of(node);

		assert_int_equal(entry_encode(&entry, &bytes), 0);
		hash_init(&state, "tallystick-entry-1");
		hash_update(&state, bytes.data, bytes.len);
		hash_final(&state, leaf);
		if (!node->directory) {
			memcpy(ret_hash, leaf, HASH_BYTES);
			return;
		}
	}
	hash_init(&state, node ? "tallystick-directory-1" : "tallystick-ancestor-1");
	if (node)
		hash_update(&state, leaf, HASH_BYTES);
	for (size_t i = 0; i < key_count; i++) {
		char below[PATH_BYTES * 2];
		size_t len = strcspn(keys[i], "/");

		(void)snprintf(below, sizeof(below), "%s/%.*s", strlen(path) == 1 ? "" : path, (int)len, keys[i]);
		node_hash(nodes, count, below, child);
		hash_update_sized(&state, keys[i], len);
		hash_update(&state, child, HASH_BYTES);
		free(keys[i]);
	}
	hash_final(&state, ret_hash);
}

/* --- the streaming one --- */

static int stream(const struct node *nodes, size_t count, root_scope *in_scope, unsigned char ret_top[HASH_BYTES])
{
	CLEANUP(root_freep) struct root *root = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(root_new(in_scope, NULL, &root, &err), 0);
	for (size_t i = 0; i < count; i++) {
		struct entry entry = entry_of(&nodes[i]);
		int r = root_add(root, &entry, &err);

		if (r < 0)
			return r;
	}
	assert_int_equal(root_entries(root), count);
	root_end(root, ret_top);
	return 0;
}

/* Grows a tree of names that crowd around each other and around '/'. Parents may be missing: out of scope. */
static size_t random_tree(struct random *random, struct node *ret_nodes)
{
	static const char *const names[] = { "a", "a-", "a-b", "a.", "ab", "b", "-", "a0", "\x01", "\xff" };
	size_t count = 0;

	for (int i = 0; i < 120; i++) {
		struct node node = { .directory = random_below(random, 2) };
		const struct node *parent = count ? &ret_nodes[random_below(random, count)] : NULL;
		const char *above = parent && parent->directory ? parent->path : random_below(random, 2) ? "/a" : "";
		bool known = false, blocked = false;

		if (strlen(above) > 60)
			continue;
		(void)snprintf(node.path, sizeof(node.path), "%.60s/%.8s", strcmp(above, "/") == 0 ? "" : above,
			       names[random_below(random, ARRAY_SIZE(names))]);
		if (i == 0 && random_below(random, 2))
			node = (struct node){ "/", true };
		for (size_t j = 0; j < count; j++) {
			struct bytes other = bytes_of(ret_nodes[j].path), path = bytes_of(node.path);

			known |= bytes_equal(other, path);
			blocked |= (!ret_nodes[j].directory && path_covers(other, path)) ||
				   (!node.directory && path_covers(path, other));
		}
		if (!known && !blocked)
			ret_nodes[count++] = node;
	}
	qsort(ret_nodes, count, sizeof(*ret_nodes), by_path);
	return count;
}

static void random_trees(void **state)
{
	struct random random = { 3 };

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct node nodes[NODES_MAX];
		size_t count = random_tree(&random, nodes);
		unsigned char streamed[HASH_BYTES], recursive[HASH_BYTES];

		assert_int_equal(stream(nodes, count, NULL, streamed), 0);
		node_hash(nodes, count, "/", recursive);
		assert_memory_equal(streamed, recursive, HASH_BYTES);
	}
}

/* Every change of the tree's shape changes the root. */
static void shapes(void **state)
{
	static const struct {
		struct node nodes[4];
		size_t count;
	} rows[] = {
		{ { { "/", true } }, 0 },
		{ { { "/", true } }, 1 },
		{ { { "/a", true } }, 1 },
		{ { { "/a", false } }, 1 },
		{ { { "/", true }, { "/a", true } }, 2 },
		{ { { "/", true }, { "/a", true }, { "/a/b", false } }, 3 },
		{ { { "/", true }, { "/a/b", false } }, 2 },
		{ { { "/a/b", false } }, 1 },
		{ { { "/a", true }, { "/a/b", false } }, 2 },
		{ { { "/", true }, { "/a", true }, { "/b", false } }, 3 },
		{ { { "/", true }, { "/a", true }, { "/a-", true }, { "/a-/b", false } }, 4 },
		{ { { "/", true }, { "/a", true }, { "/a-", true }, { "/a/b", false } }, 4 },
	};
	unsigned char tops[ARRAY_SIZE(rows)][HASH_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(stream(rows[i].nodes, rows[i].count, NULL, tops[i]), 0);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(tops[i], tops[j], HASH_BYTES);
	}
}

static void refused(void **state)
{
	static const struct {
		struct node nodes[4];
		size_t count;
	} rows[] = {
		{ { { "", true } }, 1 },
		{ { { "a", true } }, 1 },
		{ { { "/a/", true } }, 1 },
		{ { { "//a", true } }, 1 },
		{ { { "/a/../b", true } }, 1 },
		{ { { "/a/./b", true } }, 1 },
		{ { { "/", false } }, 1 },
		{ { { "/a", true }, { "/a", true } }, 2 },
		{ { { "/a", true }, { "/", true } }, 2 },
		{ { { "/a/b", true }, { "/a-b", true } }, 2 },
		{ { { "/b", true }, { "/a", true } }, 2 },
		{ { { "/a", false }, { "/a/b", true } }, 2 },
		{ { { "/a", false }, { "/a-b", true }, { "/a/b", true } }, 3 },
		{ { { "/a", false }, { "/a/b/c", true } }, 2 },
		{ { { "/d", true }, { "/d/a", false }, { "/d/a-", false }, { "/d/a/b", true } }, 4 },
	};
	unsigned char top[HASH_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(stream(rows[i].nodes, rows[i].count, NULL, top), ERR_DATA);
}

static void path_with_nul(void **state)
{
	CLEANUP(root_freep) struct root *root = NULL;
	struct entry entry = { .path = { (const unsigned char *)"/a\0b", 4 } };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(root_new(NULL, NULL, &root, &err), 0);
	assert_int_equal(root_add(root, &entry, &err), ERR_DATA);
}

/* The policy covers /etc and below. */
static bool covers_etc(void *context, struct bytes path)
{
	(void)context;
	return path_covers(bytes_of("/etc"), path);
}

static void orphans(void **state)
{
	static const struct {
		struct node nodes[3];
		size_t count;
		int r;
	} rows[] = {
		{ { { "/etc", true }, { "/etc/a", false } }, 2, 0 },
		{ { { "/usr/share/a", false } }, 1, 0 },
		{ { { "/etc/a", false } }, 1, ERR_DATA },
		{ { { "/etc", true }, { "/etc/a/b", false } }, 2, ERR_DATA },
		{ { { "/etc", true }, { "/etc/a", true }, { "/etc/a-b/c", false } }, 3, ERR_DATA },
	};
	unsigned char top[HASH_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(stream(rows[i].nodes, rows[i].count, covers_etc, top), rows[i].r);
}

/* Deeper than any walk of a real file system. */
static void deep(void **state)
{
	static struct node shallow[] = { { "/a", true } };
	static unsigned char path[16384];
	CLEANUP(root_freep) struct root *root = NULL;
	unsigned char top[HASH_BYTES], other[HASH_BYTES];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(root_new(NULL, NULL, &root, &err), 0);
	for (size_t len = 2; len <= sizeof(path); len += 2) {
		struct entry entry = { .path = { path, len }, .value = ATTR_BIT(ATTR_TYPE), .type = TYPE_DIR };

		path[len - 2] = '/';
		path[len - 1] = 'a';
		assert_int_equal(root_add(root, &entry, &err), 0);
	}
	root_end(root, top);
	assert_int_equal(stream(shallow, 1, NULL, other), 0);
	assert_memory_not_equal(top, other, HASH_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_trees),  cmocka_unit_test(shapes),  cmocka_unit_test(refused),
		cmocka_unit_test(path_with_nul), cmocka_unit_test(orphans), cmocka_unit_test(deep),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("store_root", tests, NULL, NULL);
}
