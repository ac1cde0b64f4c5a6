/* test_ops_paths.c - paths from the command line: links, dots, what does not exist, lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ops/survey.h"

static char top[4096];

static int set_up(void **state)
{
	char template[] = "/tmp/tally-paths-XXXXXX";
	char *real;

	(void)state;
	if (!mkdtemp(template) || !(real = realpath(template, NULL)))
		return -1;
	(void)snprintf(top, sizeof(top), "%s", real);
	free(real);
	return chdir(top) < 0 || mkdir("usr", 0755) < 0 || mkdir("usr/bin", 0755) < 0 ||
	       symlink("usr/bin", "bin") < 0 || symlink("loop", "loop") < 0;
}

static int tear_down(void **state)
{
	char command[4200];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", top);
	return chdir("/") < 0 || system(command) != 0;
}

static void assert_resolves(const char *typed, const char *expected)
{
	CLEANUP(freep) char *path = NULL;
	char full[8192];
	struct err err = ERR_INIT;

	(void)snprintf(full, sizeof(full), "%s%s", top, expected);
	assert_int_equal(path_resolve(typed, &path, &err), 0);
	assert_string_equal(path, full);
}

static void resolves_parents_and_keeps_the_last_name(void **state)
{
	(void)state;
	assert_resolves("bin/ls", "/usr/bin/ls");
	assert_resolves("bin", "/bin");
	assert_resolves("./bin//ls", "/usr/bin/ls");
	assert_resolves("bin/../x", "/usr/x");
	assert_resolves("gone/deep/file", "/gone/deep/file");
	assert_resolves("bin/gone/file", "/usr/bin/gone/file");
	assert_resolves("loop/x", "/loop/x");
	assert_resolves(".", "");
	assert_resolves("bin/.", "/usr/bin");
	assert_resolves("usr/", "/usr");
}

static void roots_and_refusals(void **state)
{
	CLEANUP(freep) char *path = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(path_resolve("/", &path, &err), 0);
	assert_string_equal(path, "/");
	free(STEAL(path));
	assert_int_equal(path_resolve("///", &path, &err), 0);
	assert_string_equal(path, "/");
	free(STEAL(path));
	assert_int_equal(path_resolve("//nothing-here", &path, &err), 0);
	assert_string_equal(path, "/nothing-here");
	free(STEAL(path));
	assert_int_equal(path_resolve("", &path, &err), ERR_USAGE);
	assert_int_equal(path_resolve("gone/../x", &path, &err), ERR_USAGE);
	assert_null(path);
}

static void lists_are_sorted_and_minimal(void **state)
{
	static const char *const typed[] = { "/b/c", "/a", "/b", "/a-x", "/a/x", "/b/d" };
	CLEANUP(path_list_done) struct path_list list = PATH_LIST_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(path_list_make(typed, ARRAY_SIZE(typed), false, &list, &err), 0);
	assert_int_equal(list.count, 3);
	assert_string_equal((const char *)list.paths[0].data, "/a");
	assert_string_equal((const char *)list.paths[1].data, "/a-x");
	assert_string_equal((const char *)list.paths[2].data, "/b");
	assert_true(path_list_covers(&list, bytes_of("/b/c/e")));
	assert_false(path_list_covers(&list, bytes_of("/bc")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolves_parents_and_keeps_the_last_name),
		cmocka_unit_test(roots_and_refusals),
		cmocka_unit_test(lists_are_sorted_and_minimal),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
