/*
 * replay_inner.h - what the parts of replay share: the log that is being read.
 *
 * replay_super.c reads the journal's superblock into it, replay_log.c goes through the log's blocks, replay_tags.c knows descriptor and
 * revoke blocks and their checksums, replay_fast.c the fast-commit area, replay.c makes the three passes.
 *
 * Numbers in the journal are big endian. Format: Documentation/filesystems/ext4/journal.rst and include/linux/jbd2.h of Linux; what is
 * done with each defect: fs/jbd2/recovery.c.
 */
#ifndef EXTFS_REPLAY_INNER_H
#define EXTFS_REPLAY_INNER_H

#include <endian.h>
#include <string.h>

#include "extfs/replay.h"
#include "extfs/replay_map.h"

enum { JOURNAL_MAGIC = (int)0xc03b3998U };
enum { BLOCK_DESCRIPTOR = 1, BLOCK_COMMIT = 2, BLOCK_SUPER_V1 = 3, BLOCK_SUPER_V2 = 4, BLOCK_REVOKE = 5 };
enum { HEADER_BYTES = 12 }; /* magic, type, transaction */

struct replay_log {
	const struct replay_journal *journal;
	const atomic_bool *interrupted;
	struct replay_result *result;
	/* of the superblock */
	uint32_t length; /* blocks */
	uint32_t first, end; /* the ring of log blocks: first <= block < end */
	uint32_t start, transaction; /* where the first transaction that waits begins, 0: nothing waits; its number */
	uint32_t fast_first; /* the fast-commit area, up to length; 0: none */
	bool wide; /* 64-bit block numbers */
	bool sum_of_transaction; /* checksums of version 1 */
	bool sum2, sum3; /* of versions 2 and 3 */
	bool async_commit;
	uint32_t seed; /* of the checksums of versions 2 and 3 */
	/* found by the scan: transactions before it are whole */
	uint32_t stop;
	bool stopped; /* stop is set */
	struct replay_map revoked; /* block -> newest transaction that revoked it */
	struct replay_map blocks; /* block -> data, owned */
	unsigned char *control, *data; /* a block each */
};

/* A step's result, or a negative enum err_code. */
enum { STEP_END, STEP_ON, STEP_FAILED /* the kernel would give up here; result->problem says why */ };

static inline uint16_t be16_at(const void *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return be16toh(value);
}

static inline uint32_t be32_at(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

static inline uint64_t be64_at(const void *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return be64toh(value);
}

/* The first problem is kept. Returns STEP_FAILED. */
int replay_problem(struct replay_log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads the superblock; log->journal is set. ERR_DATA when it can't be believed. */
int replay_super(struct replay_log *log, struct err *err);

/* Where a pass stands in the log. */
struct replay_place {
	uint32_t block, transaction;
	uint64_t used; /* blocks gone through: a log that bites its own tail ends */
};

/* One log block into log->control. STEP_ON and its type; STEP_END: what stands there does not belong to the transaction. */
int replay_next(struct replay_log *log, struct replay_place *place, uint32_t *ret_type, struct err *err);
void replay_skip(const struct replay_log *log, struct replay_place *place, uint32_t blocks);
/* 0, or the negative errno of a block that could not be read. */
int replay_read(const struct replay_log *log, uint32_t block, void *data);

/* A tag of a descriptor block. */
struct replay_tag {
	uint64_t block;
	uint32_t checksum; /* of 16 bits in version 2 */
	bool escaped, last;
};
/* The tag at *OFFSET of log->control (HEADER_BYTES to begin with), and OFFSET behind it. False when no further one has room. */
bool replay_tag(const struct replay_log *log, size_t *offset, struct replay_tag *ret_tag);
uint32_t replay_tag_count(const struct replay_log *log); /* of the descriptor block in log->control */
bool replay_tag_right(const struct replay_log *log, const struct replay_tag *tag, uint32_t transaction);
bool replay_tail_right(const struct replay_log *log); /* the checksum of a descriptor or revoke block */
bool replay_commit_right(const struct replay_log *log); /* of a commit block, versions 2 and 3 */
/* Notes what the revoke block in log->control takes back. STEP_ON, STEP_FAILED, or memory. */
int replay_revoke(struct replay_log *log, uint32_t transaction, struct err *err);
bool replay_revoked(const struct replay_log *log, uint64_t block, uint32_t transaction);

/* Finds the end of the log: log->stop. STEP_ON, STEP_FAILED. */
int replay_scan(struct replay_log *log, struct err *err);

/* Blocks of the fast-commit area up to the end of the last fast commit that belongs to transaction log->stop. */
uint64_t replay_fast_blocks(struct replay_log *log);

/* What the journal may hold of memory: blocks and revokes. */
int replay_within_bound(const struct replay_log *log, struct err *err);

#endif
