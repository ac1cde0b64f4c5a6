/* replay_tags.c - descriptor and revoke blocks, and the checksums of blocks. See replay_inner.h. */
#include <ext2fs/ext2fs.h>

#include "extfs/replay_inner.h"

enum { FLAG_ESCAPED = 1, FLAG_SAME_UUID = 2, FLAG_LAST = 8 };
enum { TAIL_BYTES = 4, UUID_BYTES = 16, REVOKE_HEADER_BYTES = HEADER_BYTES + 4, COMMIT_CHECKSUM = HEADER_BYTES + 4 };

/* Where the payload of a descriptor or revoke block ends. */
static size_t payload_end(const struct replay_log *log)
{
	return log->journal->block_bytes - (log->sum2 || log->sum3 ? TAIL_BYTES : 0);
}

/* Version 2 made tags two bytes longer than its fields: so does the kernel. */
static size_t tag_bytes(const struct replay_log *log)
{
	if (log->sum3)
		return 16;
	return 8U + (log->sum2 ? 2 : 0) + (log->wide ? 4 : 0);
}

bool replay_tag(const struct replay_log *log, size_t *offset, struct replay_tag *ret_tag)
{
	const unsigned char *tag = log->control + *offset;
	unsigned flags;

	if (*offset > payload_end(log) || payload_end(log) - *offset < tag_bytes(log))
		return false;
	flags = be16_at(tag + 6);
	*ret_tag = (struct replay_tag){ .block = be32_at(tag),
					.escaped = flags & FLAG_ESCAPED,
					.last = flags & FLAG_LAST };
	if (log->wide)
		ret_tag->block |= (uint64_t)be32_at(tag + 8) << 32;
	ret_tag->checksum = log->sum3 ? be32_at(tag + 12) : be16_at(tag + 4);
	*offset += tag_bytes(log) + (flags & FLAG_SAME_UUID ? 0 : UUID_BYTES);
	return true;
}

uint32_t replay_tag_count(const struct replay_log *log)
{
	struct replay_tag tag = { .last = false };
	size_t offset = HEADER_BYTES;
	uint32_t count = 0;

	while (!tag.last && replay_tag(log, &offset, &tag))
		count++;
	return count;
}

bool replay_tag_right(const struct replay_log *log, const struct replay_tag *tag, uint32_t transaction)
{
	uint32_t number = htobe32(transaction), sum;

	if (!log->sum2 && !log->sum3)
		return true;
	sum = ext2fs_crc32c_le(log->seed, (const unsigned char *)&number, sizeof(number));
	sum = ext2fs_crc32c_le(sum, log->data, log->journal->block_bytes);
	return tag->checksum == (log->sum3 ? sum : (sum & 0xffff));
}

/* The checksum of log->control, which stands in it at OFFSET. */
static bool control_right(const struct replay_log *log, size_t offset)
{
	static const unsigned char zero[TAIL_BYTES];
	size_t behind = offset + TAIL_BYTES;
	uint32_t sum;

	if (!log->sum2 && !log->sum3)
		return true;
	sum = ext2fs_crc32c_le(log->seed, log->control, offset);
	sum = ext2fs_crc32c_le(sum, zero, sizeof(zero));
	sum = ext2fs_crc32c_le(sum, log->control + behind, log->journal->block_bytes - behind);
	return sum == be32_at(log->control + offset);
}

bool replay_tail_right(const struct replay_log *log)
{
	return control_right(log, log->journal->block_bytes - TAIL_BYTES);
}

bool replay_commit_right(const struct replay_log *log)
{
	return control_right(log, COMMIT_CHECKSUM);
}

/* Numbers of transactions wrap. */
static bool is_later(uint32_t a, uint32_t b)
{
	return a != b && a - b < UINT32_C(1) << 31;
}

int replay_revoke(struct replay_log *log, uint32_t transaction, struct err *err)
{
	size_t record_bytes = log->wide ? 8 : 4;
	uint32_t end = be32_at(log->control + HEADER_BYTES);

	if (end > payload_end(log))
		return replay_problem(log, "transaction %u: a revoke block of %u bytes", transaction, end);
	for (size_t at = REVOKE_HEADER_BYTES; at + record_bytes <= end; at += record_bytes) {
		uint64_t block = log->wide ? be64_at(log->control + at) : be32_at(log->control + at);
		struct replay_slot *slot;
		bool known;

		if (block >= log->journal->fs_blocks)
			continue; /* none such is ever applied */
		known = replay_map_find(&log->revoked, block) != NULL;
		slot = replay_map_put(&log->revoked, block);
		if (!slot)
			return err_nomem(err);
		if (!known || is_later(transaction, slot->transaction))
			slot->transaction = transaction;
	}
	return replay_within_bound(log, err);
}

bool replay_revoked(const struct replay_log *log, uint64_t block, uint32_t transaction)
{
	const struct replay_slot *slot = replay_map_find(&log->revoked, block);

	return slot && !is_later(transaction, slot->transaction);
}
