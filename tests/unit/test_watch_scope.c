/* Which directories are watched: by the policy, by what is mounted, by how deep they lie. */
#include <sched.h>
#include <sys/mount.h>

#include "watch_believer.h"

static void renew(struct fixture *fixture, const char *policy)
{
	struct policy *old = fixture->policy;
	struct watch_options options;
	struct err err = ERR_INIT;

	fixture->policy = NULL;
	set_policy(fixture, policy);
	options = options_of(fixture);
	if (watch_rule(fixture->watch, &options, &err) < 0)
		fail_msg("rule: %s", err.message);
	policy_freep(&old);
}

static void excluded(void **state)
{
	struct fixture *fixture = *state;

	dir(fixture, "a");
	dir(fixture, "a/b");
	dir(fixture, "c");
	set_policy(fixture, "version: 1\nrules:\n  - path: @\n  - path: @/a\n    exclude: true\n");
	start(fixture);
	assert_int_equal(node_at(fixture, "a"), NODE_NONE);
	assert_int_not_equal(node_at(fixture, "c"), NODE_NONE);
	put(fixture, "a/1", "");
	dir(fixture, "a/d");
	/* moved from where it is watched to where it is not, and back */
	move(fixture, "c", "a/c");
	settle(fixture);
	assert_null(find_told(fixture, TOLD_DIRTY, in(fixture, "a/1")));
	assert_told(fixture, TOLD_GONE, "c");
	assert_int_equal(node_at(fixture, "a/c"), NODE_NONE);
	put(fixture, "a/c/2", "");
	move(fixture, "a/c", "c");
	settle(fixture);
	assert_dirty(fixture, "c/2", 0);
	settle(fixture);
	forget(fixture);
	put(fixture, "c/3", "");
	settle(fixture);
	assert_dirty(fixture, "c/3", IN_CREATE);
}

static void another_policy(void **state)
{
	struct fixture *fixture = *state;

	dir(fixture, "a");
	dir(fixture, "a/b");
	dir(fixture, "c");
	start(fixture);
	renew(fixture, "version: 1\nrules:\n  - path: @/c\n");
	settle(fixture);
	assert_int_equal(node_at(fixture, "a"), NODE_NONE);
	assert_int_not_equal(node_at(fixture, "c"), NODE_NONE);
	assert_int_not_equal(node_at(fixture, ""), NODE_NONE); /* what leads to a root */
	renew(fixture, "version: 1\nrules:\n  - path: @\n");
	settle(fixture);
	/* nobody watches it under its name any more; then it is to be looked at, as nobody told of it meanwhile */
	assert_int_equal(count_told(fixture, TOLD_GONE), 1);
	assert_true(count_told(fixture, TOLD_LOOK) >= 1);
	assert_int_not_equal(node_at(fixture, "a/b"), NODE_NONE);
	settle(fixture);
	check_watches(fixture, 0);
}

static void root_to_come(void **state)
{
	struct fixture *fixture = *state;

	set_policy(fixture, "version: 1\nrules:\n  - path: @/not/yet/here\n");
	start(fixture);
	assert_int_equal(node_at(fixture, "not"), NODE_NONE);
	for (int round = 0; round < 2; round++) {
		dir(fixture, "not");
		dir(fixture, "not/side");
		dir(fixture, "not/yet");
		dir(fixture, "not/yet/here");
		settle(fixture);
		assert_dirty(fixture, "not/yet/here", 0);
		assert_int_equal(node_at(fixture, "not/side"), NODE_NONE);
		forget(fixture);
		put(fixture, "not/yet/here/1", "");
		settle(fixture);
		assert_dirty(fixture, "not/yet/here/1", IN_CREATE);
		remove_tree(in(fixture, "not"));
		settle(fixture);
		assert_dirty(fixture, "not/yet/here", IN_DELETE);
		assert_int_equal(node_at(fixture, "not"), NODE_NONE);
		forget(fixture);
	}
}

static void few_names(void **state)
{
	struct fixture *fixture = *state;

	dir(fixture, "x");
	dir(fixture, "x/.ssh");
	dir(fixture, "x/other");
	set_policy(fixture, "version: 1\nrules:\n  - path: '@/*/.ssh'\n");
	start(fixture);
	assert_int_not_equal(node_at(fixture, "x"), NODE_NONE);
	assert_int_not_equal(node_at(fixture, "x/.ssh"), NODE_NONE);
	assert_int_equal(node_at(fixture, "x/other"), NODE_NONE);
	dir(fixture, "y");
	dir(fixture, "y/.ssh");
	put(fixture, "y/.ssh/key", "");
	settle(fixture);
	assert_dirty(fixture, "y/.ssh/key", 0);
}

/* The folder of marks lies in the scope: its marks are not told. */
static void own_folder(void **state)
{
	struct fixture *fixture = *state;
	char rule[256];

	(void)snprintf(rule, sizeof(rule), "version: 1\nrules:\n  - path: %s\n", fixture->dir);
	set_policy(fixture, rule);
	start(fixture);
	settle(fixture);
	settle(fixture);
	for (size_t i = 0; i < fixture->count; i++)
		assert_false(fixture->told[i].kind == TOLD_DIRTY &&
			     path_covers(bytes_of(fixture->marks), bytes_of(fixture->told[i].path)));
	assert_true(count_told(fixture, TOLD_MARKED) >= 2);
}

/* Deeper than any number of descriptors, longer than PATH_MAX, wide at each step. */
static void deep(void **state)
{
	struct fixture *fixture = *state;
	const char *name = "a-name-of-forty-bytes-or-so-to-be-long-x";
	enum { DEPTH = 300 };
	int fd = open(fixture->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct nodes *nodes;
	size_t known = 0;

	for (int i = 0; i < DEPTH; i++) {
		int next;

		assert_int_equal(mkdirat(fd, name, 0755), 0);
		assert_int_equal(mkdirat(fd, "z", 0755), 0);
		assert_int_equal(mkdirat(fd, "0", 0755), 0);
		next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		assert_int_equal(close(fd), 0);
		fd = next;
	}
	start(fixture);
	nodes = &fixture->watch->nodes;
	for (uint32_t id = node_at(fixture, ""); id; id = nodes_walk(nodes, node_at(fixture, ""), id)) {
		assert_true(is_watched(nodes_at(nodes, id)));
		known++;
	}
	assert_int_equal(known, 1 + 3 * DEPTH);
	assert_int_equal(mkdirat(fd, "new", 0755), 0);
	settle(fixture);
	known = 0;
	for (size_t i = 0; i < fixture->count; i++)
		known += fixture->told[i].kind == TOLD_DIRTY && strlen(fixture->told[i].path) > 12000 &&
			 strcmp(strrchr(fixture->told[i].path, '/'), "/new") == 0;
	assert_true(known > 0);
	assert_int_equal(close(fd), 0);
}

static void interrupted(void **state)
{
	struct fixture *fixture = *state;
	struct watch_options options = options_of(fixture);
	const atomic_bool stop = true;
	struct err err = ERR_INIT;

	assert_int_equal(watch_new(&options, &fixture->watch, &err), 0);
	assert_int_equal(watch_start(fixture->watch, &stop, &err), ERR_INTERRUPTED);
}

/* 128 bytes of own memory a directory. */
static void memory(void **state)
{
	struct fixture *fixture = *state;
	struct watch_coverage coverage;
	char name[64];

	for (int i = 0; i < 20000; i++) {
		(void)snprintf(name, sizeof(name), i % 100 ? "%d/directory-%d" : "%d", i / 100, i);
		if (mkdir(in(fixture, name), 0755) < 0)
			fail_msg("mkdir: %s", strerror(errno));
	}
	start(fixture);
	watch_coverage(fixture->watch, &coverage);
	assert_int_equal(coverage.polled + coverage.failed, 0);
	assert_true(coverage.directories >= 20000);
	print_message("%.1f bytes a directory\n", (double)coverage.memory_bytes / (double)coverage.directories);
	assert_true(coverage.memory_bytes <= 128 * coverage.directories);
}

/* --- mounts: in a namespace of our own --- */

static void mounted(const char *source, const char *target, const char *type, unsigned long flags)
{
	if (mount(source, target, type, flags, "mode=755") < 0)
		fail_msg("mount '%s': %s", QUOTE(target), strerror(errno));
}

static void load_mounts(struct fixture *fixture)
{
	struct err err = ERR_INIT;

	sys_mounts_done(&fixture->mounts);
	if (sys_mounts_load(NULL, &fixture->mounts, &err) < 0)
		fail_msg("mounts: %s", err.message);
}

static void bind_mounts(void **state)
{
	struct fixture *fixture = *state;

	dir(fixture, "a");
	dir(fixture, "a/sub");
	dir(fixture, "b");
	/* named, as it may be no disk */
	set_policy(fixture, "version: 1\nrules:\n  - path: @\n  - path: @/b\n");
	mounted(in(fixture, "a"), in(fixture, "b"), NULL, MS_BIND);
	load_mounts(fixture);
	start(fixture);
	assert_int_not_equal(node_at(fixture, "a/sub"), NODE_NONE);
	assert_int_not_equal(node_at(fixture, "b/sub"), NODE_NONE);
	put(fixture, "a/sub/1", "");
	settle(fixture);
	assert_dirty(fixture, "a/sub/1", IN_CREATE);
	assert_dirty(fixture, "b/sub/1", IN_CREATE);
	dir(fixture, "b/new");
	settle(fixture);
	assert_dirty(fixture, "a/new", IN_CREATE);
	assert_int_not_equal(node_at(fixture, "a/new"), NODE_NONE);
	assert_int_not_equal(node_at(fixture, "b/new"), NODE_NONE);
	assert_int_equal(umount2(in(fixture, "b"), MNT_DETACH), 0);
}

static void unmounted(void **state)
{
	struct fixture *fixture = *state;

	dir(fixture, "m");
	put(fixture, "m/below", "");
	mounted("none", in(fixture, "m"), "tmpfs", 0);
	put(fixture, "m/above", "");
	dir(fixture, "m/sub");
	load_mounts(fixture);
	set_policy(fixture, "version: 1\nrules:\n  - path: @\n  - path: @/m\n");
	start(fixture);
	put(fixture, "m/sub/1", "");
	settle(fixture);
	assert_dirty(fixture, "m/sub/1", IN_CREATE);
	forget(fixture);
	/* no watch of ours keeps it busy */
	if (umount(in(fixture, "m")) < 0)
		fail_msg("umount: %s", strerror(errno));
	settle(fixture);
	assert_dirty(fixture, "m", IN_UNMOUNT);
	assert_told(fixture, TOLD_LOOK, "m");
	load_mounts(fixture);
	put(fixture, "m/2", "");
	settle(fixture);
	assert_dirty(fixture, "m/2", IN_CREATE);
	settle(fixture);
	check_watches(fixture, 0);
}

static void mounted_over(void **state)
{
	struct fixture *fixture = *state;
	struct watch_options options;
	struct err err = ERR_INIT;
	struct bytes blind[1];
	uint32_t before;

	dir(fixture, "m");
	dir(fixture, "m/below");
	start(fixture);
	before = node_at(fixture, "m/below");
	assert_int_not_equal(before, NODE_NONE);
	mounted("none", in(fixture, "m"), "tmpfs", 0);
	load_mounts(fixture);
	options = options_of(fixture);
	blind[0] = bytes_of(in(fixture, "m"));
	options.blind = blind;
	options.blind_count = 1;
	assert_int_equal(watch_rule(fixture->watch, &options, &err), 0);
	assert_int_equal(node_at(fixture, "m"), NODE_NONE);
	assert_int_equal(umount(in(fixture, "m")), 0);
	load_mounts(fixture);
	options = options_of(fixture);
	assert_int_equal(watch_rule(fixture->watch, &options, &err), 0);
	put(fixture, "m/below/1", "");
	settle(fixture);
	assert_dirty(fixture, "m/below/1", IN_CREATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(excluded, setup, teardown),
		cmocka_unit_test_setup_teardown(another_policy, setup, teardown),
		cmocka_unit_test_setup_teardown(root_to_come, setup, teardown),
		cmocka_unit_test_setup_teardown(few_names, setup, teardown),
		cmocka_unit_test_setup_teardown(own_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(deep, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupted, setup, teardown),
		cmocka_unit_test_setup_teardown(memory, setup, teardown),
		cmocka_unit_test_setup_teardown(bind_mounts, setup, teardown),
		cmocka_unit_test_setup_teardown(unmounted, setup, teardown),
		cmocka_unit_test_setup_teardown(mounted_over, setup, teardown),
	};

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		(void)fprintf(stderr, "SKIP: only root can mount\n");
		return 77;
	}
	if (access("/dev/shm", W_OK | X_OK) == 0)
		fixture_base = "/dev/shm";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
