/* extcopy.c - see extcopy.h. */
#include "disk/extcopy.h"

enum { SUPERBLOCK_BYTES = 128, LOG_MIN = 10, LOG_MAX = 16, MAGIC = 0xef53 };
enum { AT_BLOCKS = 4, AT_LOG_BLOCK_SIZE = 24, AT_MAGIC = 56, AT_GROUP = 90 };

static uint32_t le(const unsigned char *data, size_t bytes)
{
	uint32_t value = 0;

	for (size_t i = bytes; i-- > 0;)
		value = value << 8 | data[i];
	return value;
}

/* A copy at byte AT of a file system with blocks of 2^LOG bytes says that it is the one of GROUP. */
static bool is_copy(struct disk *disk, uint64_t at, unsigned log, uint32_t group)
{
	unsigned char data[SUPERBLOCK_BYTES];

	return disk_read(disk, at, data, sizeof(data)) == 0 && le(data + AT_MAGIC, 2) == MAGIC &&
	       le(data + AT_LOG_BLOCK_SIZE, 4) == log - LOG_MIN && le(data + AT_GROUP, 2) == group &&
	       le(data + AT_BLOCKS, 4) != 0;
}

bool extcopy_find(struct disk *disk, uint64_t offset, uint64_t size, struct extcopy *ret_copy)
{
	static const uint32_t groups[] = { 1, 3, 5, 7, 9 };

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		for (unsigned log = LOG_MIN; log <= LOG_MAX; log++) {
			/* a group is as many blocks as one block has bits; with blocks of 1 KiB the first is left out */
			uint64_t block = groups[i] * (UINT64_C(8) << log) + (log == LOG_MIN);

			if (block << log > size || size - (block << log) < SUPERBLOCK_BYTES ||
			    !is_copy(disk, offset + (block << log), log, groups[i]))
				continue;
			*ret_copy = (struct extcopy){ block, UINT32_C(1) << log };
			return true;
		}
	}
	return false;
}
