/* test_ops_since.c - times as people type them after --since. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tally/log.h"

/* 2026-03-29: Berlin's clocks go from 02:00 to 03:00 */
static const struct row {
	const char *text, *time;
} rows[] = {
	{ "2026-03-28", "2026-03-27T23:00:00.000000000Z" },
	{ "2026-03-30", "2026-03-29T22:00:00.000000000Z" },
	{ "2026-03-30 03:00", "2026-03-30T01:00:00.000000000Z" },
	{ "2026-03-30T03:00:05", "2026-03-30T01:00:05.000000000Z" },
	{ "2026-03-30T03:00:05.25", "2026-03-30T01:00:05.250000000Z" },
	{ "2026-03-30T03:00:05.1234567899Z", "2026-03-30T03:00:05.123456789Z" },
	{ "2026-03-30 03:00Z", "2026-03-30T03:00:00.000000000Z" },
	{ "2026-03-30 03:00 +0200", "2026-03-30T01:00:00.000000000Z" },
	{ "2026-03-30t03:00:00-05:30", "2026-03-30T08:30:00.000000000Z" },
	{ "2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000000000Z" },
	{ "15m", "2026-03-29T11:45:00.000000007Z" },
	{ "90s", "2026-03-29T11:58:30.000000007Z" },
	{ "2h", "2026-03-29T10:00:00.000000007Z" },
	{ "3d", "2026-03-26T12:00:00.000000007Z" },
	{ "1w", "2026-03-22T12:00:00.000000007Z" },
	{ "0m", "2026-03-29T12:00:00.000000007Z" },
	{ "today", "2026-03-28T23:00:00.000000000Z" },
	{ "yesterday", "2026-03-27T23:00:00.000000000Z" },
	{ "", NULL },
	{ "tomorrow", NULL },
	{ "15", NULL },
	{ "15x", NULL },
	{ "15mm", NULL },
	{ "-15m", NULL },
	{ "99999999999999999999d", NULL },
	{ "2026-02-29", NULL },
	{ "2026-13-01", NULL },
	{ "2026-00-01", NULL },
	{ "2026-03-30x", NULL },
	{ "2026-03-30 ", NULL },
	{ "2026-03-30 3:00", NULL },
	{ "2026-03-30 25:00", NULL },
	{ "2026-03-30 03:60", NULL },
	{ "2026-03-30 03:00:00.", NULL },
	{ "2026-03-30 03:00 +02", NULL },
	{ "2026-03-30 03:00Zx", NULL },
	{ "26-03-30", NULL },
};

static void every_row(void **state)
{
	struct timestamp now;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(time_parse_utc("2026-03-29T12:00:00.000000007Z", &now, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct timestamp time = { .sec = 0 };
		int r = op_log_since(rows[i].text, now, &time, &err);

		if (r != (rows[i].time ? 0 : ERR_USAGE))
			fail_msg("'%s' gives %d", rows[i].text, r);
		if (rows[i].time && strcmp(time_utc(time).text, rows[i].time) != 0)
			fail_msg("'%s' is %s", rows[i].text, time_utc(time).text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_row) };

	(void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
