/*
 * replay_fixture.h - images with pending journals, and what stands in them when their journal is applied: by us, and for real.
 * Images are made by mkfs.ext4, debugfs and the kernel in a folder below /tmp.
 */
#ifndef TESTS_REPLAY_FIXTURE_H
#define TESTS_REPLAY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <endian.h>
#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <unistd.h>

#include "extfs/replay.h"
#include "own_mounts.h"
#include "../fuzz/journal_seal.h"

static char fixture_dir[64];

/* A shell command in the folder; its exit status. */
__attribute__((format(printf, 1, 2))) static int sh(const char *format, ...)
{
	char command[4096];
	int used = snprintf(command, sizeof(command), "exec >>log 2>&1; cd '%s' || exit 99; ", fixture_dir);
	va_list arguments;
	int status;

	va_start(arguments, format);
	(void)vsnprintf(command + used, sizeof(command) - (size_t)used, format, arguments);
	va_end(arguments);
	status = system(command); /* NOLINT: our own words */
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}
#define must_sh(...)                                                                                                   \
	do {                                                                                                           \
		if (sh(__VA_ARGS__) != 0) {                                                                            \
			(void)!system("tail -n 5 log >&2");                                                            \
			fail_msg("a command failed");                                                                  \
		}                                                                                                      \
	} while (0)

static inline int fixture_begin(void **state)
{
	(void)state;
	own_mounts();
	/* in memory, where syncing takes no time */
	(void)snprintf(fixture_dir, sizeof(fixture_dir), "%s", "/dev/shm/tally-replay-XXXXXX");
	if (!mkdtemp(fixture_dir))
		(void)snprintf(fixture_dir, sizeof(fixture_dir), "%s", "/tmp/tally-replay-XXXXXX");
	else
		return chdir(fixture_dir);
	return mkdtemp(fixture_dir) && chdir(fixture_dir) == 0 ? 0 : -1;
}

static inline int fixture_end(void **state)
{
	char command[256];

	(void)state;
	(void)snprintf(command, sizeof(command), "cd /; umount '%s/mnt' 2>/dev/null; rm -rf '%s'", fixture_dir,
		       fixture_dir);
	return system(command) == 0 ? 0 : -1; /* NOLINT */
}

/* An image in the folder, with the journal of it applied in memory. */
struct overlay {
	ext2_filsys fs;
	struct ext2_inode inode; /* of the journal */
	struct replay *replay;
	struct replay_result result;
	struct err err;
	int r; /* of replay_new() */
};

static inline int overlay_read(void *context, uint32_t index, void *data)
{
	struct overlay *overlay = context;
	blk64_t block;

	if (ext2fs_bmap2(overlay->fs, overlay->fs->super->s_journal_inum, &overlay->inode, NULL, 0, index, NULL,
			 &block) ||
	    block == 0 || io_channel_read_blk64(overlay->fs->io, block, 1, data))
		return -EIO;
	return 0;
}

static inline void overlay_open(const char *image, struct overlay *ret_overlay)
{
	struct overlay *o = ret_overlay;
	struct replay_journal journal;

	*o = (struct overlay){ .r = -1 };
	assert_int_equal(
		ext2fs_open(image, EXT2_FLAG_64BITS | EXT2_FLAG_IGNORE_CSUM_ERRORS, 0, 0, unix_io_manager, &o->fs), 0);
	assert_int_equal(ext2fs_read_inode(o->fs, o->fs->super->s_journal_inum, &o->inode), 0);
	journal = (struct replay_journal){ .read = overlay_read,
					   .context = o,
					   .block_bytes = o->fs->blocksize,
					   .blocks = (uint32_t)(EXT2_I_SIZE(&o->inode) / o->fs->blocksize),
					   .fs_blocks = ext2fs_blocks_count(o->fs->super) };
	o->r = replay_new(&journal, NULL, &o->replay, &o->result, &o->err);
}

static inline void overlay_close(struct overlay *overlay)
{
	if (overlay->replay)
		replay_freep(&overlay->replay);
	(void)ext2fs_close(overlay->fs);
}

/* The journal of an image in the folder, as bytes. */
struct bare {
	unsigned char *data; /* owned */
	uint32_t block_bytes, blocks;
	uint64_t fs_blocks;
};

static inline int bare_read(void *context, uint32_t index, void *data)
{
	const struct bare *bare = context;

	assert_true(index < bare->blocks);
	memcpy(data, bare->data + (size_t)index * bare->block_bytes, bare->block_bytes);
	return 0;
}

static inline struct replay_journal bare_journal(struct bare *bare)
{
	return (struct replay_journal){ .read = bare_read,
					.context = bare,
					.block_bytes = bare->block_bytes,
					.blocks = bare->blocks,
					.fs_blocks = bare->fs_blocks };
}

/* Reads the journal of IMAGE, or writes it there. */
static inline void bare_move(const char *image, struct bare *bare, bool writes)
{
	struct overlay overlay;
	ext2_filsys fs;
	FILE *file = fopen(image, "r+");

	assert_non_null(file);
	overlay_open(image, &overlay);
	fs = overlay.fs;
	*bare = (struct bare){ bare->data, fs->blocksize, (uint32_t)(EXT2_I_SIZE(&overlay.inode) / fs->blocksize),
			       ext2fs_blocks_count(fs->super) };
	if (!writes)
		bare->data = malloc((size_t)bare->blocks * bare->block_bytes);
	assert_non_null(bare->data);
	for (uint32_t i = 0; i < bare->blocks; i++) {
		unsigned char *at = bare->data + (size_t)i * bare->block_bytes;
		blk64_t block;

		assert_int_equal(ext2fs_bmap2(fs, fs->super->s_journal_inum, &overlay.inode, NULL, 0, i, NULL, &block),
				 0);
		assert_int_equal(fseeko(file, (off_t)(block * bare->block_bytes), SEEK_SET), 0);
		assert_int_equal(writes ? fwrite(at, 1, bare->block_bytes, file)
					: fread(at, 1, bare->block_bytes, file),
				 bare->block_bytes);
	}
	assert_int_equal(fclose(file), 0);
	overlay_close(&overlay);
}

static inline int note_block(ext2_filsys fs, blk64_t *block, e2_blkcnt_t count, blk64_t ref, int ref_offset,
			     void *context)
{
	ext2fs_block_bitmap map = context;

	(void)fs, (void)count, (void)ref, (void)ref_offset;
	ext2fs_mark_block_bitmap2(map, *block);
	return 0;
}

/*
 * Every block of REPLAYED (the same image, its journal applied by somebody else) must be what we say, but for the journal's own, the
 * superblock's (and its backups: their group's first) and the group descriptors' that e2fsck writes in any case. Returns how many blocks came from the journal.
 */
static inline uint64_t overlay_equals(struct overlay *overlay, const char *replayed)
{
	ext2_filsys fs = overlay->fs;
	uint64_t ours = 0, count = ext2fs_blocks_count(fs->super), size = fs->blocksize;
	unsigned char *here = malloc(size), *there = malloc(size);
	ext2fs_block_bitmap skipped;
	FILE *file = fopen(replayed, "r");

	assert_true(here && there && file);
	assert_int_equal(ext2fs_allocate_block_bitmap(fs, "skipped", &skipped), 0);
	(void)ext2fs_block_iterate3(fs, fs->super->s_journal_inum, BLOCK_FLAG_READ_ONLY, NULL, note_block, skipped);
	for (uint64_t i = fs->super->s_first_data_block; i < count; i++) {
		const void *new = replay_block(overlay->replay, i);

		if (ext2fs_test_block_bitmap2(skipped, i) || i == fs->super->s_first_data_block)
			continue;
		assert_int_equal(io_channel_read_blk64(fs->io, i, 1, here), 0);
		assert_int_equal(fseeko(file, (off_t)(i * size), SEEK_SET), 0);
		assert_int_equal(fread(there, 1, size, file), size);
		if (new)
			ours++;
		if (memcmp(new ? new : here, there, size) != 0)
			fail_msg("%s: block %llu differs (%s)", replayed, (unsigned long long)i,
				 new ? "replayed" : "as it was");
	}
	ext2fs_free_block_bitmap(skipped);
	(void)fclose(file);
	free(here);
	free(there);
	return ours;
}

#endif
