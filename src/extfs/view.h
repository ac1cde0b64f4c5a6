/*
 * view.h - the bytes of a file system: what lies in the image, with the journal's blocks laid over it.
 */
#ifndef EXTFS_VIEW_H
#define EXTFS_VIEW_H

#include "disk/disk.h"
#include "extfs/replay.h"

struct view {
	const struct extent_of_disk *part; /* borrowed */
	const struct replay *replay; /* borrowed; NULL: nothing lies over it */
	uint32_t block_bytes; /* of the file system; only looked at with a replay */
};

/* Exactly LEN bytes at OFFSET of the file system. 0 or what disk_part_read() says (-EIO, -ERANGE). Thread-safe once VIEW is made. */
int view_read(const struct view *view, uint64_t offset, void *data, size_t len);

/*
 * A cache in front of a view, for metadata: inodes and directories lie beside each other and are asked for one by one. Bounded: at most
 * CACHE_SLOTS chunks. One owner.
 */
enum { CACHE_SLOTS = 256, CACHE_CHUNK = 65536 };
struct cache {
	const struct view *view;
	struct {
		unsigned char *data; /* owned; NULL until used */
		uint64_t chunk; /* its number + 1; 0: nothing */
		size_t len;
	} slots[CACHE_SLOTS];
};
void cache_init(struct cache *cache, const struct view *view);
void cache_forget(struct cache *cache); /* what was read may have changed */
void cache_done(struct cache *cache);
/* As view_read(). Memory that is short costs speed only. */
int cache_read(struct cache *cache, uint64_t offset, void *data, size_t len);

#endif
