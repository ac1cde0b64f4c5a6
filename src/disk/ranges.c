/* ranges.c - see ranges.h. */
#include "disk/ranges.h"

#include <string.h>

static uint64_t end_of(const struct disk_range *range)
{
	return range->offset + range->len;
}

/* The first range that ends at OFFSET or behind it. */
static size_t first_ending(const struct ranges *ranges, uint64_t offset)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (end_of(&ranges->items[middle]) < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert(struct ranges *ranges, size_t at, uint64_t offset, uint64_t len)
{
	if (ranges->count == RANGES_MAX) {
		struct disk_range *near = &ranges->items[at > 0 ? at - 1 : 0];

		ranges->full = true;
		if (at > 0) {
			near->len = offset + len - near->offset;
		} else {
			near->len = end_of(near) - offset;
			near->offset = offset;
		}
		return;
	}
	memmove(&ranges->items[at + 1], &ranges->items[at], (ranges->count - at) * sizeof(ranges->items[0]));
	ranges->items[at] = (struct disk_range){ .offset = offset, .len = len };
	ranges->count++;
}

void ranges_add(struct ranges *ranges, uint64_t offset, uint64_t len)
{
	size_t from = first_ending(ranges, offset), to = from;
	uint64_t end = offset + len;

	if (len == 0)
		return;
	while (to < ranges->count && ranges->items[to].offset <= end)
		to++;
	if (from == to) {
		insert(ranges, from, offset, len);
		return;
	}
	if (ranges->items[from].offset < offset)
		offset = ranges->items[from].offset;
	if (end_of(&ranges->items[to - 1]) > end)
		end = end_of(&ranges->items[to - 1]);
	ranges->items[from] = (struct disk_range){ .offset = offset, .len = end - offset };
	memmove(&ranges->items[from + 1], &ranges->items[to], (ranges->count - to) * sizeof(ranges->items[0]));
	ranges->count -= to - from - 1;
}

bool ranges_hit(const struct ranges *ranges, uint64_t offset, uint64_t len)
{
	size_t i;

	if (len == 0 || ranges->count == 0)
		return false;
	i = first_ending(ranges, offset + 1);
	return i < ranges->count && ranges->items[i].offset < offset + len;
}

uint64_t ranges_bytes(const struct ranges *ranges)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ranges->count; i++)
		sum += ranges->items[i].len;
	return sum;
}
