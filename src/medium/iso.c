/* iso.c - see iso.h. */
#include "medium/iso.h"

#include <stdio.h>
#include <time.h>

#include "base/quote.h"
#include "sys/program.h"

/* "2026112206434000": to hundredths, UTC, as xorriso takes it. ISO 9660 knows years 1 to 9999, Rock Ridge 1900 to 2155. */
static int date_text(struct timestamp date, char *text, size_t size, struct err *err)
{
	const time_t sec = (time_t)date.sec;
	struct tm tm;

	if (!gmtime_r(&sec, &tm) || tm.tm_year < 70 || tm.tm_year > 255 ||
	    strftime(text, size, "%Y%m%d%H%M%S00", &tm) == 0)
		return err_set(err, ERR_DATA, "an ISO file cannot hold the date %s", time_utc_seconds(date.sec).text);
	return 0;
}

int iso_write(int dirfd, const char *path, struct timestamp date, const atomic_bool *interrupted, struct err *err)
{
	char when[32], modified[64];
	const char *const arguments[] = {
		"xorriso",    "-no_rc", /* nobody's settings */
		"-as",        "mkisofs", "-quiet", "-r", /* Rock Ridge, owned by root, readable by all */
		"-iso-level", "3",       "-V",     "TALLYSTICK", "-sysid", "LINUX", "--set_all_file_dates",
		when,         modified,  "-o",     path,         ".",      NULL,
	};
	const struct program program = { .arguments = arguments, .folder = dirfd };
	struct program_end end;
	int r;

	r = date_text(date, when, sizeof(when), err);
	if (r < 0)
		return r;
	(void)snprintf(modified, sizeof(modified), "--modification-date=%s", when);
	r = program_run(&program, interrupted, &end, err);
	if (r == ERR_NOINPUT)
		return err_set(
			err, r,
			"an ISO file is made by xorriso, which is not installed: install it, or export a folder");
	if (r >= 0 && end.status != 0)
		return err_set(err, ERR_IO, "cannot write the ISO file: xorriso ended with %d: %s", end.status,
			       QUOTE(end.last_words));
	return r;
}
