/* since.c - a time as people type it: for --since. See tally/log.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "tally/log.h"

/* "15m": so long ago. */
static bool parse_ago(const char *text, struct timestamp now, struct timestamp *ret_time)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 } };
	char *end;
	long long count;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	count = strtoll(text, &end, 10);
	if (errno || count > INT32_MAX || !end[0] || end[1])
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (*end != units[i].letter)
			continue;
		*ret_time = (struct timestamp){ now.sec - count * units[i].seconds, now.nsec };
		return true;
	}
	return false;
}

/* Midnight of today, or of so many days before, by the local calendar. */
static bool parse_day(const char *text, struct timestamp now, struct timestamp *ret_time)
{
	time_t clock = (time_t)now.sec;
	struct tm tm;
	bool yesterday = strcmp(text, "yesterday") == 0;

	if ((!yesterday && strcmp(text, "today") != 0) || !localtime_r(&clock, &tm))
		return false;
	tm.tm_mday -= yesterday;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	*ret_time = (struct timestamp){ .sec = mktime(&tm) };
	return true;
}

/* Behind the minutes: ":SS", ":SS.fraction" (of which nine digits count). */
static bool take_seconds(const char **at, int64_t *ret_second, uint32_t *ret_nsec)
{
	uint32_t unit = 100000000;

	if (**at != ':')
		return true;
	(*at)++;
	if (!time_take_digits(at, 2, 0, ret_second))
		return false;
	if (**at != '.')
		return true;
	for ((*at)++; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
		*ret_nsec += unit * (uint32_t)(**at - '0');
	return (*at)[-1] != '.';
}

/* Nothing (local time), Z, +HH:MM, +HHMM. */
static bool take_zone(const char **at, bool *ret_local, long *ret_offset)
{
	int64_t hours, minutes;
	int sign = **at == '-' ? -1 : 1;

	*ret_local = false;
	*ret_offset = 0;
	while (**at == ' ')
		(*at)++;
	if (**at == 'Z' || **at == 'z') {
		(*at)++;
	} else if (**at == '+' || **at == '-') {
		sign = *(*at)++ == '-' ? -1 : 1;
		if (!time_take_digits(at, 2, 0, &hours))
			return false;
		*at += **at == ':';
		if (!time_take_digits(at, 2, 0, &minutes) || hours > 23 || minutes > 59)
			return false;
		*ret_offset = (long)(sign * (hours * 3600 + minutes * 60));
	} else {
		*ret_local = true;
	}
	return **at == '\0';
}

static bool is_date(const struct tm *want, const struct tm *got)
{
	return want->tm_year == got->tm_year && want->tm_mon == got->tm_mon && want->tm_mday == got->tm_mday;
}

static bool parse_calendar(const char *text, struct timestamp *ret_time)
{
	int64_t year, month, day, hour = 0, minute = 0, second = 0;
	struct timestamp time = { .sec = 0 };
	struct tm tm = { .tm_isdst = -1 }, want;
	bool local = true;
	long offset = 0;

	if (!time_take_digits(&text, 4, '-', &year) || !time_take_digits(&text, 2, '-', &month) ||
	    !time_take_digits(&text, 2, 0, &day))
		return false;
	if (*text && (strchr(" Tt", *text++) == NULL || !time_take_digits(&text, 2, ':', &hour) ||
		      !time_take_digits(&text, 2, 0, &minute) || !take_seconds(&text, &second, &time.nsec) ||
		      !take_zone(&text, &local, &offset)))
		return false;
	if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60)
		return false;
	tm.tm_year = (int)(year - 1900);
	tm.tm_mon = (int)(month - 1);
	tm.tm_mday = (int)day;
	tm.tm_hour = (int)hour;
	tm.tm_min = (int)minute;
	tm.tm_sec = (int)second;
	want = tm;
	time.sec = local ? mktime(&tm) : timegm(&tm) - offset;
	/* 31 February is not 3 March; a second 60 may be the next day */
	if (!is_date(&want, &tm) && second < 60)
		return false;
	*ret_time = time;
	return true;
}

int op_log_since(const char *text, struct timestamp now, struct timestamp *ret_time, struct err *err)
{
	if (parse_ago(text, now, ret_time) || parse_day(text, now, ret_time) || parse_calendar(text, ret_time))
		return 0;
	return err_set(err, ERR_USAGE, "'%s' is no time like 2026-11-22, '2026-11-22 03:00', 15m, 2h, 3d or yesterday",
		       QUOTE(text));
}
