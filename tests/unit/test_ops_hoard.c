/* test_ops_hoard.c - lists of paths end at a number and at a length. */
#include "ops/hoard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void number(void **state)
{
	struct hoard hoard = { .count = 0 };

	(void)state;
	for (size_t i = 0; i < HOARD_PATHS_MAX; i++)
		assert_true(hoard_takes(&hoard, 1));
	assert_false(hoard.full);
	assert_false(hoard_takes(&hoard, 1));
	assert_true(hoard.full);
	assert_int_equal(hoard.count, HOARD_PATHS_MAX);
}

/* Nothing comes behind what was turned away: what is kept is a beginning. */
static void length(void **state)
{
	struct hoard hoard = { .count = 0 };

	(void)state;
	for (size_t i = 0; i < HOARD_BYTES_MAX / 65536; i++)
		assert_true(hoard_takes(&hoard, i ? 65536 : 65535));
	assert_false(hoard_takes(&hoard, 2));
	assert_false(hoard_takes(&hoard, 1));
	assert_int_equal(hoard.bytes, HOARD_BYTES_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(number), cmocka_unit_test(length) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
