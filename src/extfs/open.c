/* open.c - see extfs.h: a file system is opened, its journal found and laid over it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "extfs/channel.h"
#include "extfs/pending.h"
#include "extfs/superblock.h"

static const char *reason_of(errcode_t code)
{
	static const struct {
		errcode_t code;
		const char *reason;
	} rows[] = {
		{ EXT2_ET_SB_CSUM_INVALID, "the checksum of its superblock is wrong" },
		{ EXT2_ET_UNKNOWN_CSUM, "its checksums are of a kind that is not known" },
		{ EXT2_ET_CORRUPT_SUPERBLOCK, "its superblock contradicts itself" },
		{ EXT2_ET_BAD_DESC_SIZE, "its superblock names a size of group descriptors that there is not" },
		{ EXT2_ET_GDESC_READ, "its group descriptors cannot be read in the image" },
		{ EXT2_ET_BAD_MAGIC, "the superblock's magic number is missing" },
		{ EXT2_ET_UNSUPP_FEATURE, "it has features that are not known" },
		{ ERANGE, "the image ends before its group descriptors do" },
		{ EIO, "its superblock or group descriptors cannot be read in the image" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].code == code)
			return rows[i].reason;
	return NULL;
}

static int open_error(errcode_t code, struct err *err)
{
	const char *reason = reason_of(code);

	if (code == ENOMEM || code == EXT2_ET_NO_MEMORY)
		return err_nomem(err);
	if (!reason)
		return err_set(err, ERR_DATA,
			       "no ext2, ext3 or ext4 file system can be read here: error %ld of libext2fs",
			       (long)code);
	return err_set(err, ERR_DATA, "no ext2, ext3 or ext4 file system can be read here: %s", reason);
}

static void fs_done(struct extfs *extfs)
{
	if (extfs->fs)
		ext2fs_free(extfs->fs);
	extfs->fs = NULL;
}

/* A mounted device changes its superblock under us: once it is whole that is good enough. */
static int open_fs(struct extfs *extfs, struct err *err)
{
	errcode_t code = 0;
	int r = 0;

	for (int i = 0; i < (extfs->options.fixed ? 1 : LIVE_TRIES); i++) {
		cache_forget(&extfs->cache);
		r = superblock_read(extfs, err);
		if (r < 0)
			continue;
		code = channel_open(extfs, &extfs->fs);
		if (code == 0) {
			if (extfs->fs->blocksize == extfs->block_bytes &&
			    ext2fs_blocks_count(extfs->fs->super) == extfs->blocks)
				return 0;
			code = EXT2_ET_CORRUPT_SUPERBLOCK; /* another one than the one that was checked */
			fs_done(extfs);
		}
		r = open_error(code, err);
	}
	return r;
}

static int make_space(struct extfs *extfs, struct err *err)
{
	for (size_t i = 0; i < TREE_DEPTH; i++) {
		free(extfs->levels[i]);
		extfs->levels[i] = malloc(extfs->block_bytes);
		if (!extfs->levels[i])
			return err_nomem(err);
	}
	free(extfs->block);
	extfs->block = malloc(extfs->block_bytes);
	return extfs->block ? 0 : err_nomem(err);
}

static int open_all(struct extfs *extfs, struct err *err)
{
	bool over = false;
	int r = open_fs(extfs, err);

	if (r == 0)
		r = make_space(extfs, err);
	if (r == 0)
		r = pending_find(extfs, &over, err);
	if (r < 0 || !over)
		return r;
	/* the journal may hold the superblock and the descriptors too */
	fs_done(extfs);
	extfs->view.block_bytes = extfs->block_bytes;
	extfs->view.replay = extfs->replay;
	r = open_fs(extfs, err);
	if (r < 0)
		return err_wrap(err, r, "with its journal applied");
	if (extfs->block_bytes != extfs->view.block_bytes)
		return err_set(err, ERR_DATA, "its journal changes the size of its blocks");
	return make_space(extfs, err);
}

int extfs_open(const struct extfs_options *options, struct extfs **ret_extfs, struct err *err)
{
	CLEANUP(extfs_freep) struct extfs *extfs = NULL;
	int r;

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return err_set(err, ERR_USAGE, "ext file systems are read on machines of little endian only");
	extfs = calloc(1, sizeof(*extfs));
	if (!extfs)
		return err_nomem(err);
	extfs->options = *options;
	extfs->part = *options->part;
	extfs->view = (struct view){ .part = &extfs->part };
	cache_init(&extfs->cache, &extfs->view);
	r = open_all(extfs, err);
	if (r < 0)
		return r;
	*ret_extfs = STEAL(extfs);
	return 0;
}

void extfs_freep(struct extfs **extfs)
{
	struct extfs *it = *extfs;

	if (!it)
		return;
	fs_done(it);
	for (size_t i = 0; i < TREE_DEPTH; i++)
		free(it->levels[i]);
	free(it->block);
	pending_done(it);
	cache_done(&it->cache);
	free(it);
	*extfs = NULL;
}

const struct extfs_info *extfs_info(const struct extfs *extfs)
{
	return &extfs->info;
}

void extfs_forget(struct extfs *extfs)
{
	cache_forget(&extfs->cache);
	(void)ext2fs_flush_icache(extfs->fs);
}

int extfs_block(struct extfs *extfs, uint64_t number, const char *what, void *data, struct line *line)
{
	int r = cache_read(&extfs->cache, number * extfs->block_bytes, data, extfs->block_bytes);

	if (r == 0)
		return 0;
	if (r == -ENOMEM)
		return r;
	line_set(line, "%s, block %" PRIu64 ", %s", what, number,
		 r == -ERANGE ? "lies behind the end of the image" : "cannot be read in the image");
	return -EIO;
}
