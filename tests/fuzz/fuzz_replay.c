/*
 * fuzz_replay.c - a journal from anybody, applied in memory: it ends, and every block that it gives belongs to the file system. An input is
 * a byte (1: set its checksums right first) and a journal as in sparse_image.h.
 */
/* rooms: extfs crypto base */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "extfs/replay.h"
#include "journal_seal.h"
#include "sparse_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FS_BLOCKS = 9000 };

struct journal {
	unsigned char *data;
	uint32_t block_bytes, blocks;
};

static int read_block(void *context, uint32_t index, void *data)
{
	const struct journal *journal = context;

	if (index >= journal->blocks)
		abort();
	if (index % 509 == 508)
		return -EIO;
	memcpy(data, journal->data + (size_t)index * journal->block_bytes, journal->block_bytes);
	return 0;
}

static void apply(struct journal *journal)
{
	const struct replay_journal given = { .read = read_block,
					      .context = journal,
					      .block_bytes = journal->block_bytes,
					      .blocks = journal->blocks,
					      .fs_blocks = FS_BLOCKS };
	struct replay *replay = NULL;
	struct replay_result result;
	struct err err = ERR_INIT;
	uint64_t found = 0;

	if (replay_new(&given, NULL, &replay, &result, &err) < 0) {
		if (err.code != ERR_DATA || replay)
			abort();
		return;
	}
	for (uint64_t i = 0; i < FS_BLOCKS; i++)
		found += replay_block(replay, i) != NULL;
	if (found != result.blocks || memchr(result.problem, '\0', sizeof(result.problem)) == NULL ||
	    result.fast_commit_blocks > journal->blocks)
		abort();
	replay_freep(&replay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = size ? sparse_image(data + 1, size - 1) : -1;
	struct journal journal = { .block_bytes = 1024 };
	struct stat st;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		journal.data = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		if (journal.data == MAP_FAILED)
			abort();
		if (journal_get32(journal.data + 12) == 2048 ||
		    (journal_get32(journal.data + 12) == 4096 && st.st_size >= 4096))
			journal.block_bytes = journal_get32(journal.data + 12);
		journal.blocks = (uint32_t)((uint64_t)st.st_size / journal.block_bytes);
		if (data[0] & 1)
			journal_seal(journal.data, journal.block_bytes, journal.blocks);
		apply(&journal);
		(void)munmap(journal.data, (size_t)st.st_size);
	}
	close(fd);
	return 0;
}
