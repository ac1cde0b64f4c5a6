/*
 * sparse_image.h - an ISO image as a test input: u16 sectors of the whole, then u16 sector, u16 length and that many bytes,
 * again and again (little endian). What is not named is zero. So an image of 80 KB is an input of 4.
 * tests/fuzz/sparse_image.py makes one.
 */
#ifndef TESTS_FUZZ_SPARSE_IMAGE_H
#define TESTS_FUZZ_SPARSE_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SPARSE_SECTOR = 2048, SPARSE_SECTORS_MAX = 2048 };

/* A descriptor on the image in memory, or -1. */
static inline int sparse_image(const uint8_t *data, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	size_t at = 2;

	if (fd < 0 || size < 2 || data[0] + 256 * data[1] > SPARSE_SECTORS_MAX ||
	    ftruncate(fd, (off_t)SPARSE_SECTOR * (data[0] + 256 * data[1])) < 0)
		goto fail;
	while (at + 4 <= size) {
		size_t sector = data[at] + 256U * data[at + 1], len = data[at + 2] + 256U * data[at + 3];

		at += 4;
		if (len > SPARSE_SECTOR || len > size - at || sector > SPARSE_SECTORS_MAX ||
		    pwrite(fd, data + at, len, (off_t)(sector * SPARSE_SECTOR)) != (ssize_t)len)
			goto fail;
		at += len;
	}
	return fd;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

#endif
