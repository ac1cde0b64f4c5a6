/* replay_map.c - see replay_map.h. */
#include "extfs/replay_map.h"

#include <stdlib.h>

#include "crypto/namehash.h"

#define FREE UINT64_MAX

void replay_map_done(struct replay_map *map)
{
	free(map->slots);
	*map = (struct replay_map){ .slots = NULL };
}

/* Where KEY is or would go; there is always a free slot. */
static struct replay_slot *place(const struct replay_map *map, uint64_t key)
{
	size_t mask = map->capacity - 1, i = (size_t)name_hash(&key, sizeof(key)) & mask;

	while (map->slots[i].key != key && map->slots[i].key != FREE)
		i = (i + 1) & mask;
	return &map->slots[i];
}

struct replay_slot *replay_map_find(const struct replay_map *map, uint64_t key)
{
	struct replay_slot *slot;

	if (map->capacity == 0 || key == FREE)
		return NULL;
	slot = place(map, key);
	return slot->key == FREE ? NULL : slot;
}

static int grow(struct replay_map *map)
{
	struct replay_map larger = { .count = map->count, .capacity = map->capacity ? map->capacity * 2 : 256 };

	if (larger.capacity < map->capacity)
		return -1;
	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return -1;
	for (size_t i = 0; i < larger.capacity; i++)
		larger.slots[i].key = FREE;
	for (size_t i = 0; i < map->capacity; i++)
		if (map->slots[i].key != FREE)
			*place(&larger, map->slots[i].key) = map->slots[i];
	free(map->slots);
	*map = larger;
	return 0;
}

struct replay_slot *replay_map_put(struct replay_map *map, uint64_t key)
{
	struct replay_slot *slot;

	if (map->count >= map->capacity / 2 && grow(map) < 0)
		return NULL;
	slot = place(map, key);
	if (slot->key == FREE) {
		slot->key = key;
		map->count++;
	}
	return slot;
}
