/* view.c - see view.h. */
#include "extfs/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How many bytes from OFFSET on, at most LEN, lie before the next block that the journal has. */
static size_t plain_span(const struct view *view, uint64_t offset, size_t len)
{
	size_t span = view->block_bytes - (size_t)(offset % view->block_bytes);

	while (span < len && !replay_block(view->replay, (offset + span) / view->block_bytes))
		span += view->block_bytes;
	return span < len ? span : len;
}

int view_read(const struct view *view, uint64_t offset, void *data, size_t len)
{
	unsigned char *to = data;
	int r;

	if (!view->replay)
		return disk_part_read(view->part, offset, data, len);
	while (len > 0) {
		const unsigned char *over = replay_block(view->replay, offset / view->block_bytes);
		size_t within = (size_t)(offset % view->block_bytes), n = view->block_bytes - within;

		if (over) {
			n = n < len ? n : len;
			memcpy(to, over + within, n);
		} else {
			n = plain_span(view, offset, len);
			r = disk_part_read(view->part, offset, to, n);
			if (r < 0)
				return r;
		}
		to += n;
		offset += n;
		len -= n;
	}
	return 0;
}

void cache_init(struct cache *cache, const struct view *view)
{
	*cache = (struct cache){ .view = view };
}

void cache_forget(struct cache *cache)
{
	for (size_t i = 0; i < CACHE_SLOTS; i++)
		cache->slots[i].chunk = 0;
}

void cache_done(struct cache *cache)
{
	for (size_t i = 0; i < CACHE_SLOTS; i++)
		free(cache->slots[i].data);
	*cache = (struct cache){ .view = NULL };
}

/* The slot that holds the chunk; NULL when it can't be had as a whole. */
static const unsigned char *chunk_of(struct cache *cache, uint64_t number, size_t *ret_len)
{
	/* neighbours in different slots, and the inode tables of groups (powers of two apart) as well */
	__auto_type slot = &cache->slots[(number ^ number >> 8 ^ number >> 16) % CACHE_SLOTS];
	uint64_t offset = number * CACHE_CHUNK, left;

	if (slot->chunk != number + 1) {
		if (offset >= cache->view->part->size)
			return NULL;
		left = cache->view->part->size - offset;
		if (!slot->data)
			slot->data = malloc(CACHE_CHUNK);
		if (!slot->data)
			return NULL;
		slot->chunk = 0;
		slot->len = left < CACHE_CHUNK ? (size_t)left : CACHE_CHUNK;
		if (view_read(cache->view, offset, slot->data, slot->len) < 0)
			return NULL;
		slot->chunk = number + 1;
	}
	*ret_len = slot->len;
	return slot->data;
}

int cache_read(struct cache *cache, uint64_t offset, void *data, size_t len)
{
	unsigned char *to = data;
	int r;

	while (len > 0) {
		size_t within = (size_t)(offset % CACHE_CHUNK), n = CACHE_CHUNK - within, have = 0;
		const unsigned char *chunk = chunk_of(cache, offset / CACHE_CHUNK, &have);

		n = n < len ? n : len;
		if (chunk && within + n <= have) {
			memcpy(to, chunk + within, n);
		} else { /* one bad sector must not cost its neighbours */
			r = view_read(cache->view, offset, to, n);
			if (r < 0)
				return r;
		}
		to += n;
		offset += n;
		len -= n;
	}
	return 0;
}
