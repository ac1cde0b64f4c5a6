/* Who can make events in which queue. Needs root: it acts as another user. */
#include "watch_believer.h"

enum { SOMEBODY = 65534 };

/* FN as somebody else, without any capability. */
static void as_somebody(struct fixture *fixture, void (*fn)(const struct fixture *fixture))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (setgid(SOMEBODY) < 0 || setuid(SOMEBODY) < 0)
			_exit(1);
		fn(fixture);
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		(void)turn(fixture);
	assert_int_equal(status, 0);
}

static enum foreign foreign_at(const struct fixture *fixture, const char *name)
{
	uint32_t id = node_at(fixture, name);

	assert_int_not_equal(id, NODE_NONE);
	return (enum foreign)nodes_at(&fixture->watch->nodes, id)->foreign;
}

static void make_tree(const struct fixture *fixture)
{
	static const char *const dirs[] = {
		"clean", "links", "homes", "homes/own", "shared", "logs", "temp", "temp/all"
	};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		dir(fixture, dirs[i]);
	put(fixture, "clean/file", "");
	put(fixture, "links/file", "");
	assert_int_equal(symlink("x", in(fixture, "links/1")), 0);
	assert_int_equal(symlink("x", in(fixture, "links/2")), 0);
	assert_int_equal(chown(in(fixture, "homes/own"), SOMEBODY, SOMEBODY), 0);
	assert_int_equal(chmod(in(fixture, "shared"), 0775), 0);
	assert_int_equal(chmod(in(fixture, "temp/all"), 01777), 0);
	put(fixture, "logs/1", "");
	put(fixture, "logs/2", "");
	assert_int_equal(chown(in(fixture, "logs/1"), SOMEBODY, SOMEBODY), 0);
}

static void classes(void **state)
{
	struct fixture *fixture = *state;
	struct watch_coverage coverage;

	make_tree(fixture);
	start(fixture);
	assert_int_equal(foreign_at(fixture, "clean"), FOREIGN_NONE);
	assert_int_equal(foreign_at(fixture, "links"), FOREIGN_ATTRIB);
	assert_int_equal(foreign_at(fixture, "homes"), FOREIGN_TIMES);
	assert_int_equal(foreign_at(fixture, "homes/own"), FOREIGN_ALL);
	assert_int_equal(foreign_at(fixture, "shared"), FOREIGN_ALL);
	assert_int_equal(foreign_at(fixture, "logs"), FOREIGN_ALL);
	assert_int_equal(foreign_at(fixture, "temp"), FOREIGN_ATTRIB);
	settle(fixture);
	check_watches(fixture, 0);
	watch_coverage(fixture->watch, &coverage);
	assert_int_equal(coverage.directories, coverage.watched[WATCH_ROOT] + coverage.watched[WATCH_OTHERS]);
}

/* Events are told whichever queue they come through, and once only. */
static void split(void **state)
{
	struct fixture *fixture = *state;

	make_tree(fixture);
	start(fixture);
	put(fixture, "links/file", "x");
	assert_int_equal(chmod(in(fixture, "links/file"), 0600), 0);
	assert_int_equal(chmod(in(fixture, "homes/own"), 0700), 0);
	settle(fixture);
	assert_dirty(fixture, "links/file", IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB);
	assert_dirty(fixture, "homes/own", IN_ATTRIB);
}

/* A directory changes its class when what is in it changes, and loses nothing then. */
static void reclassified(void **state)
{
	struct fixture *fixture = *state;

	dir(fixture, "a");
	dir(fixture, "a/b");
	start(fixture);
	assert_int_equal(foreign_at(fixture, "a"), FOREIGN_NONE);
	assert_int_equal(symlink("x", in(fixture, "a/link")), 0);
	settle(fixture);
	assert_int_equal(foreign_at(fixture, "a"), FOREIGN_ATTRIB);
	assert_int_equal(chown(in(fixture, "a/b"), SOMEBODY, SOMEBODY), 0);
	settle(fixture);
	assert_int_equal(foreign_at(fixture, "a"), FOREIGN_TIMES);
	assert_int_equal(foreign_at(fixture, "a/b"), FOREIGN_ALL);
	put(fixture, "a/file", "");
	assert_int_equal(chown(in(fixture, "a/file"), SOMEBODY, SOMEBODY), 0);
	dir(fixture, "a/late");
	put(fixture, "a/late/file", "");
	settle(fixture);
	assert_int_equal(foreign_at(fixture, "a"), FOREIGN_ALL);
	assert_dirty(fixture, "a/late/file", 0);
	assert_int_not_equal(node_at(fixture, "a/late"), NODE_NONE);
	/* and back, when root takes it back and the directory is read again */
	assert_int_equal(chown(in(fixture, "a/b"), 0, 0), 0);
	settle(fixture);
	assert_int_equal(foreign_at(fixture, "a/b"), FOREIGN_NONE);
	assert_int_equal(chmod(in(fixture, "a/b"), 0777), 0);
	settle(fixture);
	assert_int_equal(foreign_at(fixture, "a/b"), FOREIGN_ALL);
	settle(fixture);
	check_watches(fixture, 0);
}

/* All that an ordinary user can do without a right in the directory itself. */
static void flood(const struct fixture *fixture)
{
	const struct timespec modified[2] = { { 0, UTIME_OMIT }, { 0, UTIME_NOW } };
	int log = open(in(fixture, "logs/1"), O_WRONLY | O_CLOEXEC);

	for (int i = 0; i < 30000; i++) {
		(void)utimensat(AT_FDCWD, in(fixture, i % 2 ? "links/1" : "links/2"), NULL, AT_SYMLINK_NOFOLLOW);
		(void)utimensat(AT_FDCWD, in(fixture, "homes/own"), i % 2 ? NULL : modified, 0);
		(void)utimensat(AT_FDCWD, in(fixture, "temp/all"), NULL, 0);
		(void)!write(log, "x", 1);
		(void)close(open(in(fixture, "homes/own/file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		(void)unlink(in(fixture, "homes/own/file"));
	}
}

static void flooder(void **state)
{
	struct fixture *fixture = *state;
	struct watch_coverage coverage;
	uint64_t root_events = 0;
	struct err err = ERR_INIT;

	make_tree(fixture);
	start(fixture);
	settle(fixture);
	forget(fixture);
	/* nobody reads, so that a queue which others can fill must overflow */
	watch_pause(fixture->watch);
	put(fixture, "clean/before", "");
	put(fixture, "links/before", "");
	put(fixture, "temp/before", "");
	as_somebody(fixture, flood);
	put(fixture, "clean/after", "");
	put(fixture, "links/after", "");
	put(fixture, "homes/after", "");
	put(fixture, "temp/after", "");
	assert_int_equal(watch_resume(fixture->watch, &err), 0);
	settle(fixture);
	watch_coverage(fixture->watch, &coverage);
	assert_int_equal(coverage.overflows[WATCH_ROOT], 0);
	assert_true(coverage.overflows[WATCH_OTHERS] > 0);
	assert_true(count_told(fixture, TOLD_LOST) > 0);
	for (size_t i = 0; i < fixture->count; i++)
		root_events += fixture->told[i].kind == TOLD_LOST && fixture->told[i].number == WATCH_ROOT;
	assert_int_equal(root_events, 0);
	assert_dirty(fixture, "clean/before", IN_CREATE);
	assert_dirty(fixture, "clean/after", IN_CREATE | IN_CLOSE_WRITE);
	assert_dirty(fixture, "links/before", IN_CREATE);
	assert_dirty(fixture, "links/after", IN_CREATE | IN_CLOSE_WRITE);
	assert_dirty(fixture, "homes/after", IN_CREATE | IN_CLOSE_WRITE);
	assert_dirty(fixture, "temp/after", IN_CREATE | IN_CLOSE_WRITE);
	/* what went through the other queue is looked at */
	assert_told(fixture, TOLD_LOOK, "links");
	assert_told(fixture, TOLD_LOOK, "logs");
	assert_told(fixture, TOLD_LOOK, "homes/own");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(classes, setup, teardown),
		cmocka_unit_test_setup_teardown(split, setup, teardown),
		cmocka_unit_test_setup_teardown(reclassified, setup, teardown),
		cmocka_unit_test_setup_teardown(flooder, setup, teardown),
	};

	if (geteuid() != 0) {
		(void)fprintf(stderr, "SKIP: only root can act as another user\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
