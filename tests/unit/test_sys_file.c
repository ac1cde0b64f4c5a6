/* test_sys_file.c - opening without side effects: what is no regular file is never opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"

static char dir[64];
static int dirfd_;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s", "/tmp/tally-file-XXXXXX");
	assert_non_null(mkdtemp(dir));
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY);
	(void)close(openat(dirfd_, "file", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(mkfifoat(dirfd_, "fifo", 0600), 0);
	assert_int_equal(symlinkat("file", dirfd_, "link"), 0);
	assert_int_equal(symlinkat(".", dirfd_, "dirlink"), 0);
	assert_int_equal(mkdirat(dirfd_, "dir", 0700), 0);
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "file", "fifo", "link", "dirlink" };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		(void)unlinkat(dirfd_, names[i], 0);
	(void)unlinkat(dirfd_, "dir", AT_REMOVEDIR);
	(void)close(dirfd_);
	return rmdir(dir);
}

static void test_open_file(void **state)
{
	static const struct {
		const char *name;
		int careful; /* 0: opens */
	} rows[] = {
		{ "file", 0 },           { "fifo", -EBADMSG }, { "link", -EBADMSG },
		{ "dirlink", -EBADMSG }, { "dir", -EBADMSG },  { "missing", -ENOENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = sys_open_file(dirfd_, rows[i].name, false);

		assert_int_equal(fd < 0 ? fd : 0, rows[i].careful);
		if (fd >= 0)
			(void)close(fd);
	}
	assert_int_equal(sys_open_file(dirfd_, "link", true), -ELOOP);
	assert_int_equal(sys_open_file(dirfd_, "missing", true), -ENOENT);
}

static void test_open_dir(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(sys_open_dir(dirfd_, "file"), -ENOTDIR);
	assert_int_equal(sys_open_dir(dirfd_, "fifo"), -ENOTDIR);
	assert_true(sys_open_dir(dirfd_, "dirlink") < 0);
	fd = sys_open_dir(dirfd_, "dir");
	assert_true(fd >= 0);
	(void)close(fd);
}

static void test_stat(void **state)
{
	struct statx stat;

	(void)state;
	assert_int_equal(sys_stat(dirfd_, "link", &stat), 0);
	assert_true(S_ISLNK(stat.stx_mode));
	assert_int_equal(sys_stat(dirfd_, "", &stat), 0);
	assert_true(S_ISDIR(stat.stx_mode));
	assert_int_equal(sys_stat(dirfd_, "missing", &stat), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_dir, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stat, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
