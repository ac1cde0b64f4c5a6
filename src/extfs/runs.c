/* runs.c - see runs.h. */
#include "extfs/runs_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

void runs_done(struct runs *runs)
{
	if (runs->capacity)
		free(runs->all);
	*runs = RUNS_INIT;
}

void runs_move(struct runs *from, struct runs *to)
{
	*to = *from;
	if (!to->capacity && to->all)
		to->all = &to->first;
	*from = RUNS_INIT;
}

static int append(struct runs *runs, struct run run)
{
	struct run *grown;
	size_t capacity;

	if (runs->count == 0) {
		runs->first = run;
		runs->all = &runs->first;
		runs->count = 1;
		return 0;
	}
	if (runs->count >= (runs->capacity ? runs->capacity : 1)) {
		capacity = runs->capacity ? runs->capacity * 2 : 8;
		grown = realloc(runs->capacity ? runs->all : NULL, capacity * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		if (!runs->capacity)
			grown[0] = runs->first;
		runs->all = grown;
		runs->capacity = capacity;
	}
	runs->all[runs->count++] = run;
	return 0;
}

int mapping_damaged(struct mapping *mapping, const char *why)
{
	line_set(mapping->line, "the blocks of inode %" PRIu32 " cannot be: %s", mapping->inode->number, why);
	return -EUCLEAN;
}

int mapping_add(struct mapping *mapping, uint64_t logical, uint64_t length, uint64_t physical)
{
	const struct extfs *extfs = mapping->extfs;
	struct runs *runs = mapping->runs;
	struct run *last = runs->count ? &runs->all[runs->count - 1] : NULL;

	if (logical < mapping->next)
		return mapping_damaged(mapping, "one of them is said to be in two places");
	mapping->next = logical + length;
	if (logical >= mapping->blocks)
		return 0;
	length = length < mapping->blocks - logical ? length : mapping->blocks - logical;
	if (physical < extfs->fs->super->s_first_data_block || physical == 0 || physical >= extfs->blocks ||
	    length > extfs->blocks - physical)
		return mapping_damaged(mapping, "they lie outside of the file system");
	if (last && last->logical + (uint64_t)last->length == logical && last->physical + last->length == physical &&
	    last->length + length <= UINT32_MAX) {
		last->length += (uint32_t)length;
		return 0;
	}
	if (runs->count >= RUNS_MAX)
		return mapping_damaged(mapping, "more than 4194304 pieces");
	return append(runs, (struct run){ (uint32_t)logical, (uint32_t)length, physical });
}

int mapping_load(struct mapping *mapping, uint64_t number, void *data)
{
	if (number < mapping->extfs->fs->super->s_first_data_block || number >= mapping->extfs->blocks)
		return mapping_damaged(mapping, "a list of them lies outside of the file system");
	if (mapping->budget == 0)
		return mapping_damaged(mapping, "more lists of them than the file system has blocks");
	mapping->budget--;
	return extfs_block(mapping->extfs, number, "a list of its blocks", data, mapping->line);
}

int runs_read(struct extfs *extfs, const struct inode *inode, uint64_t blocks, struct runs *ret_runs, struct line *line)
{
	struct mapping mapping = { extfs, inode, blocks, extfs->blocks_here, 0, ret_runs, line };

	return inode->flags & EXT4_EXTENTS_FL ? extents_read(&mapping) : blockmap_read(&mapping);
}

size_t runs_find(const struct runs *runs, uint64_t logical)
{
	size_t low = 0, high = runs->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct run *run = &runs->all[middle];

		if (run->logical + (uint64_t)run->length <= logical)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t runs_size_max(const struct extfs *extfs, const struct inode *inode)
{
	uint64_t per_block = extfs->block_bytes / sizeof(uint32_t);
	uint64_t blocks = UINT32_MAX;

	if (!(inode->flags & EXT4_EXTENTS_FL)) {
		blocks = EXT2_NDIR_BLOCKS + per_block + per_block * per_block + per_block * per_block * per_block;
		blocks = blocks < UINT32_MAX ? blocks : UINT32_MAX;
	}
	return blocks * extfs->block_bytes;
}
