/* little.h - the little endian numbers of ext2/3/4 on disk, aligned or not. Pure. */
#ifndef EXTFS_LITTLE_H
#define EXTFS_LITTLE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline unsigned little_16(const unsigned char *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return le16toh(value);
}

static inline uint32_t little_32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

#endif
