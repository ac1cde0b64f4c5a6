/* pending.c - see pending.h. */
#include "extfs/pending.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "extfs/runs.h"

struct journal_file {
	const struct view *view;
	const struct runs *runs;
	uint32_t block_bytes;
};

static int read_journal(void *context, uint32_t index, void *data)
{
	const struct journal_file *file = context;
	size_t at = runs_find(file->runs, index);
	const struct run *run = at < file->runs->count ? &file->runs->all[at] : NULL;

	if (!run || run->logical > index)
		return -EUCLEAN; /* a hole */
	return view_read(file->view, (run->physical + (index - run->logical)) * file->block_bytes, data,
			 file->block_bytes);
}

static void damaged(struct extfs *extfs, const char *why)
{
	extfs->info.journal = JOURNAL_DAMAGED;
	/* cut to what fits */
	(void)snprintf(extfs->info.problem, sizeof(extfs->info.problem), "%.*s", (int)sizeof(extfs->info.problem) - 1,
		       why);
}

/* Where the journal lies. False when that can't be told; the info says so. */
static int find_runs(struct extfs *extfs, uint64_t *ret_blocks, struct runs *ret_runs)
{
	CLEANUP(inode_done) struct inode inode = { .raw = NULL };
	struct line line = { "" };
	int r = inode_read(extfs, extfs->fs->super->s_journal_inum, &inode, &line);

	if (r == 0 && (!S_ISREG(inode.mode) || inode.size / extfs->block_bytes > UINT32_MAX)) {
		line_set(&line, "inode %" PRIu32 " cannot be the journal", inode.number);
		r = -EUCLEAN;
	}
	*ret_blocks = r == 0 ? inode.size / extfs->block_bytes : 0;
	if (r == 0)
		r = runs_read(extfs, &inode, *ret_blocks, ret_runs, &line);
	if (r < 0)
		damaged(extfs, line.text);
	return r;
}

static int replay(struct extfs *extfs, const struct runs *runs, uint64_t blocks, struct err *err)
{
	struct journal_file file = { &extfs->view, runs, extfs->block_bytes };
	struct replay_journal journal = { .read = read_journal,
					  .context = &file,
					  .block_bytes = extfs->block_bytes,
					  .blocks = (uint32_t)blocks,
					  .fs_blocks = extfs->blocks };
	struct replay_result result = { .empty = false };
	int r;

	memcpy(journal.uuid, extfs->fs->super->s_uuid, sizeof(journal.uuid));
	r = replay_new(&journal, NULL, &extfs->replay, &result, err);
	if (r == ERR_DATA) {
		damaged(extfs, err->message);
		return 0;
	}
	if (r < 0)
		return r;
	extfs->info.transactions = result.transactions;
	extfs->info.journal_blocks = result.blocks;
	extfs->info.fast_commit_blocks = result.fast_commit_blocks;
	if (result.problem[0])
		damaged(extfs, result.problem);
	else if (result.empty)
		extfs->info.journal = JOURNAL_CLEAN;
	return 0;
}

int pending_find(struct extfs *extfs, bool *ret_over, struct err *err)
{
	CLEANUP(runs_done) struct runs runs = RUNS_INIT;
	struct ext2_super_block *super = extfs->fs->super;
	uint64_t blocks = 0;
	int r;

	*ret_over = false;
	extfs->info.journal = JOURNAL_NONE;
	if (!ext2fs_has_feature_journal(super))
		return 0;
	extfs->info.journal = ext2fs_has_feature_journal_needs_recovery(super) ? JOURNAL_PENDING : JOURNAL_CLEAN;
	if (extfs->info.journal == JOURNAL_CLEAN)
		return 0;
	if (super->s_journal_inum == 0) {
		extfs->info.journal = JOURNAL_EXTERNAL;
		return 0;
	}
	if (!extfs->options.replay)
		return 0;
	r = find_runs(extfs, &blocks, &runs);
	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0)
		return 0;
	r = replay(extfs, &runs, blocks, err);
	*ret_over = r == 0 && extfs->info.journal_blocks > 0;
	return r;
}

void pending_done(struct extfs *extfs)
{
	replay_freep(&extfs->replay);
}
