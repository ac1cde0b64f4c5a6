/* test_daemon_touched.c - a set of names: order, doubles, the bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/touched.h"

/* Names as given ("+" before one: with all below it), and the set as one text. */
static void same(const char *const *given, const char *want)
{
	struct touched touched = TOUCHED_INIT;
	const struct touched_name *names;
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	size_t count;

	for (; *given; given++) {
		bool below = **given == '+';

		assert_int_equal(touched_add(&touched, bytes_of(*given + below), below, below, &err), 0);
	}
	names = touched_all(&touched, &count);
	for (size_t i = 0; i < count; i++) {
		(void)buf_add_str(&text, names[i].below ? " +" : " ");
		(void)buf_add(&text, names[i].path.data, names[i].path.len);
	}
	assert_string_equal(buf_str(&text), want);
	buf_done(&text);
	touched_clear(&touched);
}

static void test_set(void **state)
{
	(void)state;
	same((const char *const[]){ NULL }, "");
	same((const char *const[]){ "/b", "/a", "/b", "/a/x", "/a-b", NULL }, " /a /a-b /a/x /b");
	same((const char *const[]){ "/a/x", "+/a", "/a-b", "/a/x/y", "/ab", NULL }, " +/a /a-b /a/x /a/x/y /ab");
	same((const char *const[]){ "/a", "+/a", "/a", NULL }, " +/a");
	same((const char *const[]){ "+/a/b", "+/a", "+/a-b", "/a/z", NULL }, " +/a +/a-b +/a/b /a/z");
	same((const char *const[]){ "/", "/a", NULL }, " / /a");
	same((const char *const[]){ "/a", "+/", "/b", NULL }, " +/");
}

/* Names that come again and again take no memory for it. */
static void test_again(void **state)
{
	struct touched touched = TOUCHED_INIT;
	struct err err = ERR_INIT;
	size_t count;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "/d/%d", i % 100);
		assert_int_equal(touched_add(&touched, bytes_of(name), false, false, &err), 0);
		assert_true(touched.names.len <= 4096 * sizeof(struct touched_name));
	}
	(void)touched_all(&touched, &count);
	assert_int_equal(count, 100);
	touched_clear(&touched);
}

static void test_bound(void **state)
{
	struct touched touched = TOUCHED_INIT;
	const struct touched_name *names;
	struct err err = ERR_INIT;
	size_t count;

	(void)state;
	for (int i = 0; !touched.everything; i++) {
		char name[32];

		assert_true(i <= 4 * TOUCHED_MAX);
		(void)snprintf(name, sizeof(name), "/d/%d", i);
		assert_int_equal(touched_add(&touched, bytes_of(name), false, false, &err), 0);
	}
	names = touched_all(&touched, &count);
	assert_int_equal(count, 1);
	assert_true(names[0].below && bytes_equal(names[0].path, bytes_of("/")));
	touched_clear(&touched);
	(void)touched_all(&touched, &count);
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
