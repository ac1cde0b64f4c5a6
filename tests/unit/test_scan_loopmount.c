/* test_scan_loopmount.c - a scan of a mount that hangs on a descriptor only (sys/loopmount.h): the whole of it and nothing of the host. */
#include "scan_fixture.h"

#include "sys/loopmount.h"

static void run_in(const struct fixture *fixture, const char *command)
{
	char line[1024];

	(void)snprintf(line, sizeof(line), "cd %s && { %s ; } >/dev/null 2>&1", fixture->dir, command);
	if (system(line) != 0) // NOLINT
		fail_msg("failed: %s", command);
}

static void test_all_of_it(void **state)
{
	static const char *const wanted[] = { "/", "/a", "/a/b", "/a/b/file", "/link", "/proc", "/proc/mounts" };
	struct fixture *fixture = *state;
	struct loopmount *mount = NULL;
	struct loopmount_request request = { .name = "image", .type = "ext4" };
	struct err err = ERR_INIT;
	struct scan_options options;
	struct result result;

	if (geteuid() != 0 || access("/dev/loop-control", R_OK | W_OK) < 0) {
		print_message("skipped: mounting an image needs root and loop devices\n");
		skip();
	}
	run_in(fixture, "mkdir -p t/a/b t/proc; echo hello >t/a/b/file; echo x >t/proc/mounts; ln -s a/b/file t/link;"
			"truncate -s 20M image; mkfs.ext4 -q -d t image; debugfs -w -R 'rmdir lost+found' image");
	request.fd = openat(fixture->fd, "image", O_RDONLY | O_CLOEXEC);
	assert_true(request.fd >= 0);
	if (loopmount_new(&request, &mount, &err) < 0)
		fail_msg("%s", err.message);
	(void)close(request.fd);
	options = options_of(fixture);
	options.root = loopmount_root(mount);
	options.mounts = NULL;
	result = collect(&options);
	assert_int_equal(result.r, 0);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_non_null(got_at(&result, wanted[i]));
	assert_int_equal(result.count, sizeof(wanted) / sizeof(wanted[0]));
	assert_int_equal(result.unexamined, 0);
	assert_int_equal(result.mounts_skipped, 0);
	assert_digest(entry_at(&result, "/a/b/file"), "hello\n", 6);
	result_done(&result);
	loopmount_freep(&mount);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_of_it, setup, teardown),
	};

	return cmocka_run_group_tests_name("scan_loopmount", tests, NULL, NULL);
}
