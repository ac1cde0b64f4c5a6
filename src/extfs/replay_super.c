/* replay_super.c - the journal's superblock. See replay_inner.h. */
#include <ext2fs/ext2fs.h>

#include "extfs/replay_inner.h"

enum { COMPAT_CHECKSUM = 1 };
enum {
	INCOMPAT_64BIT = 2,
	INCOMPAT_ASYNC_COMMIT = 4,
	INCOMPAT_CSUM_V2 = 8,
	INCOMPAT_CSUM_V3 = 16,
	INCOMPAT_FAST_COMMIT = 32
};
enum { INCOMPAT_KNOWN = 63 /* and 1: revoke blocks, which are looked for in any case */ };
enum { SUPER_BYTES = 1024, CRC32C = 4 };
enum { AT_BLOCK_BYTES = 12, AT_LENGTH = 16, AT_FIRST = 20, AT_TRANSACTION = 24, AT_START = 28, AT_ERRNO = 32 };
enum {
	AT_COMPAT = 36,
	AT_INCOMPAT = 40,
	AT_RO_COMPAT = 44,
	AT_UUID = 48,
	AT_CHECKSUM_TYPE = 80,
	AT_FAST_BLOCKS = 84,
	AT_CHECKSUM = 252
};
enum { LOG_BLOCKS_MIN = 1024, FAST_BLOCKS_DEFAULT = 256 };
enum { LOG_BLOCKS_MAX = 10240000 }; /* the most that mke2fs(8) makes; each may have to be read thrice */

static int features(struct replay_log *log, const unsigned char *super, struct err *err)
{
	uint32_t compat = be32_at(super + AT_COMPAT), incompat = be32_at(super + AT_INCOMPAT);
	uint32_t ro_compat = be32_at(super + AT_RO_COMPAT);

	if (incompat & ~(uint32_t)INCOMPAT_KNOWN || ro_compat)
		return err_set(err, ERR_DATA,
			       "journal: features that are not known: incompatible 0x%x, read-only compatible 0x%x",
			       incompat & ~(uint32_t)INCOMPAT_KNOWN, ro_compat);
	log->wide = incompat & INCOMPAT_64BIT;
	log->async_commit = incompat & INCOMPAT_ASYNC_COMMIT;
	log->sum_of_transaction = compat & COMPAT_CHECKSUM;
	log->sum2 = incompat & INCOMPAT_CSUM_V2;
	log->sum3 = incompat & INCOMPAT_CSUM_V3;
	if (log->sum2 + log->sum3 + log->sum_of_transaction > 1)
		return err_set(err, ERR_DATA, "journal: its superblock claims checksums of more than one version");
	if (incompat & INCOMPAT_FAST_COMMIT) {
		uint32_t fast = be32_at(super + AT_FAST_BLOCKS);

		if (fast == 0)
			fast = FAST_BLOCKS_DEFAULT;
		if (log->length >= fast && log->length - fast >= LOG_BLOCKS_MIN)
			log->end = log->length - fast;
		log->fast_first = log->end + 1; /* so does the kernel: one block lies idle */
	}
	return 0;
}

static int checksum(struct replay_log *log, unsigned char *super, struct err *err)
{
	uint32_t told = be32_at(super + AT_CHECKSUM);

	if (!log->sum2 && !log->sum3)
		return 0;
	if (super[AT_CHECKSUM_TYPE] != CRC32C)
		return err_set(err, ERR_DATA, "journal: a kind of checksum that is not known: %u",
			       super[AT_CHECKSUM_TYPE]);
	memset(super + AT_CHECKSUM, 0, sizeof(told));
	if (ext2fs_crc32c_le(UINT32_MAX, super, SUPER_BYTES) != told)
		return err_set(err, ERR_DATA, "journal: the checksum of its superblock is wrong");
	log->seed = ext2fs_crc32c_le(UINT32_MAX, super + AT_UUID, 16);
	return 0;
}

static int geometry(struct replay_log *log, const unsigned char *super, struct err *err)
{
	const struct replay_journal *journal = log->journal;

	if (be32_at(super + AT_BLOCK_BYTES) != journal->block_bytes)
		return err_set(err, ERR_DATA, "journal: blocks of %u bytes in a file system with blocks of %u",
			       be32_at(super + AT_BLOCK_BYTES), journal->block_bytes);
	log->length = be32_at(super + AT_LENGTH);
	if (log->length > journal->blocks)
		return err_set(err, ERR_DATA, "journal: %u blocks by its superblock, but %u in its file", log->length,
			       journal->blocks);
	if (log->length > LOG_BLOCKS_MAX)
		return err_set(err, ERR_DATA, "journal: %u blocks, at most %u can be", log->length,
			       (unsigned)LOG_BLOCKS_MAX);
	log->end = log->length;
	log->first = be32_at(super + AT_FIRST);
	log->start = be32_at(super + AT_START);
	log->transaction = be32_at(super + AT_TRANSACTION);
	log->result->recorded_errno = be32_at(super + AT_ERRNO);
	return 0;
}

int replay_super(struct replay_log *log, struct err *err)
{
	unsigned char *super = log->control;
	uint32_t type;
	int r;

	r = log->journal->read(log->journal->context, 0, super);
	if (r < 0)
		return err_errno_as(err, ERR_DATA, -r, "journal: cannot read its superblock");
	type = be32_at(super + 4);
	if (be32_at(super) != (uint32_t)JOURNAL_MAGIC || (type != BLOCK_SUPER_V1 && type != BLOCK_SUPER_V2))
		return err_set(err, ERR_DATA, "journal: what should be its superblock is none");
	r = geometry(log, super, err);
	if (r == 0 && type == BLOCK_SUPER_V2)
		r = features(log, super, err);
	if (r < 0)
		return r;
	if (log->first == 0 || log->first >= log->end)
		return err_set(err, ERR_DATA, "journal: its log begins at block %u of %u", log->first, log->end);
	return checksum(log, super, err);
}
