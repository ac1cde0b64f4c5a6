/*
 * arena.h - memory that is freed all at once: what hangs from the entries of one chunk. One owner at a time.
 */
#ifndef SCAN_ARENA_H
#define SCAN_ARENA_H

#include <stddef.h>

#include "base/path.h"

struct arena_block;
struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used, capacity; /* of the newest */
	size_t total; /* bytes handed out */
};
#define ARENA_INIT ((struct arena){ .blocks = NULL })

void *arena_add(struct arena *arena, size_t size); /* aligned for pointers; NULL when memory is short */
/* A copy of the bytes; false when memory is short. */
bool arena_copy(struct arena *arena, const void *data, size_t len, struct bytes *ret_bytes);
void arena_done(struct arena *arena);

#endif
