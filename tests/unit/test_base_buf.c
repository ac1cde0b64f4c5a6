/* test_base_buf.c - buffers and cursors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/buf.h"
#include "base/cleanup.h"

static void test_appends(void **state)
{
	CLEANUP(buf_done) struct buf buf = BUF_INIT;
	char expected[3000];
	size_t len = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		assert_int_equal(buf_printf(&buf, "%d,", i), 0);
		len += (size_t)snprintf(expected + len, sizeof(expected) - len, "%d,", i);
	}
	assert_int_equal(buf.len, len);
	assert_memory_equal(buf.data, expected, len);
	assert_string_equal(buf_str(&buf), expected);
	assert_int_equal(buf.len, len); /* the NUL does not count */

	buf_clear(&buf);
	assert_int_equal(buf_add(&buf, NULL, 0), 0);
	assert_int_equal(buf_add_str(&buf, "a"), 0);
	assert_int_equal(buf_add_byte(&buf, 0), 0);
	assert_int_equal(buf_add(&buf, "\xff", 1), 0);
	assert_int_equal(buf.len, 3);
	assert_memory_equal(buf.data, "a\0\xff", 3);
}

static void test_refusal_is_remembered(void **state)
{
	CLEANUP(buf_done) struct buf buf = BUF_INIT;

	(void)state;
	assert_int_equal(buf_add_str(&buf, "kept"), 0);
	assert_int_equal(buf_reserve(&buf, SIZE_MAX), -1);
	assert_int_equal(buf_reserve(&buf, SIZE_MAX - 3), -1); /* len + extra would wrap */
	assert_true(buf_failed(&buf));
	assert_int_equal(buf.len, 4);
	assert_int_equal(buf_add_str(&buf, "x"), -1);
	assert_int_equal(buf_printf(&buf, "x"), -1);
	assert_null(buf_str(&buf));
	assert_null(buf_steal_str(&buf));
	assert_int_equal(buf.len, 4);
	buf_clear(&buf);
	assert_false(buf_failed(&buf));
	assert_int_equal(buf_add_str(&buf, "x"), 0);
}

static void test_steal(void **state)
{
	CLEANUP(buf_done) struct buf buf = BUF_INIT;
	CLEANUP(freep) char *text = NULL;
	CLEANUP(freep) char *empty = NULL;

	(void)state;
	assert_int_equal(buf_add_str(&buf, "text"), 0);
	text = buf_steal_str(&buf);
	assert_string_equal(text, "text");
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	empty = buf_steal_str(&buf);
	assert_string_equal(empty, "");
}

static void test_numbers_and_cursor(void **state)
{
	static const unsigned char little_endian[] = { 0x07, 0x04, 0x03, 0x02, 0x01, 0x18, 0x17,
						       0x16, 0x15, 0x14, 0x13, 0x12, 0x11 };
	CLEANUP(buf_done) struct buf buf = BUF_INIT;
	struct cursor cursor;
	const unsigned char *bytes = NULL;
	uint8_t u8 = 0;
	uint32_t u32 = 0;
	uint64_t u64 = 0;

	(void)state;
	assert_int_equal(buf_add_byte(&buf, 7), 0);
	assert_int_equal(buf_add_u32(&buf, 0x01020304), 0);
	assert_int_equal(buf_add_u64(&buf, 0x1112131415161718), 0);
	assert_int_equal(buf.len, sizeof(little_endian));
	assert_memory_equal(buf.data, little_endian, sizeof(little_endian));

	cursor = (struct cursor){ buf.data, buf.len };
	assert_true(cursor_u8(&cursor, &u8));
	assert_true(cursor_u32(&cursor, &u32));
	assert_true(cursor_u64(&cursor, &u64));
	assert_int_equal(u8, 7);
	assert_int_equal(u32, 0x01020304);
	assert_int_equal(u64, 0x1112131415161718);
	assert_int_equal(cursor.len, 0);
	assert_true(cursor_bytes(&cursor, 0, &bytes));
	assert_false(cursor_u8(&cursor, &u8));

	/* what does not fit moves nothing */
	cursor = (struct cursor){ buf.data, 7 };
	assert_false(cursor_u64(&cursor, &u64));
	assert_false(cursor_bytes(&cursor, SIZE_MAX, &bytes));
	assert_int_equal(cursor.len, 7);
	assert_ptr_equal(cursor.data, buf.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_refusal_is_remembered),
		cmocka_unit_test(test_steal),
		cmocka_unit_test(test_numbers_and_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
