/* disk_inner.h - what the files of this room know of a disk. */
#ifndef DISK_DISK_INNER_H
#define DISK_DISK_INNER_H

#include <pthread.h>

#include "disk/disk.h"
#include "disk/ranges.h"

struct ewf;
struct bounce;

struct disk {
	const struct disk_source *source; /* borrowed */
	uint64_t size;
	uint64_t *starts; /* where each segment begins; not for E01 */
	size_t grain; /* the smallest read that is tried, bytes */
	struct ewf *ewf; /* DISK_EWF */
	pthread_mutex_t lock; /* of all below */
	struct bounce *bounces; /* aligned memory that nobody uses now */
	struct ranges bad;
};

/* As disk_read(), within the disk. AGAIN: what is known to be unreadable is tried once more; an E01 holds bytes, hashed with the
 * others, where nothing could be read when it was taken. */
int disk_salvage(struct disk *disk, uint64_t offset, void *data, size_t len, bool again);

/* One attempt at all forms but E01; OFFSET and LEN are within the disk. 0, -EIO, -ENOMEM. */
int disk_raw_read(struct disk *disk, uint64_t offset, void *data, size_t len);
void disk_bounces_free(struct disk *disk);

#endif
