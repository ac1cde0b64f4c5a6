/* test_scan_scope.c - where scanning starts and ends: policy roots, paths asked for, mounts, blind points. */
#include "scan_fixture.h"

#include <sched.h>
#include <sys/mount.h>

static void make_tree(struct fixture *fixture)
{
	static const char *const dirs[] = { "a", "a/b", "a/b/c", "a-b", "a-b/x", "z", "z/y", "skipped" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		char name[64];

		put_dir(fixture, dirs[i]);
		(void)snprintf(name, sizeof(name), "%s/file", dirs[i]);
		put_file(fixture, name, dirs[i]);
	}
}

static void assert_paths(const struct result *result, const char *const *paths)
{
	size_t count = 0;

	for (; paths[count]; count++) {
		if (count >= result->count)
			fail_msg("'%s' is missing", paths[count]);
		if (!bytes_equal(path_of(&result->rows[count]), bytes_of(paths[count])))
			fail_msg("'%s' instead of '%s'",
				 QUOTE_N(path_of(&result->rows[count]).data, path_of(&result->rows[count]).len),
				 paths[count]);
	}
	assert_int_equal(result->count, count);
}

static void test_policy_roots(void **state)
{
	static const char *const expected[] = { "/a-b/x", "/a-b/x/file", "/a/b/c", "/a/b/c/file", "/z/file", NULL };
	struct fixture *fixture = *state;
	struct result result;

	make_tree(fixture);
	set_policy(fixture, "version: 1\nrules:\n  - path: /a/b/c\n  - path: /a-b/x\n  - path: /z/file\n"
			    "  - path: /none/at/all\n  - path: /z/file/below\n");
	result = scan_all(fixture);
	assert_paths(&result, expected);
	result_done(&result);
}

static void test_globs(void **state)
{
	static const char *const expected[] = { "/a-b/file", "/a/file", "/skipped/file", "/z/file", NULL };
	struct fixture *fixture = *state;
	struct result result;

	make_tree(fixture);
	set_policy(fixture, "version: 1\nrules:\n  - path: /*/file\n");
	result = scan_all(fixture);
	assert_paths(&result, expected);
	result_done(&result);
}

static void test_paths_asked_for(void **state)
{
	static const char *const expected[] = { "/a-b", "/a-b/file", "/a-b/x", "/a-b/x/file", "/a/b/file", NULL };
	struct fixture *fixture = *state;
	const struct bytes paths[] = { bytes_of("/a-b"), bytes_of("/a/b/file"), bytes_of("/missing/x"),
				       bytes_of("/z/file/under-a-file") };
	struct scan_options options;
	struct result result;

	make_tree(fixture);
	assert_int_equal(symlinkat("a", fixture->fd, "missing"), 0);
	options = options_of(fixture);
	options.paths = paths;
	options.path_count = 4;
	result = collect(&options);
	assert_int_equal(result.r, 0);
	assert_paths(&result, expected);
	result_done(&result);
}

static void test_path_out_of_scope(void **state)
{
	struct fixture *fixture = *state;
	const struct bytes paths[] = { bytes_of("/a"), bytes_of("/skipped") };
	static const char *const expected[] = { "/a/b/c", "/a/b/c/file", NULL };
	struct scan_options options;
	struct result result;

	make_tree(fixture);
	set_policy(fixture, "version: 1\nrules:\n  - path: /a/b/c\n  - path: /z\n");
	options = options_of(fixture);
	options.paths = paths;
	options.path_count = 2;
	result = collect(&options);
	assert_paths(&result, expected);
	result_done(&result);
}

/* An exclusion with an exception inside. */
static void test_excluded(void **state)
{
	static const char *const expected[] = { "/",  "/a",      "/a/b/c", "/a/b/c/file", "/a/file",
						"/z", "/z/file", "/z/y",   "/z/y/file",   NULL };
	struct fixture *fixture = *state;
	struct result result;

	make_tree(fixture);
	set_policy(fixture, "version: 1\nrules:\n  - path: /\n  - path: /a/b\n    exclude: true\n"
			    "  - path: /a/b/c\n    profile: static\n  - path: /a-b\n    exclude: true\n"
			    "  - path: /skipped\n    exclude: true\n");
	result = scan_all(fixture);
	assert_paths(&result, expected);
	assert_int_equal(result.excluded, 4); /* a/b, a/b/file, a-b, skipped */
	result_done(&result);
}

static void test_blind(void **state)
{
	struct fixture *fixture = *state;
	const struct bytes blind[] = { bytes_of("/a/b"), bytes_of("/z") };
	static const char *const expected[] = { "/",           "/a",      "/a-b",     "/a-b/file",     "/a-b/x",
						"/a-b/x/file", "/a/file", "/skipped", "/skipped/file", NULL };
	struct scan_options options;
	struct result result;

	make_tree(fixture);
	options = options_of(fixture);
	options.blind = blind;
	options.blind_count = 2;
	result = collect(&options);
	assert_paths(&result, expected);
	result_done(&result);
}

/* In a mount namespace of its own, in a child: a tmpfs is no disk. */
static int mounted_child(struct fixture *fixture)
{
	struct sys_mounts mounts = { .mounts = NULL };
	char path[128], file[128];
	struct scan_options options;
	struct result result;
	struct err err;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	(void)snprintf(path, sizeof(path), "%s/a/b", fixture->dir);
	if (mount("none", path, "tmpfs", 0, NULL) < 0)
		return 77;
	(void)snprintf(file, sizeof(file), "%s/z/file", fixture->dir);
	(void)snprintf(path, sizeof(path), "%s/a-b/file", fixture->dir);
	if (mount(path, file, NULL, MS_BIND, NULL) < 0)
		return 77;
	/* mounted after the table was read: unexamined, and said so */
	result = scan_all(fixture);
	assert_true(entry_at(&result, "/a/b")->failed & ATTR_BIT(ATTR_CONTENT));
	assert_problem(entry_at(&result, "/a/b"), "a file system was mounted here during the scan");
	assert_null(got_at(&result, "/a/b/c"));
	assert_problem(entry_at(&result, "/z/file"), "a file system was mounted here during the scan");
	result_done(&result);
	/* known: a tmpfs is passed over, a file of a disk's file system is read */
	assert_int_equal(sys_mounts_load(NULL, &mounts, &err), 0);
	options = options_of(fixture);
	options.mounts = &mounts;
	result = collect(&options);
	assert_null(got_at(&result, "/a/b"));
	assert_int_equal(result.mounts_skipped,
			 sys_mounts_of(&mounts, fixture->dir, strlen(fixture->dir))->disk ? 1 : 2);
	if (result.mounts_skipped == 1)
		assert_digest(entry_at(&result, "/z/file"), "a-b", 3);
	result_done(&result);
	/* named by a rule: crossed */
	set_policy(fixture, "version: 1\nrules:\n  - path: /\n  - path: /a/b/inner\n");
	options.policy = fixture->policy;
	result = collect(&options);
	assert_int_equal(entry_at(&result, "/a/b")->type, TYPE_DIR);
	assert_int_equal(entry_at(&result, "/a/b")->failed, 0);
	result_done(&result);
	/* without a table: nothing that is not on the root's device */
	options.mounts = NULL;
	result = collect(&options);
	assert_null(got_at(&result, "/a/b"));
	result_done(&result);
	sys_mounts_done(&mounts);
	return 0;
}

static void test_mounts(void **state)
{
	struct fixture *fixture = *state;
	int status;
	pid_t pid;

	make_tree(fixture);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(mounted_child(fixture));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("[  NOTE    ] mounting is not permitted here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_interrupted(void **state)
{
	struct fixture *fixture = *state;
	struct scan_options options;
	atomic_bool interrupted = true;
	struct result result;

	make_tree(fixture);
	options = options_of(fixture);
	options.interrupted = &interrupted;
	result = collect(&options);
	assert_int_equal(result.r, ERR_INTERRUPTED);
	result_done(&result);
}

/* Given up in the middle: nothing leaks, nobody hangs. */
static void test_abandoned_scan(void **state)
{
	struct fixture *fixture = *state;
	struct scan_options options;

	make_tree(fixture);
	options = options_of(fixture);
	for (int taken = 0; taken < 6; taken++) {
		struct pairs *pairs = NULL;
		struct pair pair;
		struct err err = ERR_INIT;

		assert_int_equal(scan_new(&options, &pairs, &err), 0);
		for (int i = 0; i < taken; i++)
			assert_int_equal(pairs_next(pairs, &pair, &err), 1);
		pairs_freep(&pairs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_policy_roots, setup, teardown),
		cmocka_unit_test_setup_teardown(test_globs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_paths_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_path_out_of_scope, setup, teardown),
		cmocka_unit_test_setup_teardown(test_excluded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mounts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abandoned_scan, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
