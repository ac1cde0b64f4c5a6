/*
 * test_store_drift_damage.c - drift.db killed, cut, flipped and replaced: what is read afterwards is what was committed, or
 * nothing and said.
 */
#include "store_fixture.h"

#include "store/drift.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static const char db_name[] = "drift.db", journal_name[] = "drift.db-journal";

static struct drift *open_any(const struct fixture *fixture, bool *ret_rebuilt, struct err *ret_why)
{
	struct drift *drift = NULL;
	struct err err = ERR_INIT;

	must(drift_open(fixture->dirfd, &drift, ret_rebuilt, ret_why, &err), &err);
	return drift;
}

static struct entry entry_of(const char *path, uint64_t size)
{
	return (struct entry){ .path = bytes_of(path),
			       .value = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_SIZE),
			       .type = TYPE_FILE,
			       .size = size };
}

/* In round N every path holds the size N, and the note says N: whole rounds only may ever be seen. */
enum { PATHS = 300, KILLS = 50 };

static int write_round(struct drift *drift, uint64_t round, struct err *err)
{
	char path[64], text[32];

	for (int i = 0; i < PATHS; i++) {
		struct entry entry;
		int r;

		(void)snprintf(path, sizeof(path), "/d/%d/a-name-of-some-length", i);
		entry = entry_of(path, round);
		r = drift_put(drift, &entry, err);
		if (r < 0)
			return r;
	}
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)round);
	if (drift_note_put(drift, "round", text, err) < 0 || drift_mark(drift, bytes_of(""), (int64_t)round, err) < 0)
		return err->code;
	return drift_commit(drift, err);
}

/* What is held: the round, 0 for nothing. */
static uint64_t read_round(struct drift *drift)
{
	CLEANUP(drift_walk_freep) struct drift_walk *walk = NULL;
	CLEANUP(freep) char *text = NULL;
	struct drift_row row;
	struct err err = ERR_INIT;
	uint64_t round = 0, count = 0;
	int64_t oldest;
	int r;

	must(drift_note_get(drift, "round", &text, &err), &err);
	round = text ? strtoull(text, NULL, 10) : 0;
	must(drift_walk_new(drift, bytes_of("/"), bytes_of(""), &walk, &err), &err);
	while ((r = drift_walk_next(walk, &row, &err)) > 0) {
		assert_non_null(row.present);
		assert_int_equal(row.present->size, round);
		count++;
	}
	must(r, &err);
	assert_int_equal(count, round ? PATHS : 0);
	must(drift_count(drift, &count, &err), &err);
	assert_int_equal(count, round ? PATHS : 0);
	must(drift_oldest(drift, &oldest, &err), &err);
	assert_int_equal(oldest, (int64_t)round);
	return round;
}

static void write_for_ever(const struct fixture *fixture, int pipe_fd)
{
	struct drift *drift = NULL;
	struct err why, err = ERR_INIT;
	bool rebuilt;

	if (drift_open(fixture->dirfd, &drift, &rebuilt, &why, &err) < 0 || rebuilt)
		_exit(1);
	for (uint64_t round = read_round(drift) + 1;; round++) {
		if (write_round(drift, round, &err) < 0 || write(pipe_fd, &round, sizeof(round)) < 0)
			_exit(1);
	}
}

/* Each time somewhere else within a round, by letting a growing while pass after a commit. */
static void test_killed(void **state)
{
	struct fixture *fixture = *state;
	uint64_t last = 0;

	for (int i = 0; i < KILLS; i++) {
		struct timespec nap = { .tv_nsec = i * 97 * 1000 };
		int fds[2], status;
		uint64_t committed = last;
		struct drift *drift;
		struct err why = ERR_INIT;
		bool rebuilt;
		pid_t pid;

		assert_int_equal(pipe(fds), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			write_for_ever(fixture, fds[1]);
		(void)close(fds[1]);
		assert_int_equal(read(fds[0], &committed, sizeof(committed)), sizeof(committed));
		(void)nanosleep(&nap, NULL);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		while (read(fds[0], &committed, sizeof(committed)) == (ssize_t)sizeof(committed))
			;
		(void)close(fds[0]);
		drift = open_any(fixture, &rebuilt, &why);
		if (rebuilt)
			fail_msg("rebuilt: %s", why.message);
		last = read_round(drift);
		/* committed, and maybe not told any more */
		assert_true(last == committed || last == committed + 1);
		drift_freep(&drift);
	}
}

static off_t size_of(const struct fixture *fixture, const char *name)
{
	struct stat status;

	assert_int_equal(fstatat(fixture->dirfd, name, &status, AT_SYMLINK_NOFOLLOW), 0);
	return status.st_size;
}

static void make(const struct fixture *fixture, uint64_t round)
{
	struct err why, err = ERR_INIT;
	struct drift *drift;
	bool rebuilt;

	(void)fixture_files(fixture, true);
	drift = open_any(fixture, &rebuilt, &why);
	must(write_round(drift, round, &err), &err);
	drift_freep(&drift);
}

/* Opens whatever is there; what it holds must be the round or nothing, and then it must work. */
static void assert_survives(const struct fixture *fixture, uint64_t round, bool must_rebuild, const char *what)
{
	struct err why = ERR_INIT, err = ERR_INIT;
	struct drift *drift;
	bool rebuilt;
	uint64_t held;

	drift = open_any(fixture, &rebuilt, &why);
	if (must_rebuild && !rebuilt)
		fail_msg("%s: not rebuilt", what);
	if (rebuilt)
		assert_true(why.code == ERR_DATA && strlen(why.message) > 0);
	held = read_round(drift);
	if (held != (rebuilt ? 0 : round))
		fail_msg("%s: round %llu is held", what, (unsigned long long)held);
	must(write_round(drift, 77, &err), &err);
	drift_freep(&drift);
	drift = open_any(fixture, &rebuilt, &why);
	assert_false(rebuilt);
	assert_int_equal(read_round(drift), 77);
	drift_freep(&drift);
}

static void overwrite(const struct fixture *fixture, const char *name, off_t at, const void *data, size_t len)
{
	int fd = openat(fixture->dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, at), (ssize_t)len);
	(void)close(fd);
}

static int truncate_at(const struct fixture *fixture, const char *name, off_t size)
{
	int fd = openat(fixture->dirfd, name, O_WRONLY | O_CLOEXEC);
	int r = ftruncate(fd, size);

	(void)close(fd);
	return r;
}

static void test_flipped(void **state)
{
	struct fixture *fixture = *state;
	struct random random = { 3 };
	off_t size;
	char what[64];

	make(fixture, 5);
	size = size_of(fixture, db_name);
	/* all of the header, then here and there */
	for (int i = 0; i < 300; i++) {
		off_t at = i < 100 ? i : (off_t)(random_next(&random) % (uint64_t)size);
		unsigned char byte;
		int fd;

		make(fixture, 5);
		fd = openat(fixture->dirfd, db_name, O_RDONLY | O_CLOEXEC);
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		(void)close(fd);
		byte ^= (unsigned char)(1u << (i % 8));
		overwrite(fixture, db_name, at, &byte, 1);
		(void)snprintf(what, sizeof(what), "byte %lld", (long long)at);
		assert_survives(fixture, 5, false, what);
	}
}

static void test_cut(void **state)
{
	struct fixture *fixture = *state;
	struct random random = { 5 };
	char what[64];

	for (int i = 0; i < 60; i++) {
		off_t at;

		make(fixture, 5);
		at = i < 2 ? i : (off_t)(random_next(&random) % (uint64_t)size_of(fixture, db_name));
		assert_int_equal(truncate_at(fixture, db_name, at), 0);
		(void)snprintf(what, sizeof(what), "cut at %lld", (long long)at);
		assert_survives(fixture, 5, true, what);
	}
}

static void test_garbage(void **state)
{
	static unsigned char noise[70000];
	struct fixture *fixture = *state;
	struct random random = { 8 };

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (unsigned char)random_next(&random);
	make(fixture, 5);
	overwrite(fixture, db_name, 0, noise, sizeof(noise));
	assert_survives(fixture, 5, true, "noise");
	make(fixture, 5);
	overwrite(fixture, db_name, 16384, noise, 16384);
	assert_survives(fixture, 5, true, "a page of noise");
	make(fixture, 5);
	overwrite(fixture, db_name, size_of(fixture, db_name), noise, sizeof(noise));
	assert_survives(fixture, 5, false, "noise at the end");
	/* a journal that is none is not rolled back */
	make(fixture, 5);
	overwrite(fixture, journal_name, 0, noise, sizeof(noise));
	assert_survives(fixture, 5, false, "a journal of noise");
	for (int i = 0; i < 20; i++) {
		make(fixture, 5);
		overwrite(fixture, journal_name, 8 + i * 31, noise + i, 64);
		overwrite(fixture, journal_name, 0, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
		assert_survives(fixture, 5, false, "a journal with a good head");
	}
}

static void test_foreign(void **state)
{
	struct fixture *fixture = *state;
	char path[256];
	sqlite3 *db = NULL;
	static const char *const changes[] = {
		"CREATE TABLE other(x)",
		"PRAGMA user_version=2",
		"PRAGMA application_id=1",
		"DROP TABLE item",
		"UPDATE item SET value=x'00' WHERE kind=1",
		"UPDATE item SET kind=4 WHERE kind=3",
		"UPDATE item SET key=cast('/d' as text) WHERE key=(SELECT max(key) FROM item WHERE kind=1)",
		"UPDATE item SET key=x'2f' WHERE key=(SELECT max(key) FROM item WHERE kind=1)",
		"PRAGMA journal_mode=WAL",
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		make(fixture, 5);
		(void)snprintf(path, sizeof(path), "%s/%s", fixture->path, db_name);
		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, changes[i], NULL, NULL, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_close(db), SQLITE_OK);
		/* SQLite's own way may have removed the journal with it */
		if (faccessat(fixture->dirfd, journal_name, F_OK, 0) < 0)
			overwrite(fixture, journal_name, 0, "", 0);
		assert_survives(fixture, 5, true, changes[i]);
	}
}

/* Something else in the place of either file. */
static void test_replaced(void **state)
{
	static const char *const names[] = { "drift.db", "drift.db-journal" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct err why, err = ERR_INIT;
		struct drift *drift;
		bool rebuilt;

		make(fixture, 5);
		overwrite(fixture, "victim", 0, "precious", 8);
		assert_int_equal(unlinkat(fixture->dirfd, names[i], 0), 0);
		assert_survives(fixture, 5, true, "missing");
		assert_int_equal(unlinkat(fixture->dirfd, names[i], 0), 0);
		assert_int_equal(symlinkat("victim", fixture->dirfd, names[i]), 0);
		assert_survives(fixture, 5, true, "a link");
		assert_int_equal(unlinkat(fixture->dirfd, names[i], 0), 0);
		assert_int_equal(linkat(fixture->dirfd, "victim", fixture->dirfd, names[i], 0), 0);
		assert_survives(fixture, 5, true, "another name");
		assert_int_equal(size_of(fixture, "victim"), 8);
		assert_int_equal(unlinkat(fixture->dirfd, names[i], 0), 0);
		assert_int_equal(mkfifoat(fixture->dirfd, names[i], 0600), 0);
		assert_survives(fixture, 5, true, "a pipe");
		assert_int_equal(unlinkat(fixture->dirfd, names[i], 0), 0);
		assert_int_equal(mkdirat(fixture->dirfd, names[i], 0700), 0);
		assert_survives(fixture, 5, true, "an empty directory");
		assert_int_equal(unlinkat(fixture->dirfd, names[i], 0), 0);
		assert_int_equal(mkdirat(fixture->dirfd, names[i], 0700), 0);
		{
			char inner[64];

			(void)snprintf(inner, sizeof(inner), "%s/x", names[i]);
			overwrite(fixture, inner, 0, "x", 1);
			assert_int_equal(drift_open(fixture->dirfd, &drift, &rebuilt, &why, &err), ERR_CANTCREATE);
			assert_int_equal(unlinkat(fixture->dirfd, inner, 0), 0);
		}
		assert_survives(fixture, 5, true, "a directory");
	}
}

/* Behind the back of an open one: an error or old data, then a reset makes it whole. */
static void test_changed_while_open(void **state)
{
	static unsigned char noise[16384];
	struct fixture *fixture = *state;
	struct random random = { 8 };

	memset(noise, 0xa5, sizeof(noise));
	for (int i = 0; i < 8; i++) {
		struct err why, err = ERR_INIT;
		struct drift *drift;
		struct entry entry = entry_of("/d/1/x", 1);
		bool rebuilt;
		int r = 0;

		make(fixture, 5);
		drift = open_any(fixture, &rebuilt, &why);
		if (i % 2)
			assert_int_equal(truncate_at(fixture, db_name, i * 5000), 0);
		else
			overwrite(fixture, db_name, (off_t)i * 8192, noise, sizeof(noise));
		for (int j = 0; j < 200 && r >= 0; j++) {
			struct entry_copy *present = NULL;
			char path[64];

			(void)snprintf(path, sizeof(path), "/d/%d/a-name-of-some-length",
				       (int)(random_next(&random) % PATHS));
			r = drift_get(drift, bytes_of(path), &present, &err);
			entry_copy_freep(&present);
			if (r >= 0)
				r = drift_put(drift, &entry, &err);
			if (r >= 0)
				r = drift_commit(drift, &err);
		}
		if (r < 0)
			assert_int_equal(r, ERR_DATA);
		must(drift_reset(drift, &err), &err);
		assert_int_equal(read_round(drift), 0);
		must(write_round(drift, 9, &err), &err);
		assert_int_equal(read_round(drift), 9);
		drift_freep(&drift);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_killed, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_flipped, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_cut, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_garbage, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_foreign, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_replaced, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_changed_while_open, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
