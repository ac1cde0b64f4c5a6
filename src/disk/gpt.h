/*
 * gpt.h - what libblkid keeps to itself about a GPT: which copy of it was believed, and how many entries it left out.
 * UEFI 2.10, 5.3.2 and 5.3.3. Reads by disk_read(); what cannot be read counts as zeros.
 */
#ifndef DISK_GPT_H
#define DISK_GPT_H

#include "disk/disk.h"

/* Bytes a sector: of a device as it says, else 4096 when a header stands at byte 4096 and none at 512, else 512. */
uint32_t gpt_sector(struct disk *disk, uint64_t offset);
/* A header in the last sector of the part; *SECTOR is set to the size that shows it. */
bool gpt_at_end(struct disk *disk, uint64_t offset, uint64_t size, uint32_t *sector);

/* The size of the disk that the first header is of, bytes from OFFSET; 0 when there is no header or it cannot be. */
uint64_t gpt_claim(struct disk *disk, uint64_t offset, uint32_t sector);

struct gpt_findings {
	const char *problem; /* a constant; NULL: both copies have a header */
	uint64_t entries; /* in use, in the copy whose header stands at HEADER (bytes from OFFSET) */
};
void gpt_check(struct disk *disk, uint64_t offset, uint64_t size, uint32_t sector, uint64_t header,
	       struct gpt_findings *ret_findings);

#endif
