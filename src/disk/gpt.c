/* gpt.c - see gpt.h. */
#include "disk/gpt.h"

#include <string.h>

#include "disk/disk_inner.h"

enum { HEADER = 92, ENTRY_MAX = 4096, ENTRIES_MAX = 16384 };

static uint64_t le(const unsigned char *data, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = bytes; i-- > 0;)
		value = value << 8 | data[i];
	return value;
}

static bool is_header(struct disk *disk, uint64_t at, unsigned char header[HEADER])
{
	memset(header, 0, HEADER);
	(void)disk_read(disk, at, header, HEADER);
	return memcmp(header, "EFI PART", 8) == 0;
}

uint32_t gpt_sector(struct disk *disk, uint64_t offset)
{
	unsigned char header[HEADER];

	if (disk->source->form == DISK_DEVICE)
		return disk->source->sector_bytes;
	return !is_header(disk, offset + 512, header) && is_header(disk, offset + 4096, header) ? 4096 : 512;
}

static bool header_at_end(struct disk *disk, uint64_t offset, uint64_t size, uint32_t sector)
{
	unsigned char header[HEADER];

	return size >= sector && is_header(disk, offset + (size / sector - 1) * sector, header);
}

bool gpt_at_end(struct disk *disk, uint64_t offset, uint64_t size, uint32_t *sector)
{
	static const uint32_t sizes[] = { 512, 4096 };

	for (size_t i = 0; i < 2; i++) {
		if (header_at_end(disk, offset, size, sizes[i])) {
			*sector = sizes[i];
			return true;
		}
	}
	return false;
}

uint64_t gpt_claim(struct disk *disk, uint64_t offset, uint32_t sector)
{
	unsigned char header[HEADER];
	uint64_t last;

	if (!is_header(disk, offset + sector, header))
		return 0;
	last = le(header + 32, 8); /* where its copy stands */
	return last < (UINT64_C(1) << 61) / sector ? (last + 1) * sector : 0;
}

static uint64_t count_entries(struct disk *disk, uint64_t offset, uint64_t size, uint32_t sector,
			      const unsigned char header[HEADER])
{
	uint64_t at = le(header + 72, 8), count = le(header + 80, 4), bytes = le(header + 84, 4), used = 0;

	if (bytes < 128 || bytes > ENTRY_MAX || at > size / sector)
		return 0;
	at *= sector;
	for (uint64_t i = 0; i < count && i < ENTRIES_MAX && at + i * bytes <= size - 16; i++) {
		static const unsigned char unused[16];
		unsigned char type[16] = { 0 };

		(void)disk_read(disk, offset + at + i * bytes, type, sizeof(type));
		used += memcmp(type, unused, sizeof(type)) != 0;
	}
	return used;
}

void gpt_check(struct disk *disk, uint64_t offset, uint64_t size, uint32_t sector, uint64_t at,
	       struct gpt_findings *ret_findings)
{
	unsigned char header[HEADER];

	ret_findings->problem = NULL;
	ret_findings->entries = 0;
	if (at != sector)
		ret_findings->problem = "the first copy of the GPT is damaged, the last one is used";
	else if (!header_at_end(disk, offset, size, sector))
		ret_findings->problem = "the last copy of the GPT is not at the disk's end";
	if (is_header(disk, offset + at, header))
		ret_findings->entries = count_entries(disk, offset, size, sector, header);
}
