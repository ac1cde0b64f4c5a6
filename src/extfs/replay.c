/*
 * replay.c - see replay.h.
 *
 * Three passes, as in the kernel: where the log ends, what was taken back, and the blocks. A block that a transaction writes is
 * left alone when that or a later transaction revoked it. Where the kernel would refuse the file system but has written blocks before, those count
 * here too, and the result says the problem.
 */
#include "extfs/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "extfs/replay_inner.h"

#define HELD_BYTES_MAX (UINT64_C(4) << 30)

struct replay {
	struct replay_map blocks;
};

static void free_blocks(struct replay_map *blocks)
{
	for (size_t i = 0; i < blocks->capacity; i++)
		if (blocks->slots[i].key != UINT64_MAX)
			free(blocks->slots[i].data);
	replay_map_done(blocks);
}

static void log_done(struct replay_log *log)
{
	free_blocks(&log->blocks);
	replay_map_done(&log->revoked);
	free(log->control);
	free(log->data);
}

int replay_within_bound(const struct replay_log *log, struct err *err)
{
	uint64_t blocks = log->blocks.count, revokes = log->revoked.count;

	if (blocks * log->journal->block_bytes + revokes * 2 * sizeof(struct replay_slot) <= HELD_BYTES_MAX)
		return STEP_ON;
	return err_set(err, ERR_DATA, "journal: more than %u GiB wait in it", (unsigned)(HELD_BYTES_MAX >> 30));
}

/* Data of the journal, which is in log->data, to its place. */
static int put(struct replay_log *log, const struct replay_tag *tag, struct err *err)
{
	size_t bytes = log->journal->block_bytes;
	uint32_t magic = htobe32((uint32_t)JOURNAL_MAGIC);
	struct replay_slot *slot = replay_map_put(&log->blocks, tag->block);

	if (!slot)
		return err_nomem(err);
	if (!slot->data) {
		int r = replay_within_bound(log, err);

		if (r < 0)
			return r;
		slot->data = malloc(bytes);
		if (!slot->data)
			return err_nomem(err);
	}
	memcpy(slot->data, log->data, bytes);
	if (tag->escaped)
		memcpy(slot->data, &magic, sizeof(magic));
	return STEP_ON;
}

static int apply_tag(struct replay_log *log, const struct replay_tag *tag, const struct replay_place *place,
		     struct err *err)
{
	int r = replay_read(log, place->block, log->data);

	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0)
		(void)replay_problem(log, "transaction %u: cannot read block %u of the journal: %s", place->transaction,
				     place->block, strerror(-r));
	else if (replay_revoked(log, tag->block, place->transaction))
		return STEP_ON;
	else if (!replay_tag_right(log, tag, place->transaction))
		(void)replay_problem(log, "transaction %u: a wrong checksum of block %llu, which was left out",
				     place->transaction, (unsigned long long)tag->block);
	else if (tag->block >= log->journal->fs_blocks)
		(void)replay_problem(log, "transaction %u: block %llu, which the file system does not have",
				     place->transaction, (unsigned long long)tag->block);
	else
		return put(log, tag, err);
	return STEP_ON; /* what can be had is had, as in the kernel */
}

static int apply_descriptor(struct replay_log *log, struct replay_place *place, struct err *err)
{
	struct replay_tag tag = { .last = false };
	size_t offset = HEADER_BYTES;

	if (!replay_tail_right(log))
		return replay_problem(log, "transaction %u: a descriptor block's checksum is wrong",
				      place->transaction);
	while (!tag.last && replay_tag(log, &offset, &tag)) {
		int r = apply_tag(log, &tag, place, err);

		if (r != STEP_ON)
			return r;
		replay_skip(log, place, 1);
	}
	return STEP_ON;
}

/* The second pass and the third one go through the same blocks. */
static int pass(struct replay_log *log, bool applies, struct err *err)
{
	struct replay_place place = { .block = log->start, .transaction = log->transaction };
	uint32_t type;
	int r = STEP_ON;

	while (r == STEP_ON && (int32_t)(place.transaction - log->stop) < 0) {
		r = replay_next(log, &place, &type, err);
		if (r != STEP_ON)
			break;
		if (type == BLOCK_COMMIT)
			place.transaction++;
		else if (type == BLOCK_DESCRIPTOR && applies)
			r = apply_descriptor(log, &place, err);
		else if (type == BLOCK_DESCRIPTOR)
			replay_skip(log, &place, replay_tag_count(log));
		else if (type == BLOCK_REVOKE && !applies)
			r = replay_revoke(log, place.transaction, err);
		else if (type != BLOCK_REVOKE)
			break;
	}
	if (applies)
		log->result->transactions = place.transaction - log->transaction;
	if (r == STEP_END || (r == STEP_ON && place.transaction != log->stop))
		return replay_problem(log, "transaction %u: it changed while it was read", place.transaction);
	return r;
}

static int passes(struct replay_log *log, struct err *err)
{
	int r = replay_super(log, err);

	if (r < 0)
		return r;
	if (log->start == 0)
		return 0;
	r = replay_scan(log, err);
	if (r == STEP_ON)
		r = pass(log, false, err);
	if (r == STEP_ON)
		r = pass(log, true, err);
	if (r == STEP_ON)
		log->result->fast_commit_blocks = replay_fast_blocks(log);
	return r < 0 ? r : 0;
}

int replay_new(const struct replay_journal *journal, const atomic_bool *interrupted, struct replay **ret_replay,
	       struct replay_result *ret_result, struct err *err)
{
	struct replay_result result = { .empty = false };
	CLEANUP(log_done) struct replay_log log = { .journal = journal, .interrupted = interrupted, .result = &result };
	CLEANUP(replay_freep) struct replay *replay = calloc(1, sizeof(*replay));
	int r;

	if (journal->block_bytes < 1024 || journal->block_bytes > 65536)
		return err_set(err, ERR_DATA, "journal: blocks of %u bytes", journal->block_bytes);
	if (journal->blocks == 0)
		return err_set(err, ERR_DATA, "journal: its file is empty");
	log.control = malloc(journal->block_bytes);
	log.data = malloc(journal->block_bytes);
	if (!replay || !log.control || !log.data)
		return err_nomem(err);
	r = passes(&log, err);
	if (r < 0)
		return r;
	result.blocks = log.blocks.count;
	result.empty = result.transactions == 0 && result.fast_commit_blocks == 0 && result.problem[0] == '\0';
	replay->blocks = log.blocks;
	log.blocks = (struct replay_map){ .slots = NULL };
	*ret_replay = STEAL(replay);
	*ret_result = result;
	return 0;
}

void replay_freep(struct replay **replay)
{
	if (!*replay)
		return;
	free_blocks(&(*replay)->blocks);
	free(*replay);
	*replay = NULL;
}

const void *replay_block(const struct replay *replay, uint64_t block)
{
	const struct replay_slot *slot = replay_map_find(&replay->blocks, block);

	return slot ? slot->data : NULL;
}
