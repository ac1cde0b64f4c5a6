/*
 * replay_map.h - block number to something, in a table with open addressing. Nothing is ever taken out.
 *
 * Keys come from an image, so the hash is keyed (crypto/namehash.h). Lookups are thread-safe while nobody puts.
 */
#ifndef EXTFS_REPLAY_MAP_H
#define EXTFS_REPLAY_MAP_H

#include <stddef.h>
#include <stdint.h>

struct replay_slot {
	uint64_t key; /* UINT64_MAX: free */
	union {
		void *data;
		uint32_t transaction;
	};
};
struct replay_map {
	struct replay_slot *slots; /* owned, what is in them is not; NULL while capacity is 0 */
	size_t count, capacity; /* a power of two */
};

void replay_map_done(struct replay_map *map);
struct replay_slot *replay_map_find(const struct replay_map *map, uint64_t key); /* NULL when it is not there */
/* The slot of KEY (not UINT64_MAX), made with its content zero when it was not there. Borrowed until the next put; NULL: memory. */
struct replay_slot *replay_map_put(struct replay_map *map, uint64_t key);

#endif
