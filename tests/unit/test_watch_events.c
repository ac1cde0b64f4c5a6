/* What single changes are told as. */
#include "watch_fixture.h"

static void plain(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "old", "x");
	dir(fixture, "sub");
	start(fixture);
	assert_int_equal(count_told(fixture, TOLD_DIRTY), 0);
	put(fixture, "new", "x");
	put(fixture, "old", "xy");
	assert_int_equal(chmod(in(fixture, "sub"), 0700), 0);
	settle(fixture);
	assert_dirty(fixture, "new", IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE);
	assert_dirty(fixture, "old", IN_MODIFY | IN_CLOSE_WRITE);
	assert_dirty(fixture, "sub", IN_ATTRIB | IN_ISDIR);
	assert_dirty(fixture, "", IN_CREATE);
	forget(fixture);
	assert_int_equal(unlink(in(fixture, "new")), 0);
	assert_int_equal(rmdir(in(fixture, "sub")), 0);
	settle(fixture);
	assert_dirty(fixture, "new", IN_DELETE);
	assert_dirty(fixture, "sub", IN_DELETE);
	assert_dirty(fixture, "", IN_DELETE);
	assert_int_equal(node_at(fixture, "sub"), NODE_NONE);
}

/* The name comes first, then its directory. */
static void order(void **state)
{
	struct fixture *fixture = *state;
	const struct told *name, *above;

	start(fixture);
	put(fixture, "new", "");
	settle(fixture);
	name = find_told(fixture, TOLD_DIRTY, in(fixture, "new"));
	above = find_told(fixture, TOLD_DIRTY, fixture->tree);
	assert_non_null(name);
	assert_non_null(above);
	assert_true(name < above);
	assert_true(above->flag);
	assert_false(name->flag);
}

static void new_tree(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	dir(fixture, "a");
	put(fixture, "a/1", "");
	dir(fixture, "a/b");
	dir(fixture, "a/b/c");
	put(fixture, "a/b/c/2", "");
	settle(fixture);
	assert_dirty(fixture, "a/1", 0);
	assert_dirty(fixture, "a/b/c/2", 0);
	forget(fixture);
	put(fixture, "a/b/c/3", "");
	settle(fixture);
	assert_dirty(fixture, "a/b/c/3", IN_CREATE);
}

static void rename_file(void **state)
{
	struct fixture *fixture = *state;

	dir(fixture, "a");
	put(fixture, "1", "");
	start(fixture);
	move(fixture, "1", "a/2");
	settle(fixture);
	assert_dirty(fixture, "1", IN_MOVED_FROM);
	assert_dirty(fixture, "a/2", IN_MOVED_TO);
	assert_dirty(fixture, "a", IN_MOVED_TO);
	assert_renamed(fixture, "1", "a/2");
}

static void rename_tree(void **state)
{
	struct fixture *fixture = *state;
	uint32_t id;

	dir(fixture, "a");
	dir(fixture, "a/b");
	put(fixture, "a/b/1", "");
	dir(fixture, "d");
	start(fixture);
	id = node_at(fixture, "a/b");
	move(fixture, "a", "d/e");
	settle(fixture);
	assert_int_equal(node_at(fixture, "d/e/b"), id);
	assert_int_equal(node_at(fixture, "a"), NODE_NONE);
	assert_told(fixture, TOLD_GONE, "a");
	assert_dirty(fixture, "d/e/b/1", 0);
	assert_renamed(fixture, "a", "d/e");
	forget(fixture);
	put(fixture, "d/e/b/2", "");
	settle(fixture);
	assert_dirty(fixture, "d/e/b/2", IN_CREATE);
}

static void move_out_and_in(void **state)
{
	struct fixture *fixture = *state;
	char out[128];

	dir(fixture, "a");
	dir(fixture, "a/b");
	put(fixture, "a/b/1", "");
	start(fixture);
	(void)snprintf(out, sizeof(out), "%s/out", fixture->dir);
	assert_int_equal(rename(in(fixture, "a"), out), 0);
	settle(fixture);
	assert_told(fixture, TOLD_GONE, "a");
	assert_int_equal(node_at(fixture, "a"), NODE_NONE);
	forget(fixture);
	(void)snprintf(out, sizeof(out), "%s/out/b/2", fixture->dir);
	assert_int_equal(close(open(out, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	settle(fixture);
	assert_null(find_told(fixture, TOLD_DIRTY, in(fixture, "a/b/2")));
	(void)snprintf(out, sizeof(out), "%s/out", fixture->dir);
	assert_int_equal(rename(out, in(fixture, "z")), 0);
	settle(fixture);
	assert_dirty(fixture, "z", IN_MOVED_TO);
	assert_dirty(fixture, "z/b/1", 0);
	assert_dirty(fixture, "z/b/2", 0);
	forget(fixture);
	put(fixture, "z/b/3", "");
	settle(fixture);
	assert_dirty(fixture, "z/b/3", IN_CREATE);
}

static void exchange(void **state)
{
	struct fixture *fixture = *state;

	dir(fixture, "a");
	put(fixture, "a/1", "");
	dir(fixture, "b");
	dir(fixture, "b/sub");
	put(fixture, "b/sub/2", "");
	start(fixture);
	assert_int_equal(renameat2(AT_FDCWD, in(fixture, "a"), AT_FDCWD, in(fixture, "b"), RENAME_EXCHANGE), 0);
	settle(fixture);
	assert_renamed(fixture, "a", "b");
	assert_renamed(fixture, "b", "a");
	assert_dirty(fixture, "b/1", 0);
	assert_dirty(fixture, "a/sub/2", 0);
	assert_int_not_equal(node_at(fixture, "a/sub"), NODE_NONE);
	assert_int_equal(node_at(fixture, "b/sub"), NODE_NONE);
	forget(fixture);
	put(fixture, "a/sub/3", "");
	put(fixture, "b/3", "");
	settle(fixture);
	assert_dirty(fixture, "a/sub/3", IN_CREATE);
	assert_dirty(fixture, "b/3", IN_CREATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(plain, setup, teardown),
		cmocka_unit_test_setup_teardown(order, setup, teardown),
		cmocka_unit_test_setup_teardown(new_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(rename_file, setup, teardown),
		cmocka_unit_test_setup_teardown(rename_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(move_out_and_in, setup, teardown),
		cmocka_unit_test_setup_teardown(exchange, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
