/* series.c - see series.h. */
#include "disk/series.h"

#include <stdio.h>
#include <string.h>

static bool all_between(const char *text, char from, char to)
{
	for (; *text != '\0'; text++) {
		if (*text < from || *text > to)
			return false;
	}
	return true;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

bool series_of(const char *name, bool ewf, struct series *ret_series)
{
	const char *dot = strrchr(name, '.'), *suffix = dot == NULL ? "" : dot + 1;
	struct series series = { .kind = SERIES_DIGITS, .width = strlen(suffix) };

	if (dot == NULL || dot == name || series.width < 2 || series.width >= SERIES_SUFFIX)
		return false;
	series.stem = (size_t)(suffix - name);
	series.letter = suffix[0];
	if (ewf && series.width == 3 && is_letter(suffix[0]))
		series.kind = SERIES_EWF;
	else if (ewf && series.width == 4 && suffix[0] == 'E')
		series.kind = SERIES_EWF2;
	else if (!ewf && series.width >= 3 && all_between(suffix, '0', '9'))
		series.kind = SERIES_DIGITS;
	else if (!ewf && all_between(suffix, 'a', 'z'))
		series.kind = SERIES_LETTERS;
	else
		return false;
	if (series_index(&series, name) < 0)
		return false;
	*ret_series = series;
	return true;
}

static int64_t digits_index(const struct series *series, const char *suffix, size_t width)
{
	int64_t value = 0;

	/* .1000 follows .999, but .0001 is of another series than .001 */
	if (!all_between(suffix, '0', '9') || width < series->width || width > 9 ||
	    (width > series->width && suffix[0] == '0'))
		return -1;
	for (; *suffix != '\0'; suffix++)
		value = value * 10 + (*suffix - '0');
	return value;
}

/* split(1) goes from .yz on to .zaaa, so that the names stay in order; with a width of the user's, to .zz. */
static int64_t letters_index(const struct series *series, const char *suffix, size_t width)
{
	size_t extra = width < series->width ? 1 : width - series->width;
	int64_t value = 0, names = 25; /* of one length, the first letter being no z */

	if (!all_between(suffix, 'a', 'z') || extra % 2 != 0 || width > 8)
		return -1;
	for (size_t i = 0; i < extra / 2; i++) {
		if (suffix[i] != 'z')
			return -1;
	}
	for (size_t i = extra / 2; i < width; i++)
		value = value * 26 + (suffix[i] - 'a');
	if (extra != 0 && suffix[extra / 2] == 'z')
		return -1;
	for (size_t j = 1; j < series->width; j++)
		names *= 26;
	for (size_t j = 0; j < extra / 2; j++, names *= 26)
		value += names;
	return value;
}

/* Two digits or two letters behind the first: 1 ... 99, then 100 + ... */
static int64_t ewf_index(char first, int steps, const char *rest)
{
	char a = first >= 'a' ? 'a' : 'A';

	if (is_digit(rest[0]) && is_digit(rest[1])) {
		int64_t value = (rest[0] - '0') * 10 + (rest[1] - '0');

		return steps == 0 && value > 0 ? value : -1;
	}
	if (rest[0] < a || rest[0] > a + 25 || rest[1] < a || rest[1] > a + 25)
		return -1;
	return 100 + steps * 676 + (rest[0] - a) * 26 + (rest[1] - a);
}

int64_t series_index(const struct series *series, const char *name)
{
	size_t len = strlen(name), width = len - series->stem;
	const char *suffix = name + series->stem;

	if (len <= series->stem || width >= SERIES_SUFFIX)
		return -1;
	switch (series->kind) {
	case SERIES_DIGITS:
		return digits_index(series, suffix, width);
	case SERIES_LETTERS:
		return letters_index(series, suffix, width);
	case SERIES_EWF:
		if (width != 3 || suffix[0] < series->letter || suffix[0] > (series->letter >= 'a' ? 'z' : 'Z'))
			return -1;
		return ewf_index(series->letter, suffix[0] - series->letter, suffix + 1);
	case SERIES_EWF2:
		if (width != 4 || suffix[0] != 'E' || suffix[1] < 'x' || suffix[1] > 'z')
			return -1;
		return ewf_index('E', suffix[1] - 'x', suffix + 2);
	}
	return -1;
}

bool series_first(const struct series *series, int which, char ret_suffix[SERIES_SUFFIX])
{
	size_t width = series->width;

	memset(ret_suffix, 0, SERIES_SUFFIX);
	if (which > (series->kind == SERIES_DIGITS ? 1 : 0))
		return false;
	switch (series->kind) {
	case SERIES_DIGITS:
		memset(ret_suffix, '0', width);
		ret_suffix[width - 1] = which == 0 ? '0' : '1';
		break;
	case SERIES_LETTERS:
		memset(ret_suffix, 'a', width);
		break;
	case SERIES_EWF:
		snprintf(ret_suffix, SERIES_SUFFIX, "%c01", series->letter);
		break;
	case SERIES_EWF2:
		snprintf(ret_suffix, SERIES_SUFFIX, "Ex01");
		break;
	}
	return true;
}
