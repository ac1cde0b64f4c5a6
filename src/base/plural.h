/*
 * plural.h - "1 path", "2 paths".
 */
#ifndef BASE_PLURAL_H
#define BASE_PLURAL_H

#include <stdint.h>

/* What stands behind a noun that NUMBER counts. Pure. */
static inline const char *plural_s(uint64_t number)
{
	return number == 1 ? "" : "s";
}

#endif
