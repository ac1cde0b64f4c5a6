/* test_base_err.c - errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "tally/err.h"

static void test_codes_of_errno(void **state)
{
	static const struct {
		int os_errno, code;
	} rows[] = {
		{ ENOENT, ERR_NOINPUT },  { ENOTDIR, ERR_NOINPUT }, { EACCES, ERR_DENIED }, { EPERM, ERR_DENIED },
		{ ENOMEM, ERR_INTERNAL }, { EIO, ERR_IO },          { ENOSPC, ERR_IO },     { EAGAIN, ERR_IO },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(err_errno(&err, rows[i].os_errno, "cannot open '%s'", "/x"), rows[i].code);
		assert_int_equal(err.code, rows[i].code);
		assert_int_equal(err.os_errno, rows[i].os_errno);
		assert_memory_equal(err.message, "cannot open '/x': ", 18);
		assert_string_equal(err.message + 18, strerror(rows[i].os_errno));
	}
}

static void test_exit_status(void **state)
{
	static const struct {
		int code, status;
	} rows[] = {
		{ 0, 0 },
		{ ERR_UNTRUSTED, 16 },
		{ ERR_USAGE, 64 },
		{ ERR_DATA, 65 },
		{ ERR_NOINPUT, 66 },
		{ ERR_NODAEMON, 69 },
		{ ERR_INTERNAL, 70 },
		{ ERR_CANTCREATE, 73 },
		{ ERR_IO, 74 },
		{ ERR_LOCKED, 75 },
		{ ERR_DENIED, 77 },
		{ ERR_POLICY, 78 },
		{ ERR_INTERRUPTED, 130 },
		{ -1, 70 },
		{ -256, 70 },
		{ 1, 70 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(err_exit_status(rows[i].code), rows[i].status);
}

static void test_wrap_and_self_reference(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_errno_as(&err, ERR_CANTCREATE, EROFS, "cannot create '%s'", "a"), ERR_CANTCREATE);
	assert_int_equal(err_wrap(&err, ERR_CANTCREATE, "baseline '%s'", "b"), ERR_CANTCREATE);
	assert_string_equal(err.message, "baseline 'b': cannot create 'a': Read-only file system");
	assert_int_equal(err.os_errno, EROFS);

	/* a message made of itself */
	(void)err_set(&err, ERR_DATA, "%s", "inner");
	(void)err_set(&err, ERR_DATA, "outer: %s, twice: %s", err.message, err.message);
	assert_string_equal(err.message, "outer: inner, twice: inner");
	(void)err_wrap(&err, ERR_DATA, "<%s>", err.message);
	assert_string_equal(err.message, "<outer: inner, twice: inner>: outer: inner, twice: inner");
	(void)err_nomem(&err);
	assert_int_equal(err.code, ERR_INTERNAL);
	assert_int_equal(err.os_errno, 0);
}

/* Longer than fits: cut, and not within a character. */
static void test_cut(void **state)
{
	char text[3000];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		size_t n = shift;

		memset(text, 'x', shift);
		for (; n < 2900; n += 4)
			memcpy(text + n, "\xf0\x9f\x98\x80", 4); /* U+1F600 */
		text[n] = '\0';
		(void)err_set(&err, ERR_DATA, "%s", text);
		assert_in_range(strlen(err.message), 1016, 1023);
		assert_int_equal((strlen(err.message) - shift) % 4, 0);
		(void)err_wrap(&err, ERR_DATA, "more");
		assert_in_range(strlen(err.message), 1016, 1023);
		(void)err_errno(&err, EIO, "%s", text);
		assert_in_range(strlen(err.message), 1016, 1023);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes_of_errno),
		cmocka_unit_test(test_exit_status),
		cmocka_unit_test(test_wrap_and_self_reference),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
