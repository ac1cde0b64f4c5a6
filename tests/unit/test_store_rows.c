/* test_store_rows.c - rows of a proved baseline: by path, below a path, since a generation, with several links. */
#include "store_fixture.h"

#include <pthread.h>

static struct baseline *open_baseline(const struct fixture *fixture)
{
	struct baseline *baseline = NULL;
	struct err err = ERR_INIT;

	must(baseline_open(fixture->dirfd, fixture_name, &baseline, &err), &err);
	return baseline;
}

/* All rows of the newest generation, by the tree that proves itself. */
static size_t copy_all(struct baseline *baseline, struct entry_copy *rows[128])
{
	CLEANUP(tree_freep) struct tree *tree = NULL;
	const struct entry *entry;
	struct err err = ERR_INIT;
	size_t count = 0;
	int r;

	must(baseline_tree(baseline, 0, NULL, NULL, &tree, &err), &err);
	while ((r = tree_next(tree, &entry, &err)) > 0) {
		assert_true(count < 128);
		must(entry_copy(entry, &rows[count++], &err), &err);
	}
	must(r, &err);
	return count;
}

static void assert_entry(const struct entry *a, const struct entry *b)
{
	CLEANUP(buf_done) struct buf left = BUF_INIT;
	CLEANUP(buf_done) struct buf right = BUF_INIT;

	assert_true(bytes_equal(a->path, b->path));
	assert_int_equal(entry_encode(a, &left), 0);
	assert_int_equal(entry_encode(b, &right), 0);
	assert_true(buf_same(&left, &right));
	assert_int_equal(a->since, b->since);
}

static void check_find(struct baseline *baseline, struct entry_copy *const *rows, size_t count)
{
	static const char *const missing[] = { "/", "/a", "/etc/ssh/", "/usr/share/file-0020", "/zzz" };
	struct err err = ERR_INIT;
	const struct entry *entry;

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(baseline_find(baseline, rows[i]->entry.path, &entry, &err), 1);
			assert_entry(entry, &rows[i]->entry);
		}
		for (size_t i = 0; i < ARRAY_SIZE(missing); i++)
			assert_int_equal(baseline_find(baseline, bytes_of(missing[i]), &entry, &err), 0);
	}
}

static void check_part(struct baseline *baseline, struct entry_copy *const *rows, size_t count, const char *within,
		       const char *after)
{
	CLEANUP(tree_freep) struct tree *tree = NULL;
	const struct entry *entry;
	struct err err = ERR_INIT;

	must(baseline_rows(baseline, bytes_of(within), bytes_of(after), &tree, &err), &err);
	for (size_t i = 0; i < count; i++) {
		if (!path_covers(bytes_of(within), rows[i]->entry.path) ||
		    (after[0] && path_compare(rows[i]->entry.path, bytes_of(after)) <= 0))
			continue;
		assert_int_equal(tree_next(tree, &entry, &err), 1);
		assert_entry(entry, &rows[i]->entry);
	}
	assert_int_equal(tree_next(tree, &entry, &err), 0);
	assert_int_equal(tree_next(tree, &entry, &err), 0);
}

static void check_parts(struct baseline *baseline, struct entry_copy *const *rows, size_t count)
{
	static const char *const paths[] = { "",           "/",
					     "/etc",       "/etc-x",
					     "/etc/ssh",   "/etc/ssh/key",
					     "/etc/ssh-1", "/etc/ssh.d",
					     "/none",      "/usr/share/file-0030",
					     "/zzz" };

	for (size_t i = 1; i < ARRAY_SIZE(paths); i++)
		for (size_t j = 0; j < ARRAY_SIZE(paths); j++)
			check_part(baseline, rows, count, paths[i], paths[j]);
}

static void test_find_and_parts(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	CLEANUP(baseline_freep) struct baseline *again = NULL;
	struct entry_copy *rows[128];
	struct err err = ERR_INIT;
	size_t count;

	fixture_make(fixture);
	baseline = open_baseline(fixture);
	count = copy_all(baseline, rows);
	check_find(baseline, rows, count);
	check_parts(baseline, rows, count);
	/* by another connection, the name being gone: nothing is opened by it */
	assert_int_equal(unlinkat(fixture->dirfd, fixture_name, 0), 0);
	must(baseline_again(baseline, &again, &err), &err);
	baseline_freep(&baseline);
	assert_int_equal(baseline_newest(again), 2);
	check_find(again, rows, count);
	check_parts(again, rows, count);
	while (count)
		entry_copy_freep(&rows[--count]);
}

static int note_path(void *context, struct bytes path, struct err *err)
{
	(void)err;
	(void)buf_add(context, path.data, path.len);
	(void)buf_add_byte(context, '\n');
	return 0;
}

static int stop_at_once(void *context, struct bytes path, struct err *err)
{
	(void)context;
	(void)path;
	return err_set(err, ERR_INTERRUPTED, "enough");
}

static void test_since(void **state)
{
	/* by generation 2: put passwd, ssh, new; removed file-0020. By 3: new again, passwd removed, late put */
	static const char *const expected[] = { NULL,
						"/etc/passwd\n/etc/ssh\n/usr/share/file-0020\n/usr/share/late\n"
						"/usr/share/new\n",
						"/etc/passwd\n/usr/share/late\n/usr/share/new\n", "" };
	struct fixture *fixture = *state;
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	struct random random = { 9 };
	struct statement statement;
	struct err err = ERR_INIT;

	fixture_make(fixture);
	must(baseline_writer_from(fixture->dirfd, fixture_name, &writer, &err), &err);
	fixture_put(writer, &random, "/usr/share/new", false);
	fixture_put(writer, &random, "/usr/share/late", false);
	must(baseline_writer_remove(writer, bytes_of("/etc/passwd"), &err), &err);
	fixture_commit(fixture, writer, "", "version: 1\nprofiles: {}\n", &statement);
	baseline = open_baseline(fixture);
	for (uint64_t sequence = 1; sequence <= 3; sequence++) {
		CLEANUP(buf_done) struct buf paths = BUF_INIT;

		must(baseline_since(baseline, sequence, note_path, &paths, &err), &err);
		assert_string_equal(buf_str(&paths), expected[sequence]);
	}
	assert_int_equal(baseline_since(baseline, 4, note_path, NULL, &err), ERR_USAGE);
	assert_int_equal(baseline_since(baseline, 1, stop_at_once, NULL, &err), ERR_INTERRUPTED);
}

static int note_row(void *context, const struct entry *entry, struct err *err)
{
	assert_true(entry->links > 1);
	return note_path(context, entry->path, err);
}

static void test_linked(void **state)
{
	static const struct {
		const char *path;
		enum file_type type;
		uint64_t links;
	} rows[] = {
		{ "/a", TYPE_DIR, 7 }, { "/a/one", TYPE_FILE, 1 }, { "/a/two", TYPE_FILE, 2 }, { "/b", TYPE_SYMLINK, 3 }
	};
	struct fixture *fixture = *state;
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	CLEANUP(buf_done) struct buf paths = BUF_INIT;
	struct statement statement;
	struct err err = ERR_INIT;

	must(baseline_writer_new(fixture->dirfd, fixture_name, &writer, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct entry entry = { .path = bytes_of(rows[i].path),
				       .value = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_LINKS),
				       .type = rows[i].type,
				       .links = rows[i].links };

		must(baseline_writer_add(writer, &entry, &err), &err);
	}
	fixture_commit(fixture, writer, "", "version: 1\nprofiles: {}\n", &statement);
	baseline = open_baseline(fixture);
	must(baseline_linked(baseline, note_row, &paths, &err), &err);
	assert_string_equal(buf_str(&paths), "/a/two\n/b\n");
}

/* A first generation whose tree changes while it is made: the root is that of the rows at the commit. */
static void test_first_changed(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	struct entry_copy *rows[128];
	struct random random = { 4 };
	struct fixture_entry late;
	struct statement statement;
	struct err err = ERR_INIT;
	const struct entry *entry;
	size_t count;

	must(baseline_writer_new(fixture->dirfd, fixture_name, &writer, &err), &err);
	fixture_add_all(writer, &random);
	fixture_put(writer, &random, "/etc/passwd", false);
	fixture_put(writer, &random, "/usr/share/new", false);
	must(baseline_writer_remove(writer, bytes_of("/etc/ssh-1"), &err), &err);
	assert_int_equal(baseline_writer_remove(writer, bytes_of("/etc/ssh-1"), &err), ERR_NOINPUT);
	must(baseline_writer_remove_below(writer, bytes_of("/etc/ssh"), &err), &err);
	must(baseline_writer_remove_below(writer, bytes_of("/none"), &err), &err);
	fixture_at(&random, "/zzz", false, &late);
	assert_int_equal(baseline_writer_add(writer, &late.entry, &err), ERR_INTERNAL);
	fixture_commit(fixture, writer, "", "version: 1\nprofiles: {}\n", &statement);
	baseline = open_baseline(fixture);
	count = copy_all(baseline, rows);
	assert_int_equal(count, 60 - 2 + 1);
	assert_int_equal(statement.entries, count);
	assert_int_equal(baseline_find(baseline, bytes_of("/etc/ssh/key"), &entry, &err), 0);
	assert_int_equal(baseline_find(baseline, bytes_of("/etc/ssh"), &entry, &err), 1);
	assert_int_equal(baseline_find(baseline, bytes_of("/etc/ssh.d/a"), &entry, &err), 1);
	assert_int_equal(baseline_find(baseline, bytes_of("/usr/share/new"), &entry, &err), 1);
	assert_int_equal(entry->since, 1);
	while (count)
		entry_copy_freep(&rows[--count]);
}

struct reader {
	const struct baseline *baseline;
	struct entry_copy *const *rows;
	size_t count;
};

static void *read_again(void *context)
{
	const struct reader *reader = context;
	struct baseline *again = NULL;
	struct err err = ERR_INIT;

	for (int i = 0; i < 20; i++) {
		const struct entry *entry;

		if (baseline_again(reader->baseline, &again, &err) < 0)
			return (void *)1;
		for (size_t j = 0; j < reader->count; j++)
			if (baseline_find(again, reader->rows[j]->entry.path, &entry, &err) != 1)
				return (void *)1;
		baseline_freep(&again);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	struct entry_copy *rows[128];
	pthread_t threads[4];
	struct reader reader;
	size_t count;

	fixture_make(fixture);
	baseline = open_baseline(fixture);
	count = copy_all(baseline, rows);
	reader = (struct reader){ baseline, rows, count };
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_again, &reader), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		void *failed;

		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	while (count)
		entry_copy_freep(&rows[--count]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_find_and_parts, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_since, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_linked, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_first_changed, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_threads, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
