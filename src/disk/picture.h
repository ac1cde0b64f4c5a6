/* picture.h - of a part of a disk, those bytes that tell what lies there, in a file that libblkid can read. */
#ifndef DISK_PICTURE_H
#define DISK_PICTURE_H

#include "disk/disk.h"

struct picture {
	int fd; /* borrowed from the disk's source */
	uint64_t offset, size; /* of the part in it, bytes */
	uint64_t unreadable; /* bytes of the picture that could not be read: zeros */
};

/*
 * The part from OFFSET on, which is within the disk, SIZE bytes, which may reach beyond its end. SECTOR: bytes a sector in which tables count, 0 when no table is looked for.
 * The next picture of the disk replaces it. ERR_INTERNAL.
 */
int picture_make(struct disk *disk, uint64_t offset, uint64_t size, uint32_t sector, struct picture *ret_picture,
		 struct err *err);
void picture_done(struct disk *disk); /* gives the memory back */

#endif
