/*
 * test_extfs_mutations.c - damaged file systems: bytes of superblocks, group descriptors, inodes, directories, extents, attributes and the
 * journal are changed, by a fixed seed, and what is left is walked. It ends, without a crash, and what it gives is what sink.h promises.
 * Images by mke2fs; nothing is mounted.
 */
#include "replay_fixture.h"
#include "../fuzz/walk_image.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

enum { ROUNDS = 600 };
enum class { SUPERBLOCK, GROUPS, INODES, DIRECTORY, MAP, ATTRIBUTES, JOURNAL, CLASSES };

/* The blocks that the file system itself needs, by what is in them. */
struct blocks {
	struct {
		uint64_t *all; /* owned */
		size_t count;
	} of[CLASSES];
	uint32_t block_bytes;
};

static void add(struct blocks *blocks, enum class class, uint64_t block)
{
	uint64_t **all = &blocks->of[class].all;

	*all = realloc(*all, (blocks->of[class].count + 1) * sizeof(**all));
	assert_non_null(*all);
	(*all)[blocks->of[class].count++] = block;
}

struct adding {
	struct blocks *blocks;
	enum class data; /* what the blocks of this inode are; CLASSES: contents, not wanted */
};

static int add_block(ext2_filsys fs, blk64_t *block, e2_blkcnt_t count, blk64_t ref, int ref_offset, void *context)
{
	struct adding *adding = context;

	(void)fs, (void)ref, (void)ref_offset;
	if (count < 0)
		add(adding->blocks, MAP, *block);
	else if (adding->data < CLASSES && count < 40)
		add(adding->blocks, adding->data, *block);
	return 0;
}

static void list(const char *image, struct blocks *blocks)
{
	ext2_filsys fs;

	assert_int_equal(ext2fs_open(image, EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &fs), 0);
	blocks->block_bytes = fs->blocksize;
	add(blocks, SUPERBLOCK, 1024 / fs->blocksize);
	add(blocks, GROUPS, 1024 / fs->blocksize + 1);
	for (dgrp_t i = 0; i < fs->group_desc_count; i++)
		for (blk64_t j = 0; j < 6; j++)
			add(blocks, INODES, ext2fs_inode_table_loc(fs, i) + j);
	for (ext2_ino_t i = EXT2_ROOT_INO; i <= fs->super->s_inodes_count; i++) {
		struct adding adding = { blocks, i == fs->super->s_journal_inum ? JOURNAL : CLASSES };
		struct ext2_inode inode;

		assert_int_equal(ext2fs_read_inode(fs, i, &inode), 0);
		if (inode.i_links_count == 0 || i == EXT2_RESIZE_INO)
			continue;
		if (ext2fs_file_acl_block(fs, &inode))
			add(blocks, ATTRIBUTES, ext2fs_file_acl_block(fs, &inode));
		if (LINUX_S_ISDIR(inode.i_mode))
			adding.data = DIRECTORY;
		if (ext2fs_inode_has_valid_blocks2(fs, &inode))
			assert_int_equal(ext2fs_block_iterate3(fs, i, BLOCK_FLAG_READ_ONLY, NULL, add_block, &adding),
					 0);
	}
	(void)ext2fs_close(fs);
}

static uint64_t seed;
static uint32_t draw(uint32_t below)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * UINT64_C(2685821657736338717)) >> 32) % below;
}

static const char *now_made;
static unsigned now_round;

static void tell_round(int signal)
{
	(void)signal;
	(void)dprintf(STDERR_FILENO, "mke2fs %s, round %u\n", now_made, now_round);
}

/* Little endian numbers, where most are: at multiples of four. */
static void damage(unsigned char *block, uint32_t block_bytes, enum class class)
{
	static const uint32_t numbers[] = { 0,      1,      2,      3,       8,          11,         0x7f,      0xff,
					    0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, UINT32_MAX };
	uint32_t at = draw(class == SUPERBLOCK ? 256 : block_bytes / 4) * 4, value, i;

	if (class == DIRECTORY && draw(2))
		at = draw(32) * 4; /* "." and "..", whose lengths the others follow from */
	if (class == SUPERBLOCK && block_bytes > 1024)
		at += 1024;
	switch (draw(4)) {
	case 0:
		value = htole32(numbers[draw(sizeof(numbers) / sizeof(numbers[0]))]);
		memcpy(block + at, &value, 4);
		break;
	case 1:
		block[at + draw(4)] = (unsigned char)draw(256);
		break;
	case 2:
		block[at + draw(4)] ^= (unsigned char)(1U << draw(8));
		break;
	default: /* what stands elsewhere in it */
		i = draw(block_bytes / 4) * 4;
		memmove(block + at, block + i, draw(block_bytes - (at > i ? at : i)) % 64);
	}
}

struct counts {
	unsigned opened, failed, problems, replayed;
};

static void one_round(int fd, const struct blocks *blocks, unsigned char *right, unsigned char *wrong,
		      struct counts *counts)
{
	uint32_t size = blocks->block_bytes, times = draw(3) + 1;
	uint64_t places[3];
	struct walked walked;

	for (uint32_t i = 0; i < times; i++) {
		enum class class = draw(CLASSES);

		if (blocks->of[class].count == 0)
			class = INODES;
		places[i] = blocks->of[class].all[draw((uint32_t)blocks->of[class].count)];
		assert_int_equal(pread(fd, wrong, size, (off_t)(places[i] * size)), size);
		memcpy(right + i * size, wrong, size);
		damage(wrong, size, class);
		assert_int_equal(pwrite(fd, wrong, size, (off_t)(places[i] * size)), size);
	}
	walked = walk_image("img", false);
	counts->opened += walked.opened;
	counts->failed += walked.failed > 0;
	counts->problems += walked.problems > 0;
	counts->replayed += walked.info.transactions > 0;
	for (uint32_t i = times; i-- > 0;)
		assert_int_equal(pwrite(fd, right + i * size, size, (off_t)(places[i] * size)), size);
}

/* A tree with each kind of thing, in a folder of the test. */
static void make_tree(void)
{
	must_sh("mkdir -p tree/dir/deep tree/many && cd tree && echo hello >file && ln -s file link && ln -s $(printf "
		"%%0100d 1) longlink && "
		"mkfifo dir/fifo && ln file dir/hard && chmod 4755 file && setfattr -n user.a -v b file && "
		"setfattr -n user.big -v $(printf %%0800d 1) dir && setfacl -m u:7:r file && setfacl -d -m u:8:rwx dir "
		"&& "
		"for i in $(seq 1 60); do : >many/$(printf %%0150d $i); done && truncate -s 40M sparse && "
		"for i in $(seq 0 250 40000); do printf x | dd of=sparse bs=1024 seek=$i conv=notrunc status=none; "
		"done && "
		"echo root:x:0:0::/:/bin/sh >passwd");
}

static void test_mutations(void **state)
{
	static const char *const rows[] = {
		"-t ext2 -b 1024",
		"-t ext3 -b 1024 -J size=1",
		"-t ext4 -b 1024 -J size=1 -O ^metadata_csum",
		"-t ext4 -b 1024 -J size=1 -O metadata_csum",
		"-t ext4 -b 4096 -I 512 -O inline_data,^metadata_csum",
		"-t ext4 -b 1024 -J size=1 -O ea_inode,bigalloc,^metadata_csum",
	};

	(void)state;
	(void)signal(SIGABRT, tell_round);
	make_tree();
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		struct blocks blocks = { .block_bytes = 0 };
		struct counts counts = { .opened = 0 };
		unsigned char *right, *wrong;
		int fd;

		now_made = rows[row];
		must_sh("rm -f img && truncate -s 24M img && mke2fs -q -F -d tree -N 256 %s img", rows[row]);
		if (!strstr(rows[row], "ext2")) /* so that its journal waits */
			must_sh("head -c 32768 /dev/zero >data && printf 'journal_open\njournal_write -b 3000,3001 "
				"data\njournal_close\n' >script "
				"&& debugfs -w -f script img");
		list("img", &blocks);
		right = malloc((size_t)blocks.block_bytes * 3);
		wrong = malloc(blocks.block_bytes);
		fd = open("img", O_RDWR | O_CLOEXEC);
		assert_true(right && wrong && fd >= 0);
		for (now_round = 0, seed = 20261122 + row; now_round < ROUNDS; now_round++)
			one_round(fd, &blocks, right, wrong, &counts);
		print_message("%s: of %u, %u opened, %u with failed entries, %u with problems, %u replayed\n",
			      rows[row], now_round, counts.opened, counts.failed, counts.problems, counts.replayed);
		assert_true(counts.opened > ROUNDS / 3 && counts.failed > 0);
		(void)close(fd);
		free(right);
		free(wrong);
		for (size_t i = 0; i < CLASSES; i++)
			free(blocks.of[i].all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
