/*
 * replay_fast.c - how much of the fast-commit area belongs to the present. Fast commits stand behind the last whole transaction and bear
 * the number of the one that would follow; what bears another number is old. They hold records of single changes (little endian), and each
 * commit ends with a record that has its checksum. They are counted, not applied.
 *
 * Format: "Fast Commits" in Documentation/filesystems/ext4/journal.rst and fs/ext4/fast_commit.h of Linux 6.1. See replay_inner.h.
 */
#include <ext2fs/ext2fs.h>

#include "extfs/replay_inner.h"

enum { RECORD_BYTES = 4 /* u16 kind, u16 length of what follows */ };
enum { KIND_FIRST = 1, KIND_PADDING = 7, KIND_TAIL = 8, KIND_HEAD = 9 };

struct fast {
	uint32_t transaction;
	uint32_t sum; /* of the commit's records until here */
	bool over; /* what follows belongs to no commit of this transaction */
	bool whole; /* a commit ended in this block */
};

static uint32_t le32_at(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static uint16_t le16_at(const void *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return le16toh(value);
}

/* One record with LEN bytes behind its head. */
static void take(struct fast *fast, const unsigned char *record, uint16_t len)
{
	uint16_t kind = le16_at(record);
	const unsigned char *value = record + RECORD_BYTES;

	if (kind == KIND_TAIL && len >= 8) { /* u32 transaction, u32 checksum */
		fast->sum = ext2fs_crc32c_le(fast->sum, record, RECORD_BYTES + 4);
		if (le32_at(value) == fast->transaction && le32_at(value + 4) == fast->sum)
			fast->whole = true;
		else
			fast->over = true;
		fast->sum = 0;
	} else if (kind == KIND_HEAD && len == 8 && le32_at(value) == 0 && le32_at(value + 4) == fast->transaction) {
		fast->sum = ext2fs_crc32c_le(fast->sum, record, RECORD_BYTES + len);
	} else if (kind >= KIND_FIRST && kind <= KIND_PADDING) {
		fast->sum = ext2fs_crc32c_le(fast->sum, record, RECORD_BYTES + len);
	} else {
		fast->over = true;
	}
}

static void take_block(struct fast *fast, const unsigned char *data, size_t bytes)
{
	while (!fast->over && bytes >= RECORD_BYTES) {
		uint16_t len = le16_at(data + 2);

		if (len > bytes - RECORD_BYTES) {
			fast->over = true;
			return;
		}
		take(fast, data, len);
		data += RECORD_BYTES + len;
		bytes -= RECORD_BYTES + (size_t)len;
	}
}

uint64_t replay_fast_blocks(struct replay_log *log)
{
	struct fast fast = { .transaction = log->stop };
	uint64_t count = 0;

	if (log->fast_first == 0)
		return 0;
	for (uint32_t block = log->fast_first; block < log->length && !fast.over; block++) {
		if (replay_read(log, block, log->data) < 0 ||
		    (block == log->fast_first && le16_at(log->data) != KIND_HEAD))
			break;
		fast.whole = false;
		take_block(&fast, log->data, log->journal->block_bytes);
		if (fast.whole)
			count = block - log->fast_first + 1;
	}
	return count;
}
