/*
 * replay_scan.c - going through the log's blocks, and the first pass over them: which transactions are whole.
 *
 * A wrong checksum can mean a damaged journal, a commit that was interrupted, or blocks of an older life of the journal that happen to
 * continue its numbers; the time in the commit block tells the last apart. See replay_inner.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <ext2fs/ext2fs.h>

#include "extfs/replay_inner.h"

enum { COMMIT_SUM_TYPE = 12, COMMIT_SUM_SIZE = 13, COMMIT_SUM = 16, COMMIT_SECONDS = 48 };
enum { SUM_TYPE_CRC32 = 1, SUM_SIZE_CRC32 = 4 };

int replay_problem(struct replay_log *log, const char *format, ...)
{
	va_list arguments;

	if (log->result->problem[0] == '\0') {
		va_start(arguments, format);
		(void)vsnprintf(log->result->problem, sizeof(log->result->problem), format, arguments);
		va_end(arguments);
	}
	return STEP_FAILED;
}

int replay_read(const struct replay_log *log, uint32_t block, void *data)
{
	return block < log->length ? log->journal->read(log->journal->context, block, data) : -ERANGE;
}

void replay_skip(const struct replay_log *log, struct replay_place *place, uint32_t blocks)
{
	/* at most one turn at a time: so does the kernel, and what is still too far cannot be read */
	place->block += blocks;
	if (place->block >= log->end)
		place->block -= log->end - log->first;
	place->used += blocks;
}

int replay_next(struct replay_log *log, struct replay_place *place, uint32_t *ret_type, struct err *err)
{
	uint32_t block = place->block;
	int r;

	if (log->interrupted && atomic_load(log->interrupted))
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	if (place->used > 2 * (uint64_t)log->length)
		return replay_problem(log, "transaction %u: it has no end", place->transaction);
	r = replay_read(log, block, log->control);
	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0)
		return replay_problem(log, "transaction %u: cannot read block %u of the journal: %s",
				      place->transaction, block, r == -ERANGE ? "it is beyond its end" : strerror(-r));
	replay_skip(log, place, 1);
	if (be32_at(log->control) != (uint32_t)JOURNAL_MAGIC || be32_at(log->control + 8) != place->transaction)
		return STEP_END;
	*ret_type = be32_at(log->control + 4);
	return STEP_ON;
}

struct scan {
	struct replay_place place;
	uint32_t sum; /* of the transaction, version 1 */
	bool doubtful; /* a block of the transaction had a wrong checksum */
	uint64_t seconds; /* of the last commit block */
};

/* Checksums of version 1 cover the descriptor block and all that it describes. */
static int add_to_sum(struct replay_log *log, struct scan *scan)
{
	uint32_t count = replay_tag_count(log), bytes = log->journal->block_bytes;

	scan->sum = ext2fs_crc32_be(scan->sum, log->control, bytes);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t block = scan->place.block;
		int r = replay_read(log, block, log->data);

		if (r < 0)
			return replay_problem(log, "transaction %u: cannot read block %u of the journal: %s",
					      scan->place.transaction, block, strerror(-r));
		replay_skip(log, &scan->place, 1);
		scan->sum = ext2fs_crc32_be(scan->sum, log->data, bytes);
	}
	return STEP_ON;
}

static int scan_descriptor(struct replay_log *log, struct scan *scan)
{
	if (!replay_tail_right(log))
		scan->doubtful = true;
	if (log->sum_of_transaction && !log->stopped)
		return add_to_sum(log, scan);
	replay_skip(log, &scan->place, replay_tag_count(log));
	return STEP_ON;
}

static bool transaction_right(const struct replay_log *log, const struct scan *scan)
{
	const unsigned char *commit = log->control;
	uint32_t told = be32_at(commit + COMMIT_SUM);

	if (!log->sum_of_transaction)
		return replay_commit_right(log);
	return (told == scan->sum && commit[COMMIT_SUM_TYPE] == SUM_TYPE_CRC32 &&
		commit[COMMIT_SUM_SIZE] == SUM_SIZE_CRC32) ||
	       (told == 0 && commit[COMMIT_SUM_TYPE] == 0 && commit[COMMIT_SUM_SIZE] == 0);
}

static int scan_commit(struct replay_log *log, struct scan *scan)
{
	uint64_t seconds = be64_at(log->control + COMMIT_SECONDS);

	if (scan->doubtful && seconds < scan->seconds)
		return STEP_END; /* an older life */
	if (scan->doubtful)
		return replay_problem(log, "transaction %u: a wrong checksum; nothing was replayed",
				      scan->place.transaction);
	if (log->sum_of_transaction && log->stopped) {
		(void)replay_problem(log, "transaction %u: a wrong checksum, and another one behind it", log->stop);
		return STEP_ON;
	}
	if (!transaction_right(log, scan)) {
		if (seconds < scan->seconds)
			return STEP_END;
		log->stop = scan->place.transaction;
		log->stopped = true;
		if (!log->async_commit) {
			(void)replay_problem(log, "transaction %u: the checksum in its commit block is wrong",
					     log->stop);
			return STEP_ON;
		}
	}
	scan->sum = UINT32_MAX;
	scan->seconds = seconds;
	scan->place.transaction++;
	return STEP_ON;
}

static int scan_block(struct replay_log *log, struct scan *scan, uint32_t type)
{
	switch (type) {
	case BLOCK_DESCRIPTOR:
		return scan_descriptor(log, scan);
	case BLOCK_COMMIT:
		return scan_commit(log, scan);
	case BLOCK_REVOKE:
		if (!replay_tail_right(log))
			scan->doubtful = true;
		return STEP_ON;
	default:
		return STEP_END;
	}
}

int replay_scan(struct replay_log *log, struct err *err)
{
	struct scan scan = { .place = { .block = log->start, .transaction = log->transaction }, .sum = UINT32_MAX };
	uint32_t type;
	int r;

	do {
		r = replay_next(log, &scan.place, &type, err);
		if (r == STEP_ON)
			r = scan_block(log, &scan, type);
	} while (r == STEP_ON);
	if (r != STEP_END)
		return r;
	if (!log->stopped)
		log->stop = scan.place.transaction;
	return STEP_ON;
}
