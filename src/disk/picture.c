/*
 * picture.c - copies the head, the tail and what they point at to the scratch file; the rest of it stays a hole. See picture.h.
 *
 * Everything that is read here to find further places is believed only as far as it lies within the part.
 */
#include "disk/picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/disk_inner.h"

/* Superblocks lie within the first MiB, LUKS2's last copy of its header at 4 MiB; ZFS, RAID and GPT have something within the last. */
enum { HEAD = (4 << 20) + (64 << 10), TAIL = 1 << 20, PLACE = 64 << 10, TABLE_MAX = 1 << 20, LOGICAL_MAX = 256 };

struct copying {
	struct disk *disk;
	uint64_t offset, size;
	uint64_t there; /* of SIZE, within the disk */
	unsigned char *data; /* PLACE bytes */
	uint64_t unreadable;
	int r; /* the first error, sticky */
};

static bool is_zero(const unsigned char *data, size_t len)
{
	return len == 0 || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

/* Copies [AT, AT + LEN) as far as it lies within the part. */
static void copy(struct copying *copying, uint64_t at, uint64_t len)
{
	int scratch = copying->disk->source->scratch;

	if (at >= copying->there)
		return;
	if (len > copying->there - at)
		len = copying->there - at;
	while (copying->r == 0 && len > 0) {
		size_t n = len < PLACE ? (size_t)len : PLACE;
		int r = disk_read(copying->disk, copying->offset + at, copying->data, n);

		if (r == -EIO)
			copying->unreadable += n;
		else if (r < 0)
			copying->r = r;
		if (copying->r == 0 && !is_zero(copying->data, n) &&
		    pwrite(scratch, copying->data, n, (off_t)at) != (ssize_t)n)
			copying->r = -ENOSPC;
		at += n;
		len -= n;
	}
}

/* A few bytes to look at; zeros where there are none. */
static void look(struct copying *copying, uint64_t at, unsigned char *data, size_t len)
{
	memset(data, 0, len);
	if (len <= copying->there && at <= copying->there - len)
		(void)disk_read(copying->disk, copying->offset + at, data, len);
}

static uint64_t le(const unsigned char *data, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = bytes; i-- > 0;)
		value = value << 8 | data[i];
	return value;
}

/* COUNT units of UNIT bytes each, or beyond everything. */
static uint64_t times(uint64_t count, uint64_t unit)
{
	uint64_t product;

	return __builtin_mul_overflow(count, unit, &product) ? UINT64_MAX : product;
}

/* UEFI 2.10, 5.3.2: the entries may lie anywhere. */
static void copy_gpt(struct copying *copying, uint64_t at, uint32_t sector)
{
	unsigned char header[92];
	uint64_t bytes;

	look(copying, at, header, sizeof(header));
	if (memcmp(header, "EFI PART", 8) != 0)
		return;
	bytes = times(le(header + 80, 4), le(header + 84, 4));
	copy(copying, times(le(header + 72, 8), sector), bytes < TABLE_MAX ? bytes : TABLE_MAX);
}

static bool is_extended(unsigned char type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* The chain of logical partitions: each record names its partition and the next record, counted from the first one. */
static void copy_logical(struct copying *copying, uint64_t first, uint32_t sector)
{
	uint64_t at = first;

	for (int i = 0; i < LOGICAL_MAX; i++) {
		unsigned char record[512];
		uint64_t next = 0;

		copy(copying, times(at, sector), sector);
		look(copying, times(at, sector), record, sizeof(record));
		if (record[510] != 0x55 || record[511] != 0xaa)
			return;
		for (size_t entry = 446; entry < 510 && next == 0; entry += 16) {
			if (is_extended(record[entry + 4]))
				next = le(record + entry + 8, 4);
		}
		if (next == 0)
			return;
		at = first + next;
	}
}

static void copy_dos(struct copying *copying, uint32_t sector)
{
	unsigned char record[512];

	look(copying, 0, record, sizeof(record));
	if (record[510] != 0x55 || record[511] != 0xaa)
		return;
	for (size_t entry = 446; entry < 510; entry += 16) {
		uint64_t start = le(record + entry + 8, 4);

		if (is_extended(record[entry + 4]))
			copy_logical(copying, start, sector);
		else if (record[entry + 4] != 0 && record[entry + 4] != 0xee) /* a disk label of its own, BSD's */
			copy(copying, times(start, sector), PLACE);
	}
}

/* Where these keep label or identity far from the head: the root directory, the master file table. Fields as Microsoft's
 * specifications of FAT32 and exFAT and the ntfs3 driver's headers have them. */
static void copy_microsoft(struct copying *copying)
{
	unsigned char boot[512];
	uint64_t sector, cluster, heap;

	look(copying, 0, boot, sizeof(boot));
	sector = le(boot + 11, 2);
	if (memcmp(boot + 3, "NTFS    ", 8) == 0) {
		cluster = boot[13] < 128 ? times(sector, boot[13])
					 : times(sector, UINT64_C(1) << ((256 - boot[13]) % 32));
		copy(copying, times(le(boot + 48, 8), cluster), PLACE);
	} else if (memcmp(boot + 3, "EXFAT   ", 8) == 0) {
		sector = UINT64_C(1) << (boot[108] % 16);
		cluster = sector << (boot[109] % 32);
		heap = times(le(boot + 88, 4), sector);
		copy(copying, times(le(boot + 80, 4), sector) + times(le(boot + 96, 4), 4), 4);
		copy(copying, heap + times(le(boot + 96, 4) - 2, cluster), TABLE_MAX);
	} else if (memcmp(boot + 82, "FAT32", 5) == 0) {
		cluster = times(sector, boot[13]);
		heap = times(le(boot + 14, 2) + times(boot[16], le(boot + 36, 4)), sector);
		copy(copying, heap + times(le(boot + 44, 4) - 2, cluster), TABLE_MAX);
	}
}

static void copy_all(struct copying *copying, uint32_t sector)
{
	copy(copying, 0, HEAD);
	copy(copying, copying->size > TAIL ? copying->size - TAIL : 0, TAIL);
	copy_microsoft(copying);
	if (sector == 0)
		return;
	copy_gpt(copying, sector, sector);
	if (copying->size >= sector)
		copy_gpt(copying, (copying->size / sector - 1) * sector, sector);
	copy_dos(copying, sector);
}

int picture_make(struct disk *disk, uint64_t offset, uint64_t size, uint32_t sector, struct picture *ret_picture,
		 struct err *err)
{
	CLEANUP(freep) unsigned char *data = NULL;
	struct copying copying = { .disk = disk, .offset = offset, .size = size };
	int scratch = disk->source->scratch;

	if (disk->source->form == DISK_RAW && size <= disk_size(disk) - offset) {
		*ret_picture = (struct picture){ .fd = disk->source->fds[0], .offset = offset, .size = size };
		return 0;
	}
	if (scratch < 0)
		return err_set(err, ERR_INTERNAL, "no memory file to look for file systems with");
	data = malloc(PLACE);
	if (data == NULL)
		return err_nomem(err);
	copying.data = data;
	copying.there = size < disk_size(disk) - offset ? size : disk_size(disk) - offset;
	if (ftruncate(scratch, 0) < 0 || ftruncate(scratch, (off_t)size) < 0)
		return err_errno_as(err, ERR_INTERNAL, errno, "cannot size a memory file");
	copy_all(&copying, sector);
	if (copying.r < 0)
		return err_errno_as(err, ERR_INTERNAL, -copying.r, "cannot fill a memory file");
	*ret_picture = (struct picture){ .fd = scratch, .size = size, .unreadable = copying.unreadable };
	return 0;
}

void picture_done(struct disk *disk)
{
	if (disk->source->scratch >= 0 && ftruncate(disk->source->scratch, 0) < 0)
		return; /* it goes with the source */
}
