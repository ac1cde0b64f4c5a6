/* test_tree_join.c - two trees side by side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "tree/tree.h"

/* A tree of the paths in a list that ends with NULL; "!" fails. */
struct list_tree {
	struct tree tree; /* first */
	const char *const *paths;
	struct entry entry;
};

static int list_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct list_tree *list = (struct list_tree *)tree;

	if (!*list->paths)
		return 0;
	if (**list->paths == '!')
		return err_set(err, ERR_IO, "as asked");
	list->entry = (struct entry){ .path = bytes_of(*list->paths++) };
	*ret_entry = &list->entry;
	return 1;
}

static void list_free(struct tree *tree)
{
	(void)tree;
}

/* One letter a pair: = both, < only a, > only b; then the error or nothing. */
static int join(const char *const *a, const char *const *b, char *ret_pairs)
{
	CLEANUP(pairs_freep) struct pairs *pairs = NULL;
	struct list_tree a_tree = { .tree = { "list", "a", 0, list_next, list_free }, .paths = a };
	struct list_tree b_tree = { .tree = { "list", "b", 0, list_next, list_free }, .paths = b };
	struct err err = ERR_INIT;
	struct pair pair;
	int r;

	assert_int_equal(pairs_join(*a ? &a_tree.tree : NULL, *b ? &b_tree.tree : NULL, &pairs, &err), 0);
	while ((r = pairs_next(pairs, &pair, &err)) > 0) {
		assert_true(pair.a || pair.b);
		if (pair.a && pair.b)
			assert_true(bytes_equal(pair.a->path, pair.b->path));
		*ret_pairs++ = pair.a && pair.b ? '=' : pair.a ? '<' : '>';
	}
	*ret_pairs = '\0';
	if (r == 0)
		assert_int_equal(pairs_next(pairs, &pair, &err), 0);
	return r;
}

static void joined(void **state)
{
	static const struct {
		const char *a[6], *b[6]; /* ended by NULL; none: no tree at all */
		const char *pairs;
		int r;
	} rows[] = {
		{ { NULL }, { NULL }, "", 0 },
		{ { "/", "/a", NULL }, { NULL }, "<<", 0 },
		{ { NULL }, { "/", "/a", NULL }, ">>", 0 },
		{ { "/", "/etc", "/etc-x", "/etc/passwd", NULL },
		  { "/", "/etc", "/etc/passwd", "/usr", NULL },
		  "==<=>",
		  0 },
		{ { "/b", NULL }, { "/a", "/c", NULL }, "><>", 0 },
		{ { "/b", "/a", NULL }, { "/b", NULL }, "=", ERR_DATA },
		{ { "/b", "/b", NULL }, { NULL }, "<", ERR_DATA },
		{ { NULL }, { "/etc/passwd", "/etc-x", NULL }, ">", ERR_DATA },
		{ { "/a", "!", NULL }, { "/a", "/b", NULL }, "=", ERR_IO },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char pairs[16];

		assert_int_equal(join(rows[i].a, rows[i].b, pairs), rows[i].r);
		assert_string_equal(pairs, rows[i].pairs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(joined) };

	return cmocka_run_group_tests_name("tree_join", tests, NULL, NULL);
}
