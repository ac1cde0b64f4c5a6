/* test_store_drift.c - drift.db: what is held, walked, noted and marked, by one thread and by several. */
#include "store_fixture.h"

#include "store/drift.h"

#include <pthread.h>

static struct drift *open_drift(const struct fixture *fixture, bool expect_rebuilt)
{
	struct drift *drift = NULL;
	struct err why = ERR_INIT, err = ERR_INIT;
	bool rebuilt;

	must(drift_open(fixture->dirfd, &drift, &rebuilt, &why, &err), &err);
	if (rebuilt != expect_rebuilt)
		fail_msg("rebuilt: %d, %s", rebuilt, why.message);
	return drift;
}

static struct entry small_entry(const char *path, uint64_t size)
{
	return (struct entry){ .path = bytes_of(path),
			       .value = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_SIZE),
			       .type = TYPE_FILE,
			       .size = size };
}

static void put_small(struct drift *drift, const char *path, uint64_t size)
{
	struct entry entry = small_entry(path, size);
	struct err err = ERR_INIT;

	must(drift_put(drift, &entry, &err), &err);
}

static void put_absent(struct drift *drift, const char *path)
{
	struct err err = ERR_INIT;

	must(drift_put_absent(drift, bytes_of(path), &err), &err);
}

static void commit(struct drift *drift)
{
	struct err err = ERR_INIT;

	must(drift_commit(drift, &err), &err);
}

static void assert_held(struct drift *drift, const char *path, int expected, uint64_t size)
{
	CLEANUP(entry_copy_freep) struct entry_copy *present = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(drift_get(drift, bytes_of(path), &present, &err), expected);
	assert_int_equal(present != NULL, expected == DRIFT_PRESENT);
	if (present)
		assert_int_equal(present->entry.size, size);
}

static void assert_count(struct drift *drift, uint64_t expected)
{
	struct err err = ERR_INIT;
	uint64_t count;

	must(drift_count(drift, &count, &err), &err);
	assert_int_equal(count, expected);
}

static void test_put_get_remove(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture, false);
	struct entry bad = small_entry("/a//b", 1);
	struct err err = ERR_INIT;

	commit(drift);
	put_small(drift, "/a", 1);
	put_absent(drift, "/b");
	put_small(drift, "/a", 2);
	assert_count(drift, 2);
	assert_held(drift, "/a", DRIFT_PRESENT, 2);
	assert_held(drift, "/b", DRIFT_ABSENT, 0);
	assert_held(drift, "/c", DRIFT_NOTHING, 0);
	commit(drift);
	put_small(drift, "/b", 3);
	must(drift_remove(drift, bytes_of("/a"), &err), &err);
	must(drift_remove(drift, bytes_of("/none"), &err), &err);
	assert_count(drift, 1);
	commit(drift);
	assert_int_equal(drift_put(drift, &bad, &err), ERR_USAGE);
	put_small(drift, "/lost", 4);
	drift_freep(&drift);
	drift = open_drift(fixture, false);
	assert_count(drift, 1);
	assert_held(drift, "/b", DRIFT_PRESENT, 3);
	assert_held(drift, "/lost", DRIFT_NOTHING, 0);
	must(drift_reset(drift, &err), &err);
	assert_count(drift, 0);
	assert_held(drift, "/b", DRIFT_NOTHING, 0);
	put_small(drift, "/d", 5);
	commit(drift);
	assert_held(drift, "/d", DRIFT_PRESENT, 5);
}

/* Every kind of entry comes back as it went in. */
static void test_entries_whole(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture, false);
	struct random random = { 11 };
	struct err err = ERR_INIT;

	for (int i = 0; i < 200; i++) {
		CLEANUP(entry_copy_freep) struct entry_copy *present = NULL;
		CLEANUP(buf_done) struct buf put = BUF_INIT;
		CLEANUP(buf_done) struct buf got = BUF_INIT;
		struct fixture_entry made;

		fixture_at(&random, "/x", i % 2, &made);
		must(drift_put(drift, &made.entry, &err), &err);
		assert_int_equal(drift_get(drift, bytes_of("/x"), &present, &err), DRIFT_PRESENT);
		assert_int_equal(entry_encode(&made.entry, &put), 0);
		assert_int_equal(entry_encode(&present->entry, &got), 0);
		assert_true(buf_same(&put, &got));
		assert_true(bytes_equal(present->entry.path, bytes_of("/x")));
	}
}

static void test_owner_and_mode(void **state)
{
	static const char *const names[] = { "drift.db", "drift.db-journal" };
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture, false);
	struct err err = ERR_INIT;
	struct stat status;

	if (geteuid() == 0)
		must(drift_chown(drift, 65534, 65533, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(fstatat(fixture->dirfd, names[i], &status, 0), 0);
		assert_int_equal(status.st_mode & 07777, 0640);
		if (geteuid() == 0)
			assert_int_equal(status.st_uid, 65534);
	}
}

static void test_one_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture, false);
	struct drift *second = NULL;
	struct err why, err = ERR_INIT;
	bool rebuilt;

	assert_non_null(drift);
	assert_int_equal(drift_open(fixture->dirfd, &second, &rebuilt, &why, &err), ERR_LOCKED);
}

/* --- walks --- */

static void assert_walk(struct drift *drift, const char *within, const char *after, const char *expected)
{
	CLEANUP(drift_walk_freep) struct drift_walk *walk = NULL;
	CLEANUP(buf_done) struct buf paths = BUF_INIT;
	struct drift_row row;
	struct err err = ERR_INIT;
	int r;

	must(drift_walk_new(drift, bytes_of(within), bytes_of(after), &walk, &err), &err);
	while ((r = drift_walk_next(walk, &row, &err)) > 0) {
		(void)buf_add(&paths, row.path.data, row.path.len);
		(void)buf_add_str(&paths, row.present ? "+ " : "- ");
		assert_true(!row.present || bytes_equal(row.present->path, row.path));
	}
	must(r, &err);
	assert_int_equal(drift_walk_next(walk, &row, &err), 0);
	assert_string_equal(buf_str(&paths), expected);
}

static void test_walk(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture, false);

	put_small(drift, "/", 1);
	put_small(drift, "/a", 1);
	put_absent(drift, "/a-b");
	put_small(drift, "/a/b", 1);
	put_small(drift, "/a/b/c", 1);
	put_absent(drift, "/a0");
	put_small(drift, "/z\377", 1);
	assert_walk(drift, "/", "", "/+ /a+ /a-b- /a/b+ /a/b/c+ /a0- /z\377+ ");
	assert_walk(drift, "/", "/", "/a+ /a-b- /a/b+ /a/b/c+ /a0- /z\377+ ");
	assert_walk(drift, "/a", "", "/a+ /a/b+ /a/b/c+ ");
	assert_walk(drift, "/a", "/a-b", "/a/b+ /a/b/c+ ");
	assert_walk(drift, "/a", "/a/b", "/a/b/c+ ");
	assert_walk(drift, "/a", "/b", "");
	assert_walk(drift, "/a", "/", "/a+ /a/b+ /a/b/c+ ");
	assert_walk(drift, "/b", "", "");
}

/* Many chunks, entries larger than one, and changes between the calls. */
static void test_long_walk(void **state)
{
	enum { COUNT = 500 };
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture, false);
	CLEANUP(drift_walk_freep) struct drift_walk *walk = NULL;
	CLEANUP(freep) unsigned char *big = calloc(1, 2 << 20);
	struct entry large = small_entry("/d/00100", 1);
	struct drift_row row;
	struct err err = ERR_INIT;
	char path[32];

	for (int i = 0; i < COUNT; i++) {
		(void)snprintf(path, sizeof(path), "/d/%05d", i);
		put_small(drift, path, (uint64_t)i);
	}
	large.target = (struct bytes){ big, 2 << 20 };
	large.type = TYPE_SYMLINK;
	large.value |= ATTR_BIT(ATTR_TARGET);
	must(drift_put(drift, &large, &err), &err);
	must(drift_walk_new(drift, bytes_of("/"), bytes_of(""), &walk, &err), &err);
	for (int i = 0; i < COUNT; i++) {
		assert_int_equal(drift_walk_next(walk, &row, &err), 1);
		(void)snprintf(path, sizeof(path), "/d/%05d", i);
		assert_true(bytes_equal(row.path, bytes_of(path)));
		assert_non_null(row.present);
		must(drift_remove(drift, bytes_of(path), &err), &err);
		if (i % 100 == 7)
			commit(drift);
	}
	assert_int_equal(drift_walk_next(walk, &row, &err), 0);
	assert_count(drift, 0);
}

/* --- notes and marks --- */

static void test_notes(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture, false);
	CLEANUP(freep) char *text = NULL;
	struct err err = ERR_INIT;

	must(drift_note_get(drift, "generation", &text, &err), &err);
	assert_null(text);
	must(drift_note_put(drift, "generation", "7", &err), &err);
	must(drift_note_put(drift, "generation", "8", &err), &err);
	must(drift_note_put(drift, "empty", "", &err), &err);
	commit(drift);
	assert_count(drift, 0);
	drift_freep(&drift);
	drift = open_drift(fixture, false);
	must(drift_note_get(drift, "generation", &text, &err), &err);
	assert_string_equal(text, "8");
	free(text);
	must(drift_note_get(drift, "empty", &text, &err), &err);
	assert_string_equal(text, "");
}

static void test_marks(void **state)
{
	static const struct {
		const char *path; /* NULL: the program is started again */
		int64_t time;
		const char *last;
		int64_t oldest;
	} rows[] = {
		/* the first round */
		{ "/c", 10, "/c", 0 },
		{ "/f", 11, "/f", 0 },
		{ NULL, 0, "/f", 0 },
		{ "/k", 12, "/k", 0 },
		{ "", 13, "", 10 },
		/* the second: what was read first is older until it is passed */
		{ "/b", 20, "/b", 10 },
		{ "/e", 21, "/e", 11 },
		{ NULL, 0, "/e", 11 },
		{ "/f", 22, "/f", 12 },
		{ "/g", 23, "/g", 12 },
		{ "/x", 24, "/x", 13 },
		{ "", 25, "", 20 },
		/* a round in one piece, twice */
		{ "", 30, "", 30 },
		{ "", 31, "", 31 },
		/* a clock that was set back */
		{ "/m", 5, "/m", 5 },
		{ NULL, 0, "/m", 5 },
		{ "", 6, "", 5 },
		{ "", 40, "", 40 },
		{ NULL, 0, "", 40 },
	};
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture, false);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_done) struct buf last = BUF_INIT;
		int64_t oldest;

		if (rows[i].path) {
			must(drift_mark(drift, bytes_of(rows[i].path), rows[i].time, &err), &err);
		} else {
			commit(drift);
			drift_freep(&drift);
			drift = open_drift(fixture, false);
		}
		must(drift_mark_last(drift, &last, &err), &err);
		if (strcmp(buf_str(&last), rows[i].last) != 0)
			fail_msg("row %zu: '%s'", i, buf_str(&last));
		must(drift_oldest(drift, &oldest, &err), &err);
		if (oldest != rows[i].oldest)
			fail_msg("row %zu: %lld", i, (long long)oldest);
	}
}

static void test_marks_behind(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture, false);
	struct err err = ERR_INIT;

	must(drift_mark(drift, bytes_of("/m"), 1, &err), &err);
	assert_int_equal(drift_mark(drift, bytes_of("/m"), 2, &err), ERR_USAGE);
	assert_int_equal(drift_mark(drift, bytes_of("/b"), 2, &err), ERR_USAGE);
	must(drift_mark(drift, bytes_of("/m/n"), 2, &err), &err);
}

/* --- threads --- */

enum { THREADS = 4, OWN = 300 };
struct worker {
	struct drift *drift;
	int number;
	bool failed;
};

static void *work(void *context)
{
	struct worker *worker = context;
	struct err err = ERR_INIT;
	char path[32];

	for (int i = 0; i < OWN && !worker->failed; i++) {
		CLEANUP(drift_walk_freep) struct drift_walk *walk = NULL;
		struct entry_copy *present = NULL;
		struct drift_row row;
		struct entry entry;

		(void)snprintf(path, sizeof(path), "/%d/%d", worker->number, i);
		entry = small_entry(path, (uint64_t)i);
		worker->failed = drift_put(worker->drift, &entry, &err) < 0 ||
				 drift_get(worker->drift, entry.path, &present, &err) != DRIFT_PRESENT ||
				 (i % 10 == 0 && drift_commit(worker->drift, &err) < 0) ||
				 (i % 2 && drift_remove(worker->drift, entry.path, &err) < 0);
		entry_copy_freep(&present);
		if (i % 50 || drift_walk_new(worker->drift, bytes_of("/"), bytes_of(""), &walk, &err) < 0)
			continue;
		while (drift_walk_next(walk, &row, &err) > 0)
			;
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture, false);
	struct worker workers[THREADS];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ drift, i, false };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_false(workers[i].failed);
	}
	assert_count(drift, THREADS * OWN / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_put_get_remove, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_entries_whole, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_owner_and_mode, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_one_at_a_time, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_walk, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_long_walk, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_notes, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_marks, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_marks_behind, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_threads, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
