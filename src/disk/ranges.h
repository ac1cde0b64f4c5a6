/*
 * ranges.h - a bounded set of byte ranges, for what could not be read. A plain value without memory of its own.
 */
#ifndef DISK_RANGES_H
#define DISK_RANGES_H

#include "disk/disk.h"

enum { RANGES_MAX = 4096 };

struct ranges {
	size_t count;
	bool full; /* more were added than fit: some bytes between two of them are counted that were not added */
	struct disk_range items[RANGES_MAX]; /* sorted, none touches the next */
};

/* LEN may be 0 (nothing is added); OFFSET + LEN must not overflow. */
void ranges_add(struct ranges *ranges, uint64_t offset, uint64_t len);
bool ranges_hit(const struct ranges *ranges, uint64_t offset, uint64_t len);
uint64_t ranges_bytes(const struct ranges *ranges);

#endif
