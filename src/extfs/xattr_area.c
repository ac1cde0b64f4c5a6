/* xattr_area.c - see xattr_area.h. */
#include "extfs/xattr_area.h"

#include <string.h>

#include "extfs/little.h"

enum { VALUE_ROUND = 3 };

static size_t room(const unsigned char *at, const unsigned char *end)
{
	return at < end ? (size_t)(end - at) : 0;
}

static size_t entry_len(const unsigned char *entry)
{
	return XATTR_ENTRY_BYTES + (((size_t)entry[0] + VALUE_ROUND) & ~(size_t)VALUE_ROUND);
}

static void read_entry(const unsigned char *base, const unsigned char *at, struct xattr_entry *ret_entry)
{
	*ret_entry = (struct xattr_entry){
		.kind = at[1],
		.name = { at + XATTR_ENTRY_BYTES, at[0] },
		.value_inode = little_32(at + 4),
		.value_len = little_32(at + 8),
	};
	if (ret_entry->value_inode == 0)
		ret_entry->value = base + little_16(at + 2);
}

static bool check_value(const struct xattr_area *area, const unsigned char *at)
{
	uint32_t len = little_32(at + 8);
	size_t offset = little_16(at + 2);

	if (little_32(at + 4) != 0 || len == 0)
		return true;
	return offset >= (size_t)(area->names_end - area->base) && offset <= (size_t)(area->end - area->base) &&
	       len <= (size_t)(area->end - area->base) - offset;
}

bool xattr_area_open(const unsigned char *first, const unsigned char *base, const unsigned char *end,
		     struct xattr_area *ret_area)
{
	struct xattr_area area = { first, base, end, first, NULL };
	const unsigned char *at = first;

	for (;; at += entry_len(at)) {
		if (room(at, end) < sizeof(uint32_t))
			return false;
		if (little_32(at) == 0)
			break;
		if (room(at, end) < XATTR_ENTRY_BYTES || room(at, end) < entry_len(at) + sizeof(uint32_t) ||
		    memchr(at + XATTR_ENTRY_BYTES, '\0', at[0]))
			return false;
	}
	area.names_end = at + sizeof(uint32_t);
	for (const unsigned char *entry = first; entry < at; entry += entry_len(entry))
		if (!check_value(&area, entry))
			return false;
	*ret_area = area;
	return true;
}

bool xattr_area_next(struct xattr_area *area, struct xattr_entry *ret_entry)
{
	if (area->next + sizeof(uint32_t) >= area->names_end)
		return false;
	read_entry(area->base, area->next, ret_entry);
	area->next += entry_len(area->next);
	return true;
}
