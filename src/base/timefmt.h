/*
 * timefmt.h - times with nanoseconds, as text. Seconds are 64 bit: file systems hold years past 2262.
 * Thread-safe (the local form reads the C library's time zone, set once by tzset()).
 */
#ifndef BASE_TIMEFMT_H
#define BASE_TIMEFMT_H

#include <stdbool.h>
#include <stdint.h>

#include "tally/err.h"

struct timestamp {
	int64_t sec; /* since 1970-01-01T00:00:00Z, negative before */
	uint32_t nsec; /* 0..999999999 */
};

struct timetext {
	char text[64];
};

/* RFC 3339 UTC with nine decimals and Z; outside years 0..9999 "@sec.nsec". */
struct timetext time_utc(struct timestamp time);

/* The same to whole seconds: 2026-11-21T23:37:40Z, "@sec". */
struct timetext time_utc_seconds(int64_t sec);

/* For people: local time with numeric zone, 2026-11-21 23:37:40.123456789 +0100; "@sec.nsec" as above.
 * The zone is cut to minutes. */
struct timetext time_local(struct timestamp time);

/* Local time to the second with zone; "@sec". */
struct timetext time_local_seconds(int64_t sec);

/* Parses what time_utc() and time_utc_seconds() print. ERR_DATA for anything else, *ret_time untouched. */
int time_parse_utc(const char *text, struct timestamp *ret_time, struct err *err);

/* Takes exactly COUNT digits (at most 18) at *AT and, unless it is NUL, the character THEN behind them; *AT moves on. False when
 * something else stands there. */
bool time_take_digits(const char **at, int count, char then, int64_t *ret_value);

/* -1, 0, 1 */
int time_compare(struct timestamp a, struct timestamp b);

/* CLOCK_REALTIME now; CLOCK_MONOTONIC in nanoseconds. */
struct timestamp time_now(void);
uint64_t time_monotonic_ns(void);

#endif
