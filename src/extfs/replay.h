/*
 * replay.h - the pending journal of an ext3/ext4 file system, applied in memory: which blocks it would write, and with what.
 *
 * JBD2 as of Linux 6.1: descriptor, commit and revoke blocks, checksums v1, v2 and v3, 64-bit block numbers, escaped blocks. A
 * transaction counts when its commit block is there; the first that is not ends the replay, as in the kernel. Knows nothing of
 * libext2fs: the journal's blocks come through a callback.
 */
#ifndef EXTFS_REPLAY_H
#define EXTFS_REPLAY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

#include "tally/err.h"

struct replay_journal {
	/* Block INDEX of the journal (0: its superblock), BLOCK_BYTES long. 0 or negative errno. */
	int (*read)(void *context, uint32_t index, void *data);
	void *context;
	uint32_t block_bytes;
	uint32_t blocks; /* of the journal's file */
	uint64_t fs_blocks; /* a transaction that names another one is damaged */
	unsigned char uuid[16]; /* of the file system, for messages only */
};

struct replay_result {
	bool empty; /* nothing waits */
	uint64_t transactions, blocks; /* applied; distinct blocks */
	uint64_t
		fast_commit_blocks; /* of the fast-commit area: they hold commits behind the last transaction, and are not applied */
	uint32_t
		recorded_errno; /* with which the kernel gave up the journal, 0: it did not. Nothing else follows from it */
	char problem[160]; /* "", or the first thing that was no regular end (a wrong checksum, an impossible block) */
};

struct replay;

/* ERR_DATA when the journal's superblock can't be believed, ERR_NOMEM; RET_RESULT is filled on success. At most 4 GiB of blocks are held. */
int replay_new(const struct replay_journal *journal, const atomic_bool *interrupted, struct replay **ret_replay,
	       struct replay_result *ret_result, struct err *err);
void replay_freep(struct replay **replay);
/* What the journal puts at this block of the file system (block_bytes long, borrowed), or NULL: what stands there counts. Thread-safe. */
const void *replay_block(const struct replay *replay, uint64_t block);

#endif
