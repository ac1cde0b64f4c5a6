/* test_sys_xattr.c - extended attributes of files and links, by name and through a descriptor. */
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
#include <sys/xattr.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/xattr.h"

static char path[64];

static int setup(void **state)
{
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s", "/tmp/tally-xattr-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	return close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static size_t value_len(const struct sys_xattrs *xattrs, const char *name)
{
	const struct sys_xattr *table = sys_xattrs_table(xattrs);

	for (size_t i = 0; i < xattrs->count; i++)
		if (table[i].name_len == strlen(name) &&
		    memcmp(xattrs->data.data + table[i].name, name, strlen(name)) == 0)
			return table[i].value_len;
	return SIZE_MAX;
}

static void test_values(void **state)
{
	struct sys_xattrs xattrs = SYS_XATTRS_INIT;
	static char value[3000];
	char proc[64], name[300];
	int fd;

	(void)state;
	assert_int_equal(sys_xattrs_read(path, false, &xattrs), 0);
	if (setxattr(path, "user.empty", "", 0, 0) < 0 && errno == ENOTSUP) {
		print_message("[  NOTE    ] no user xattrs here\n");
		skip();
	}
	assert_int_equal(setxattr(path, "user.large", value, 2000, 0), 0);
	/* a name as long as they come, so that the list needs a second try */
	memset(name, 'n', 255);
	memcpy(name, "user.", 5);
	name[255] = '\0';
	(void)setxattr(path, name, "x", 1, 0);
	fd = sys_open_path(AT_FDCWD, path);
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	for (int follow = 0; follow < 2; follow++) {
		assert_int_equal(sys_xattrs_read(follow ? proc : path, follow, &xattrs), 0);
		assert_int_equal(value_len(&xattrs, "user.empty"), 0);
		assert_int_equal(value_len(&xattrs, "user.large"), 2000);
		assert_false(xattrs.cut);
	}
	(void)close(fd);
	assert_int_equal(sys_xattrs_read("/nonexistent", false, &xattrs), -ENOENT);
	sys_xattrs_done(&xattrs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
