/* disk.c - reading, whatever the form; finding out which bytes of a failed read are the unreadable ones. See disk.h. */
#include "disk/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "disk/disk_inner.h"
#include "disk/ewf.h"

const char *disk_form_name(enum disk_form form)
{
	switch (form) {
	case DISK_RAW:
		return "raw";
	case DISK_SPLIT:
		return "split raw";
	case DISK_EWF:
		return "E01";
	case DISK_DEVICE:
		return "block device";
	}
	return "unknown";
}

static int add_up(struct disk *disk, struct err *err)
{
	const struct disk_source *source = disk->source;

	disk->starts = calloc(source->count + 1, sizeof(*disk->starts));
	if (disk->starts == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < source->count; i++) {
		disk->starts[i] = disk->size;
		disk->size += source->sizes[i];
	}
	disk->starts[source->count] = disk->size;
	return 0;
}

int disk_new(const struct disk_source *source, struct disk **ret_disk, struct err *err)
{
	CLEANUP(disk_freep) struct disk *disk = calloc(1, sizeof(*disk));
	int r;

	if (disk == NULL)
		return err_nomem(err);
	disk->source = source;
	pthread_mutex_init(&disk->lock, NULL);
	disk->grain = source->direct ? source->sector_bytes : 512;
	if (source->form == DISK_EWF) {
		r = ewf_new(source, &disk->ewf, err);
		if (r < 0)
			return r;
		disk->size = ewf_size(disk->ewf);
		ewf_flaws(disk->ewf, &disk->bad);
	} else {
		r = add_up(disk, err);
		if (r < 0)
			return r;
	}
	*ret_disk = STEAL(disk);
	return 0;
}

void disk_freep(struct disk **disk)
{
	if (*disk == NULL)
		return;
	ewf_freep(&(*disk)->ewf);
	disk_bounces_free(*disk);
	pthread_mutex_destroy(&(*disk)->lock);
	free((*disk)->starts);
	free(*disk);
	*disk = NULL;
}

uint64_t disk_size(const struct disk *disk)
{
	return disk->size;
}

/* Known to be unreadable: not to be tried again and again on a dying disk. */
static bool known_bad(struct disk *disk, uint64_t offset, size_t len)
{
	bool hit;

	pthread_mutex_lock(&disk->lock);
	hit = ranges_hit(&disk->bad, offset, len) && (!disk->bad.full || disk->ewf != NULL);
	pthread_mutex_unlock(&disk->lock);
	return hit;
}

static int attempt(struct disk *disk, uint64_t offset, void *data, size_t len, bool again)
{
	if (!again && known_bad(disk, offset, len))
		return -EIO;
	return disk->ewf != NULL ? ewf_read(disk->ewf, offset, data, len) : disk_raw_read(disk, offset, data, len);
}

/* Steps halve where reading fails and double where it works, and end at the grain's multiples once they are small. */
static size_t step_at(const struct disk *disk, uint64_t offset, size_t step, size_t left)
{
	uint64_t end = offset + step;

	end -= end % disk->grain;
	if (end <= offset)
		end = offset - offset % disk->grain + disk->grain;
	return end - offset < left ? (size_t)(end - offset) : left;
}

int disk_salvage(struct disk *disk, uint64_t offset, void *data, size_t len, bool again)
{
	unsigned char *at = data;
	size_t step = len / 2;
	int r, result;

	result = attempt(disk, offset, data, len, again);
	if (result != -EIO)
		return result;
	while (len > 0) {
		size_t n = step_at(disk, offset, step, len);

		r = attempt(disk, offset, at, n, again);
		if (r == -EIO && n > disk->grain) {
			step = n / 2;
			continue;
		}
		if (r == -EIO) {
			memset(at, 0, n);
			pthread_mutex_lock(&disk->lock);
			ranges_add(&disk->bad, offset, n);
			pthread_mutex_unlock(&disk->lock);
		} else if (r < 0) {
			return r;
		} else if (step < len) {
			step *= 2;
		}
		offset += n;
		at += n;
		len -= n;
	}
	return -EIO;
}

int disk_read(struct disk *disk, uint64_t offset, void *data, size_t len)
{
	if (len > disk->size || offset > disk->size - len)
		return -ERANGE;
	return len == 0 ? 0 : disk_salvage(disk, offset, data, len, false);
}

int disk_part_read(const struct extent_of_disk *part, uint64_t offset, void *data, size_t len)
{
	if (len > part->size || offset > part->size - len || part->offset > disk_size(part->disk))
		return -ERANGE;
	if (offset > disk_size(part->disk) - part->offset)
		return -ERANGE;
	return disk_read(part->disk, part->offset + offset, data, len);
}

int disk_unreadable(struct disk *disk, struct buf *out)
{
	int r;

	pthread_mutex_lock(&disk->lock);
	r = buf_add(out, disk->bad.items, disk->bad.count * sizeof(disk->bad.items[0]));
	pthread_mutex_unlock(&disk->lock);
	return r;
}
