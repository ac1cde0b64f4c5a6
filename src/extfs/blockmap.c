/* blockmap.c - the blocks of an inode by pointers, as ext2 and ext3 have them: 12, then lists of lists three deep. */
#include "extfs/runs_inner.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

enum { LISTS = 3 };

struct list {
	const unsigned char *data;
	uint32_t next;
	uint64_t span; /* blocks of the file below one of its pointers */
};

static uint32_t pointer(const unsigned char *list, uint32_t index)
{
	uint32_t value;

	memcpy(&value, list + (size_t)index * sizeof(value), sizeof(value));
	return le32toh(value);
}

static int load_list(struct mapping *mapping, uint32_t number, unsigned level, uint64_t span, struct list *ret_list)
{
	unsigned char *data = mapping->extfs->levels[level];
	int r = mapping_load(mapping, number, data);

	*ret_list = (struct list){ data, 0, span };
	return r;
}

/* What hangs from pointer NUMBER, DEPTH lists deep, the file's blocks from LOGICAL on. */
static int read_lists(struct mapping *mapping, uint32_t number, unsigned depth, uint64_t logical)
{
	uint32_t per_list = mapping->extfs->block_bytes / (uint32_t)sizeof(uint32_t);
	struct list lists[LISTS];
	uint64_t span = 1;
	unsigned level = 0;
	int r;

	for (unsigned i = 1; i < depth; i++)
		span *= per_list;
	r = load_list(mapping, number, 0, span, &lists[0]);
	while (r == 0 && logical < mapping->blocks) {
		struct list *list = &lists[level];
		uint32_t at;

		if (list->next == per_list) {
			if (level == 0)
				break;
			level--;
			continue;
		}
		at = pointer(list->data, list->next++);
		if (at != 0 && list->span > 1) {
			level++;
			r = load_list(mapping, at, level, list->span / per_list, &lists[level]);
			continue;
		}
		if (at != 0)
			r = mapping_add(mapping, logical, 1, at);
		logical += list->span;
	}
	return r;
}

int blockmap_read(struct mapping *mapping)
{
	const unsigned char *root = mapping->inode->pointers;
	uint64_t logical = EXT2_NDIR_BLOCKS, span = mapping->extfs->block_bytes / sizeof(uint32_t);
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < EXT2_NDIR_BLOCKS; i++)
		if (pointer(root, i) != 0)
			r = mapping_add(mapping, i, 1, pointer(root, i));
	for (unsigned depth = 1; r == 0 && depth <= LISTS && logical < mapping->blocks; depth++) {
		uint32_t number = pointer(root, EXT2_NDIR_BLOCKS - 1 + depth);

		if (number != 0)
			r = read_lists(mapping, number, depth, logical);
		logical += span;
		span *= mapping->extfs->block_bytes / sizeof(uint32_t);
	}
	return r;
}
