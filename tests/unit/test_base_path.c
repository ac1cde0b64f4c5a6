/* test_base_path.c - paths as bytes, and the names of attributes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/attr.h"
#include "base/cleanup.h"
#include "base/path.h"

#define BYTES(literal) ((struct bytes){ (const unsigned char *)(literal), sizeof(literal) - 1 })

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

static void test_order(void **state)
{
	/* ascending */
	static const struct bytes rows[] = {
		BYTES(""),     BYTES("/"),     BYTES("/etc"),  BYTES("/etc-x"), BYTES("/etc/passwd"), BYTES("/etc0"),
		BYTES("/etd"), BYTES("/\x7f"), BYTES("/\x80"), BYTES("/\xff"),  BYTES("/\xff\xff"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(rows); j++) {
			assert_int_equal(sign(path_compare(rows[i], rows[j])), (i > j) - (i < j));
			assert_int_equal(bytes_equal(rows[i], rows[j]), i == j);
		}
	}
}

static void test_covers(void **state)
{
	static const struct {
		struct bytes above, path;
		bool covers;
	} rows[] = {
		{ BYTES("/"), BYTES("/"), true },      { BYTES("/"), BYTES("/a/b"), true },
		{ BYTES("/a"), BYTES("/a"), true },    { BYTES("/a"), BYTES("/a/b/c"), true },
		{ BYTES("/a"), BYTES("/ab"), false },  { BYTES("/a"), BYTES("/"), false },
		{ BYTES("/a/b"), BYTES("/a"), false }, { BYTES("/a"), BYTES("/b/a"), false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(path_covers(rows[i].above, rows[i].path), rows[i].covers);
}

static void test_parent_and_name(void **state)
{
	static const struct {
		struct bytes path, parent, name;
	} rows[] = {
		{ BYTES("/"), BYTES("/"), BYTES("") },
		{ BYTES("/a"), BYTES("/"), BYTES("a") },
		{ BYTES("/a/b"), BYTES("/a"), BYTES("b") },
		{ BYTES("/a/b/\xff"), BYTES("/a/b"), BYTES("\xff") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(bytes_equal(path_parent(rows[i].path), rows[i].parent));
		assert_true(bytes_equal(path_name(rows[i].path), rows[i].name));
	}
}

static void test_valid(void **state)
{
	static const struct {
		struct bytes path;
		bool valid;
	} rows[] = {
		{ BYTES("/"), true },      { BYTES("/a"), true },      { BYTES("/a/b"), true },
		{ BYTES("/..."), true },   { BYTES("/.a"), true },     { BYTES("/a\n\xff"), true },
		{ BYTES(""), false },      { BYTES("a"), false },      { BYTES("//"), false },
		{ BYTES("/a/"), false },   { BYTES("/a//b"), false },  { BYTES("/."), false },
		{ BYTES("/.."), false },   { BYTES("/a/./b"), false }, { BYTES("/a/.."), false },
		{ BYTES("/../a"), false }, { BYTES("/a\0b"), false },
	};
	static unsigned char longest[PATH_MAX_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(path_valid(rows[i].path), rows[i].valid);
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	assert_true(path_valid((struct bytes){ longest, PATH_MAX_BYTES }));
	assert_false(path_valid((struct bytes){ longest, PATH_MAX_BYTES + 1 }));
}

/* The contract's names in the contract's order; the numbers are in canonical bytes. */
static void test_attributes(void **state)
{
	static const char *const names[] = { "type",  "mode",   "owner", "group", "size",    "content",
					     "mtime", "ctime",  "btime", "inode", "links",   "target",
					     "rdev",  "xattrs", "acl",   "caps",  "selinux", "flags" };
	enum attr attr = ATTR_COUNT;

	(void)state;
	assert_int_equal(ARRAY_SIZE(names), ATTR_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_string_equal(attr_name((enum attr)i), names[i]);
		assert_true(attr_parse(names[i], &attr));
		assert_int_equal(attr, i);
	}
	attr = ATTR_SIZE;
	assert_false(attr_parse("Type", &attr));
	assert_false(attr_parse("", &attr));
	assert_false(attr_parse("xattr", &attr));
	assert_int_equal(attr, ATTR_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order), cmocka_unit_test(test_covers),     cmocka_unit_test(test_parent_and_name),
		cmocka_unit_test(test_valid), cmocka_unit_test(test_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
