/* test_ops_suspects.c - paths that are looked at again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "ops/suspects.h"

static void add(struct suspects *suspects, const char *path)
{
	struct err err = ERR_INIT;

	assert_int_equal(suspects_add(suspects, bytes_of(path), NULL, &err), 0);
}

static void keep(struct suspects *from, const char *path, struct suspects *to)
{
	struct err err = ERR_INIT;

	assert_int_equal(suspects_keep_below(from, bytes_of(path), to, &err), 0);
}

/* A folder may be told as unlisted many times: once a bad name in it, at each look. */
static void kept_once(void **state)
{
	CLEANUP(suspects_freep) struct suspects *before = NULL;
	CLEANUP(suspects_freep) struct suspects *still = NULL;

	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(suspects_new(&before, &err), 0);
	assert_int_equal(suspects_new(&still, &err), 0);
	add(before, "/a/b");
	add(before, "/a/c");
	add(before, "/x");
	for (int i = 0; i < 16; i++)
		keep(before, "/a", still);
	keep(before, "/a/b", still);
	assert_int_equal(suspects_count(still), 2);
	suspects_sort(still);
	assert_non_null(suspects_find(still, bytes_of("/a/c")));
	assert_null(suspects_find(still, bytes_of("/x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(kept_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
