/*
 * hoard.h - a bound on lists of paths that stay in memory: how many there are, and how long, an image chooses.
 */
#ifndef OPS_HOARD_H
#define OPS_HOARD_H

#include <stdbool.h>
#include <stddef.h>

enum { HOARD_PATHS_MAX = 1000000, HOARD_BYTES_MAX = 64 << 20 };

struct hoard {
	size_t count, bytes; /* kept until now */
	bool full; /* one was turned away, and so is every later one */
};

/* May one more path of LEN bytes be kept? Counts it when it may. */
static inline bool hoard_takes(struct hoard *hoard, size_t len)
{
	if (hoard->full || hoard->count >= HOARD_PATHS_MAX || len > HOARD_BYTES_MAX - hoard->bytes) {
		hoard->full = true;
		return false;
	}
	hoard->count++;
	hoard->bytes += len;
	return true;
}

#endif
