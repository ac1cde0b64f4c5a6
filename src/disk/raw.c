/* raw.c - plain bytes: one file, segments in a row, a device with or without the page cache. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk/disk_inner.h"

enum { BOUNCE_BYTES = 1 << 18, PAGE = 4096 };

/* Aligned memory for O_DIRECT, kept for the next who needs it. */
struct bounce {
	struct bounce *next;
	unsigned char *data;
};

static struct bounce *bounce_take(struct disk *disk)
{
	struct bounce *bounce;
	void *data;

	pthread_mutex_lock(&disk->lock);
	bounce = disk->bounces;
	if (bounce != NULL)
		disk->bounces = bounce->next;
	pthread_mutex_unlock(&disk->lock);
	if (bounce != NULL)
		return bounce;
	bounce = calloc(1, sizeof(*bounce));
	if (bounce == NULL)
		return NULL;
	if (posix_memalign(&data, disk->grain > PAGE ? disk->grain : PAGE, BOUNCE_BYTES) != 0) {
		free(bounce);
		return NULL;
	}
	bounce->data = data;
	return bounce;
}

static void bounce_give(struct disk *disk, struct bounce *bounce)
{
	pthread_mutex_lock(&disk->lock);
	bounce->next = disk->bounces;
	disk->bounces = bounce;
	pthread_mutex_unlock(&disk->lock);
}

void disk_bounces_free(struct disk *disk)
{
	while (disk->bounces != NULL) {
		struct bounce *bounce = disk->bounces;

		disk->bounces = bounce->next;
		free(bounce->data);
		free(bounce);
	}
}

/* Whatever the medium's complaint is, to the caller it is one: these bytes cannot be had. A file that became shorter, too. */
static int read_all(int fd, uint64_t offset, unsigned char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = pread(fd, data, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOMEM)
			return -ENOMEM;
		if (n <= 0)
			return -EIO;
		data += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int read_direct(struct disk *disk, int fd, uint64_t offset, unsigned char *data, size_t len)
{
	uint64_t sector = disk->source->sector_bytes;
	struct bounce *bounce = NULL;
	int r = 0;

	if (offset % sector == 0 && len % sector == 0 && (uintptr_t)data % sector == 0)
		return read_all(fd, offset, data, len);
	bounce = bounce_take(disk);
	if (bounce == NULL)
		return -ENOMEM;
	while (r == 0 && len > 0) {
		uint64_t from = offset - offset % sector, skip = offset - from;
		size_t n = BOUNCE_BYTES - (size_t)skip, whole;

		if (n > len)
			n = len;
		whole = ((size_t)skip + n + (size_t)sector - 1) / (size_t)sector * (size_t)sector;
		r = read_all(fd, from, bounce->data, whole);
		if (r == 0)
			memcpy(data, bounce->data + skip, n);
		data += n;
		offset += n;
		len -= n;
	}
	bounce_give(disk, bounce);
	return r;
}

/* The segment that holds OFFSET. */
static size_t segment_of(const struct disk *disk, uint64_t offset)
{
	size_t low = 0, high = disk->source->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (disk->starts[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int disk_raw_read(struct disk *disk, uint64_t offset, void *data, size_t len)
{
	const struct disk_source *source = disk->source;
	unsigned char *at = data;
	int r = 0;

	if (source->direct)
		return read_direct(disk, source->fds[0], offset, at, len);
	for (size_t i = segment_of(disk, offset); r == 0 && len > 0; i++) {
		uint64_t left = disk->starts[i + 1] - offset;
		size_t n = left < len ? (size_t)left : len;

		r = read_all(source->fds[i], offset - disk->starts[i], at, n);
		at += n;
		offset += n;
		len -= n;
	}
	return r;
}
