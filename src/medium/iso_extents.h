/*
 * iso_extents.h - which sectors of an image belong to what: none to two, and those that belong to nobody are empty.
 * Private to this room.
 */
#ifndef MEDIUM_ISO_EXTENTS_H
#define MEDIUM_ISO_EXTENTS_H

#include "medium/source.h"

struct iso_extent {
	uint64_t first, end; /* sectors */
	uint64_t bytes; /* in use; the rest of the last sector is empty */
	const char *what; /* "'README.txt'", "the path table"; borrowed */
};
enum { ISO_EXTENTS_MAX = SOURCE_FILES_MAX + 128 };
struct iso_extents {
	struct iso_extent list[ISO_EXTENTS_MAX];
	size_t count;
	uint64_t sectors; /* of the image */
};

/* BYTES from sector FIRST on. ERR_UNTRUSTED when they don't lie within the image, or there are too many. */
int iso_extents_add(struct iso_extents *extents, uint64_t first, uint64_t bytes, const char *what, struct err *err);
/* After the last: puts them in order and reads what lies between, and from the end of the image to byte BYTES of FD. ERR_UNTRUSTED for
 * an overlap, or for anything but zeros there, or when that is more than our images have. */
int iso_extents_prove(struct iso_extents *extents, int fd, uint64_t bytes, struct err *err);

#endif
