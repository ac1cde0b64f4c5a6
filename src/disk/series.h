/*
 * series.h - the names of an image's segments: NAME.001 NAME.002 ..., NAME.aa NAME.ab ... (split(1), its longer suffixes past .yz
 * too), NAME.E01 ... NAME.E99 NAME.EAA ... NAME.ZZZ, NAME.Ex01 ... NAME.EzZZ. Names only; pure functions.
 *
 * The rule of E01: libewf's documentation of the format, "Segment file extensions".
 */
#ifndef DISK_SERIES_H
#define DISK_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEGMENTS_MAX = 16384, SERIES_SUFFIX = 16 };

struct series {
	enum { SERIES_DIGITS, SERIES_LETTERS, SERIES_EWF, SERIES_EWF2 } kind;
	size_t stem; /* bytes before the suffix, its dot included */
	size_t width; /* of the suffix that it was made from */
	char letter; /* E01: 'E', 'e', 's' ... */
};

/* Is NAME (a file name without folders) of a series? EWF: look for E01's names only, else for the others only. */
bool series_of(const char *name, bool ewf, struct series *ret_series);

/* NAME's place, where NAME has the stem of the name that the series was made from; -1 when it is none of it. E01 and letters count
 * from 1 and 0, digits as they say. */
int64_t series_index(const struct series *series, const char *name);

/* The suffix of the first segment; which 1: .000 or .001 in turn, else 0. false when there is no such. */
bool series_first(const struct series *series, int which, char ret_suffix[SERIES_SUFFIX]);

#endif
