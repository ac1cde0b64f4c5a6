/*
 * journal_seal.h - right checksums (versions 2 and 3) over whatever stands in a journal, so that tests get past them: of its superblock
 * and of its descriptor, commit and revoke blocks. Those of data blocks stay as they are.
 */
#ifndef TESTS_JOURNAL_SEAL_H
#define TESTS_JOURNAL_SEAL_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include <ext2fs/ext2fs.h>

static inline uint32_t journal_get32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

static inline void journal_put32(unsigned char *at, uint32_t value)
{
	value = htobe32(value);
	memcpy(at, &value, sizeof(value));
}

/* The first BLOCKS of a journal. */
static inline void journal_seal(unsigned char *journal, uint32_t block_bytes, uint32_t blocks)
{
	uint32_t seed = ext2fs_crc32c_le(UINT32_MAX, journal + 48, 16);

	for (uint32_t i = 1; i < blocks; i++) {
		unsigned char *block = journal + (size_t)i * block_bytes;
		unsigned char *sum = journal_get32(block + 4) == 2 ? block + 16 : block + block_bytes - 4;

		if (journal_get32(block) != 0xc03b3998U)
			continue;
		journal_put32(sum, 0);
		journal_put32(sum, ext2fs_crc32c_le(seed, block, block_bytes));
	}
	journal[80] = 4; /* crc32c */
	journal_put32(journal + 252, 0);
	journal_put32(journal + 252, ext2fs_crc32c_le(UINT32_MAX, journal, 1024));
}

#endif
