/*
 * timefmt.c - see timefmt.h.
 *
 * The calendar is the proleptic Gregorian one, computed here in 64 bits: gmtime_r() stops where its int
 * year does. Years are counted from 1 March, so that the leap day is the last day of a year, in cycles of
 * 400 years, which all have the same number of days.
 */
#include "base/timefmt.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/quote.h"

enum { DAY_SECONDS = 86400, CYCLE_YEARS = 400, CYCLE_DAYS = 146097, YEAR_DAYS = 365, CENTURY_DAYS = 36524 };
enum { DAYS_BEFORE_EPOCH = 719468 }; /* from 0000-03-01 to 1970-01-01 */

static const int64_t first_sec = -62167219200; /* 0000-01-01T00:00:00Z */
static const int64_t last_sec = 253402300799; /* 9999-12-31T23:59:59Z */

/* For a month counted from March (0): the days of that year before it. */
static int64_t days_before_month(int64_t month)
{
	static const int64_t days[] = { 0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337 };

	return days[month];
}

static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
	int64_t march_year = month > 2 ? year : year - 1;
	int64_t cycle = (march_year >= 0 ? march_year : march_year - (CYCLE_YEARS - 1)) / CYCLE_YEARS;
	int64_t of_cycle = march_year - cycle * CYCLE_YEARS;

	return cycle * CYCLE_DAYS + of_cycle * YEAR_DAYS + of_cycle / 4 - of_cycle / 100 +
	       days_before_month((month + 9) % 12) + day - 1 - DAYS_BEFORE_EPOCH;
}

struct date {
	int64_t year, month, day;
};

static struct date date_from_days(int64_t days)
{
	int64_t since = days + DAYS_BEFORE_EPOCH;
	int64_t cycle = (since >= 0 ? since : since - (CYCLE_DAYS - 1)) / CYCLE_DAYS;
	int64_t of_cycle = since - cycle * CYCLE_DAYS;
	int64_t year = of_cycle / YEAR_DAYS; /* too late by at most one: leap days */
	int64_t month = 11;
	int64_t of_year;

	if (year * YEAR_DAYS + year / 4 - year / 100 > of_cycle || year == CYCLE_YEARS)
		year--;
	of_year = of_cycle - (year * YEAR_DAYS + year / 4 - year / 100);
	while (days_before_month(month) > of_year)
		month--;
	return (struct date){
		.year = cycle * CYCLE_YEARS + year + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = of_year - days_before_month(month) + 1,
	};
}

static bool in_calendar(int64_t sec)
{
	return sec >= first_sec && sec <= last_sec;
}

struct timetext time_utc_seconds(int64_t sec)
{
	struct timetext out;
	struct date date;
	int64_t days;
	int rest;

	if (!in_calendar(sec)) {
		(void)snprintf(out.text, sizeof(out.text), "@%lld", (long long)sec);
		return out;
	}
	days = (sec >= 0 ? sec : sec - (DAY_SECONDS - 1)) / DAY_SECONDS;
	rest = (int)(sec - days * DAY_SECONDS);
	date = date_from_days(days);
	(void)snprintf(out.text, sizeof(out.text), "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)date.year, (int)date.month,
		       (int)date.day, rest / 3600, rest / 60 % 60, rest % 60);
	return out;
}

struct timetext time_utc(struct timestamp time)
{
	struct timetext out = time_utc_seconds(time.sec);
	size_t len = strlen(out.text);

	if (in_calendar(time.sec))
		(void)snprintf(out.text + len - 1, sizeof(out.text) - len + 1, ".%09uZ", time.nsec);
	else
		(void)snprintf(out.text + len, sizeof(out.text) - len, ".%09u", time.nsec);
	return out;
}

/* FRACTION: ".123456789" or empty, between the seconds and the zone. */
static struct timetext local_text(int64_t sec, const char *fraction)
{
	struct timetext out;
	time_t clock = (time_t)sec;
	struct tm tm;
	long zone;

	/* the zone may push a time near the edge over it */
	if (!in_calendar(sec) || !localtime_r(&clock, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900) {
		(void)snprintf(out.text, sizeof(out.text), "@%lld%s", (long long)sec, fraction);
		return out;
	}
	zone = tm.tm_gmtoff < 0 ? -tm.tm_gmtoff : tm.tm_gmtoff;
	(void)snprintf(out.text, sizeof(out.text), "%04d-%02d-%02d %02d:%02d:%02d%s %c%02ld%02ld", tm.tm_year + 1900,
		       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction,
		       tm.tm_gmtoff < 0 ? '-' : '+', zone / 3600, zone / 60 % 60);
	return out;
}

struct timetext time_local(struct timestamp time)
{
	char fraction[16];

	(void)snprintf(fraction, sizeof(fraction), ".%09u", time.nsec);
	return local_text(time.sec, fraction);
}

struct timetext time_local_seconds(int64_t sec)
{
	return local_text(sec, "");
}

bool time_take_digits(const char **at, int count, char then, int64_t *ret_value)
{
	int64_t value = 0;

	for (int i = 0; i < count; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		value = value * 10 + (**at - '0');
	}
	if (then && *(*at)++ != then)
		return false;
	*ret_value = value;
	return true;
}

static bool parse_calendar(const char *at, struct timestamp *ret_time)
{
	int64_t year, month, day, hour, minute, second, nsec = 0;

	if (!time_take_digits(&at, 4, '-', &year) || !time_take_digits(&at, 2, '-', &month) ||
	    !time_take_digits(&at, 2, 'T', &day) || !time_take_digits(&at, 2, ':', &hour) ||
	    !time_take_digits(&at, 2, ':', &minute) || !time_take_digits(&at, 2, 0, &second))
		return false;
	if (*at == '.') {
		at++;
		if (!time_take_digits(&at, 9, 0, &nsec))
			return false;
	}
	if (month < 1 || month > 12)
		return false;
	ret_time->sec = days_from_date(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
	ret_time->nsec = (uint32_t)nsec;
	return true;
}

/* What follows "@". */
static bool parse_seconds(const char *at, struct timestamp *ret_time)
{
	bool negative = *at == '-';
	int64_t sec = 0, nsec = 0;

	for (at += negative; *at >= '0' && *at <= '9'; at++) {
		int digit = *at - '0';

		if (__builtin_mul_overflow(sec, 10, &sec) ||
		    __builtin_add_overflow(sec, negative ? -digit : digit, &sec))
			return false;
	}
	if (*at == '.') {
		at++;
		if (!time_take_digits(&at, 9, 0, &nsec))
			return false;
	}
	*ret_time = (struct timestamp){ .sec = sec, .nsec = (uint32_t)nsec };
	return true;
}

int time_parse_utc(const char *text, struct timestamp *ret_time, struct err *err)
{
	struct timestamp time = { .sec = 0 };
	bool parsed = text[0] == '@' ? parse_seconds(text + 1, &time) : parse_calendar(text, &time);

	/* one spelling for each time: 31 February, a second 60 and "@+1" do not print as they were read */
	if (!parsed || (strcmp(time_utc(time).text, text) != 0 &&
			(time.nsec != 0 || strcmp(time_utc_seconds(time.sec).text, text) != 0)))
		return err_set(err, ERR_DATA, "'%s' is not a time like 2026-11-21T23:37:40Z", QUOTE(text));
	*ret_time = time;
	return 0;
}

int time_compare(struct timestamp a, struct timestamp b)
{
	if (a.sec != b.sec)
		return a.sec < b.sec ? -1 : 1;
	return (a.nsec > b.nsec) - (a.nsec < b.nsec);
}

struct timestamp time_now(void)
{
	struct timespec now = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (struct timestamp){ .sec = now.tv_sec, .nsec = (uint32_t)now.tv_nsec };
}

uint64_t time_monotonic_ns(void)
{
	struct timespec now = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
