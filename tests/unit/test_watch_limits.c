/*
 * Fewer watches than directories. The limit is that of a user namespace of our own, so nobody else is held by it.
 */
#include <sched.h>

#include "watch_believer.h"

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail_msg("cannot write '%s': %s", path, strerror(errno));
	(void)close(fd);
}

static void set_limit(unsigned limit)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", limit);
	write_text("/proc/sys/user/max_inotify_watches", text);
}

static int lift_limit(void **state)
{
	set_limit(100000);
	return teardown(state);
}

static struct watch_coverage coverage_of(const struct fixture *fixture)
{
	struct watch_coverage coverage;

	watch_coverage(fixture->watch, &coverage);
	return coverage;
}

static bool is_polled(const struct fixture *fixture, const char *name)
{
	return (nodes_at(&fixture->watch->nodes, node_at(fixture, name))->flags & NODE_POLLED) != 0;
}

static const char rules[] =
	"version: 1\nrules:\n  - path: @\n    severity: low\n  - path: @/high\n    severity: high\n";

static void make_tree(struct fixture *fixture)
{
	char name[32];

	set_policy(fixture, rules);
	/* the low ones are found first or last, as the file system likes */
	for (int i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof(name), "low%d", i);
		dir(fixture, name);
	}
	dir(fixture, "high");
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "high/%d", i);
		dir(fixture, name);
	}
}

static void severe_first(void **state)
{
	struct fixture *fixture = *state;
	struct watch_coverage coverage;
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	size_t cursor = 0, polled = 0;

	make_tree(fixture);
	set_limit(40);
	start(fixture);
	coverage = coverage_of(fixture);
	assert_int_equal(coverage.limit, 40);
	assert_true(coverage.polled > 0);
	assert_int_equal(coverage.polled_severe, 0);
	assert_int_equal(coverage.failed, 0);
	assert_int_equal(coverage.directories,
			 coverage.watched[WATCH_ROOT] + coverage.watched[WATCH_OTHERS] + coverage.polled);
	assert_false(is_polled(fixture, "high/19"));
	while (watch_polled(fixture->watch, &cursor, &path, &err) > 0)
		polled++;
	assert_int_equal(polled, coverage.polled);
	buf_done(&path);
	/* a severe one that comes later finds a place as well */
	dir(fixture, "high/late");
	settle(fixture);
	assert_false(is_polled(fixture, "high/late"));
	assert_int_equal(coverage_of(fixture).polled_severe, 0);
}

static void hardly_any(void **state)
{
	struct fixture *fixture = *state;

	make_tree(fixture);
	set_limit(10);
	start(fixture);
	assert_true(coverage_of(fixture).polled_severe > 0);
	assert_int_equal(coverage_of(fixture).failed, 0);
	settle(fixture);
}

/* Room appears: who was polled is watched and looked at. What came and went in them is found. */
static void room(void **state)
{
	struct fixture *fixture = *state;
	struct err err = ERR_INIT;
	uint64_t due, changes;

	make_tree(fixture);
	set_limit(12);
	start(fixture);
	assert_true(is_polled(fixture, "low0") || is_polled(fixture, "low1"));
	changes = coverage_of(fixture).changes;
	dir(fixture, "low0/new");
	assert_int_equal(rmdir(in(fixture, "low1")), 0);
	settle(fixture);
	for (int round = 0; round < 2; round++) {
		if (round == 1)
			set_limit(1000);
		due = watch_due_ns(fixture->watch);
		assert_true(due != UINT64_MAX);
		do
			assert_int_equal(watch_tick(fixture->watch, due, &err), 0);
		while (watch_due_ns(fixture->watch) <= due);
		assert_int_not_equal(node_at(fixture, "low0/new"), NODE_NONE);
		assert_int_equal(node_at(fixture, "low1"), NODE_NONE);
	}
	assert_int_equal(coverage_of(fixture).polled, 0);
	assert_true(coverage_of(fixture).changes > changes);
	assert_told(fixture, TOLD_LOOK, "low39");
	settle(fixture);
	settle(fixture);
	check_watches(fixture, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(severe_first, setup, lift_limit),
		cmocka_unit_test_setup_teardown(hardly_any, setup, lift_limit),
		cmocka_unit_test_setup_teardown(room, setup, lift_limit),
	};
	char map[64];

	(void)snprintf(map, sizeof(map), "0 %u 1", (unsigned)geteuid());
	if (unshare(CLONE_NEWUSER) < 0 || access("/proc/sys/user/max_inotify_watches", F_OK) < 0) {
		(void)fprintf(stderr, "SKIP: no user namespaces, or no limit of their own\n");
		return 77;
	}
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/uid_map", map);
	if (access("/dev/shm", W_OK | X_OK) == 0)
		fixture_base = "/dev/shm";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
