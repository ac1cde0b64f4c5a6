/* arena.c - see arena.h. */
#include "scan/arena.h"

#include <stdlib.h>

struct arena_block {
	struct arena_block *next;
	max_align_t data[];
};

enum { FIRST_BYTES = 1024, BLOCK_BYTES = 16384 };

void *arena_add(struct arena *arena, size_t size)
{
	struct arena_block *block;
	unsigned char *at;

	size = (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	if (arena->capacity - arena->used < size) {
		size_t capacity = arena->blocks ? BLOCK_BYTES : FIRST_BYTES;

		if (capacity < size)
			capacity = size;
		block = malloc(sizeof(*block) + capacity);
		if (!block)
			return NULL;
		block->next = arena->blocks;
		arena->blocks = block;
		arena->capacity = capacity;
		arena->used = 0;
	}
	at = (unsigned char *)arena->blocks->data + arena->used;
	arena->used += size;
	arena->total += size;
	return at;
}

bool arena_copy(struct arena *arena, const void *data, size_t len, struct bytes *ret_bytes)
{
	void *copy = arena_add(arena, len ? len : 1);

	if (!copy)
		return false;
	if (len)
		memcpy(copy, data, len);
	*ret_bytes = (struct bytes){ copy, len };
	return true;
}

void arena_done(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	*arena = ARENA_INIT;
}
