/* test_base_timefmt.c - times as text; gmtime_r() is the oracle where it reaches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/timefmt.h"

static const struct {
	struct timestamp time;
	const char *text, *seconds;
} rows[] = {
	{ { 0, 0 }, "1970-01-01T00:00:00.000000000Z", "1970-01-01T00:00:00Z" },
	{ { -1, 999999999 }, "1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59Z" },
	{ { -2147483648, 0 }, "1901-12-13T20:45:52.000000000Z", "1901-12-13T20:45:52Z" },
	{ { 951782400, 1 }, "2000-02-29T00:00:00.000000001Z", "2000-02-29T00:00:00Z" },
	{ { 951868800, 0 }, "2000-03-01T00:00:00.000000000Z", "2000-03-01T00:00:00Z" },
	{ { 1795304260, 120000000 }, "2026-11-21T23:37:40.120000000Z", "2026-11-21T23:37:40Z" },
	{ { 2147483648, 0 }, "2038-01-19T03:14:08.000000000Z", "2038-01-19T03:14:08Z" },
	{ { 4107542400, 0 }, "2100-03-01T00:00:00.000000000Z", "2100-03-01T00:00:00Z" },
	{ { 10413792000, 5 }, "2300-01-01T00:00:00.000000005Z", "2300-01-01T00:00:00Z" },
	{ { 253402300799, 0 }, "9999-12-31T23:59:59.000000000Z", "9999-12-31T23:59:59Z" },
	{ { 253402300800, 7 }, "@253402300800.000000007", "@253402300800" },
	{ { -62135596800, 0 }, "0001-01-01T00:00:00.000000000Z", "0001-01-01T00:00:00Z" },
	{ { -62162035200, 0 }, "0000-03-01T00:00:00.000000000Z", "0000-03-01T00:00:00Z" },
	{ { -62162035201, 0 }, "0000-02-29T23:59:59.000000000Z", "0000-02-29T23:59:59Z" },
	{ { -62167219200, 0 }, "0000-01-01T00:00:00.000000000Z", "0000-01-01T00:00:00Z" },
	{ { -62167219201, 1 }, "@-62167219201.000000001", "@-62167219201" },
	{ { INT64_MAX, 999999999 }, "@9223372036854775807.999999999", "@9223372036854775807" },
	{ { INT64_MIN, 0 }, "@-9223372036854775808.000000000", "@-9223372036854775808" },
};

static void test_table_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct timestamp parsed = { 0, 0 };
		struct err err = ERR_INIT;

		assert_string_equal(time_utc(rows[i].time).text, rows[i].text);
		assert_string_equal(time_utc_seconds(rows[i].time.sec).text, rows[i].seconds);
		assert_int_equal(time_parse_utc(rows[i].text, &parsed, &err), 0);
		assert_int_equal(time_compare(parsed, rows[i].time), 0);
		assert_int_equal(time_parse_utc(rows[i].seconds, &parsed, &err), 0);
		assert_int_equal(time_compare(parsed, (struct timestamp){ rows[i].time.sec, 0 }), 0);
	}
}

/* Days through all ten thousand years, each at another second. */
static void test_against_gmtime(void **state)
{
	(void)state;
	for (int64_t sec = -62167219200; sec <= 253402300799; sec += 86400 * 17 + 12347) {
		struct timestamp parsed = { 0, 0 };
		struct err err = ERR_INIT;
		char expected[64];
		time_t clock = (time_t)sec;
		struct tm tm;

		assert_non_null(gmtime_r(&clock, &tm));
		(void)snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
			       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		assert_string_equal(time_utc_seconds(sec).text, expected);
		assert_int_equal(time_parse_utc(expected, &parsed, &err), 0);
		assert_int_equal(parsed.sec, sec);
	}
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"2026",
		"2026-11-21",
		"2026-11-21T23:37:40",
		"2026-11-21 23:37:40Z",
		"2026-11-21T23:37:40z",
		"2026-11-21T23:37:40+00:00",
		"2026-11-21T23:37:40.1Z",
		"2026-11-21T23:37:40.1234567890Z",
		"2026-11-21T23:37:40Z ",
		" 2026-11-21T23:37:40Z",
		"2026-11-21T23:37:40ZZ",
		"2026-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z",
		"2026-01-32T00:00:00Z",
		"2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z",
		"2026-12-31T23:59:60Z",
		"1900-02-29T00:00:00Z",
		"-001-01-01T00:00:00Z",
		"10000-01-01T00:00:00Z",
		"@",
		"@-",
		"@.000000000",
		"@1",
		"@+253402300800",
		"@0253402300800",
		"@253402300800.5",
		"@253402300800.0000000000",
		"@9223372036854775808",
		"@-9223372036854775809",
		"@99999999999999999999999",
		"@253402300800 ",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct timestamp time = { 42, 43 };
		struct err err = ERR_INIT;

		assert_int_equal(time_parse_utc(texts[i], &time, &err), ERR_DATA);
		assert_int_equal(time.sec, 42);
		assert_int_equal(time.nsec, 43);
		assert_non_null(strstr(err.message, texts[i]));
	}
}

static void test_local(void **state)
{
	static const struct {
		const char *zone;
		struct timestamp time;
		const char *text, *seconds;
	} local[] = {
		{ "<+0100>-1", { 1795304260, 5 }, "2026-11-22 00:37:40.000000005 +0100", "2026-11-22 00:37:40 +0100" },
		{ "<-0330>3:30", { 0, 0 }, "1969-12-31 20:30:00.000000000 -0330", "1969-12-31 20:30:00 -0330" },
		{ "UTC0", { 10413792000, 0 }, "2300-01-01 00:00:00.000000000 +0000", "2300-01-01 00:00:00 +0000" },
		{ "<+01>-1", { 253402300799, 0 }, "@253402300799.000000000", "@253402300799" },
		{ "<-01>1", { 253402300799, 0 }, "9999-12-31 22:59:59.000000000 -0100", "9999-12-31 22:59:59 -0100" },
		{ "<-01>1", { -62167219200, 0 }, "@-62167219200.000000000", "@-62167219200" },
		{ "UTC0", { INT64_MIN, 1 }, "@-9223372036854775808.000000001", "@-9223372036854775808" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(local); i++) {
		assert_int_equal(setenv("TZ", local[i].zone, 1), 0);
		tzset();
		assert_string_equal(time_local(local[i].time).text, local[i].text);
		assert_string_equal(time_local_seconds(local[i].time.sec).text, local[i].seconds);
	}
}

static void test_compare_and_clocks(void **state)
{
	static const struct timestamp ascending[] = {
		{ INT64_MIN, 0 }, { -1, 999999999 }, { 0, 0 }, { 0, 1 }, { INT64_MAX, 0 }
	};
	uint64_t before = time_monotonic_ns();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ascending); i++)
		for (size_t j = 0; j < ARRAY_SIZE(ascending); j++)
			assert_int_equal(time_compare(ascending[i], ascending[j]), (i > j) - (i < j));
	assert_true(time_monotonic_ns() >= before);
	assert_true(time_now().sec > 1700000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_both_ways),
		cmocka_unit_test(test_against_gmtime),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_compare_and_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
