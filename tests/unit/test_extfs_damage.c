/* test_extfs_damage.c - what is damaged or planted costs its path, with a line that says so, and nothing else. */
#include "extfs_fixture.h"

#include <sys/mman.h>

/* A tree with something of each kind; what is looked for in the image's bytes has capitals in it. */
static void make_tree(const struct image *image, const char *arguments)
{
	if (!run("rm -rf %s/src && mkdir -p %s/src/dir/below %s/src/other && cd %s/src && echo content >dir/FILE-A && "
		 "echo content >dir/FILE-B && "
		 "echo x >dir/zzSLASHzz && echo y >dir/below/leaf && ln -s TARGET-OF-A-LINK link && echo z >other/file "
		 "&& echo q >sound && "
		 "setfattr -n user.NAME-IN-INODE -v VALUE-IN-INODE other/file && setfattr -n user.NAME-IN-BLOCK -v "
		 "$(head -c 700 /dev/zero | tr '\\0' V) sound && "
		 "for i in $(seq 0 2 120); do echo piece | dd of=pieces bs=1024 seek=$i conv=notrunc status=none; done",
		 image->dir, image->dir, image->dir, image->dir))
		fail_msg("no tree");
	if (!run("rm -f %s && mke2fs -q -t ext4 -b 1024 -d %s/src %s %s 4M >/dev/null 2>&1", image->file, image->dir,
		 arguments, image->file))
		fail_msg("mke2fs %s failed", arguments);
}

/* Overwrites LEN bytes at SHIFT from the first (NTH) place where FIND stands. */
static void patch(const struct image *image, const char *find, unsigned nth, long shift, const char *with, size_t len)
{
	int fd = open(image->file, O_RDWR | O_CLOEXEC);
	size_t size = (size_t)lseek(fd, 0, SEEK_END);
	unsigned char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *at = map;

	assert_true(map != MAP_FAILED);
	for (unsigned i = 0;; i++, at++) {
		at = memmem(at, size - (size_t)(at - map), find, strlen(find));
		if (!at)
			fail_msg("'%s' is not in the image", find);
		if (i == nth)
			break;
	}
	memcpy(at + shift, with, len);
	assert_int_equal(munmap(map, size), 0);
	(void)close(fd);
}

static void debugfs(const struct image *image, const char *command)
{
	if (!run("debugfs -w -R '%s' %s >/dev/null 2>&1", command, image->file))
		fail_msg("debugfs %s", command);
}

/* Exactly this path has a problem, with this text; the others are sound. Path NULL: told as a problem of its own. */
static void assert_one(const struct image *image, const char *path, const char *text, uint32_t failed)
{
	struct collector collector = image_walk(image, NULL, NULL);
	bool found = false;

	if (collector.result.r < 0)
		fail_msg("%s", collector.result.err.message);
	for (size_t i = 0; i < collector.result.count; i++) {
		const struct entry *entry = &collector.result.rows[i].b->entry;

		if (path && bytes_equal(entry->path, bytes_of(path))) {
			assert_problem(entry, text);
			if (entry->failed != failed)
				fail_msg("%s: failed %x", path, entry->failed);
			found = true;
		} else if (entry->failed) {
			fail_msg("'%s' failed: %.*s", QUOTE_N(entry->path.data, entry->path.len),
				 (int)entry->problem.len, (const char *)entry->problem.data);
		}
	}
	if (!path)
		found = collector.problems.len && strstr(buf_str(&collector.problems), text);
	else if (collector.problems.len)
		fail_msg("%s", buf_str(&collector.problems));
	if (!found)
		fail_msg("nothing of '%s'", text);
	collector_done(&collector);
}

enum {
	CONTENT = ATTR_BIT(ATTR_CONTENT),
	XATTR_BITS = ATTR_BIT(ATTR_XATTRS) | ATTR_BIT(ATTR_ACL) | ATTR_BIT(ATTR_CAPS) | ATTR_BIT(ATTR_SELINUX),
	BUT_TYPE = ATTR_ALL & ~ATTR_BIT(ATTR_TYPE)
};

/* By debugfs, which puts the checksums right again. */
static void test_planted(void **state)
{
	static const struct {
		const char *command, *path, *text;
		uint32_t failed;
	} rows[] = {
		{ "sif sound links_count 0", "/sound", "was deleted: it has no links", BUT_TYPE },
		{ "sif sound mode 0", "/sound", "of a type that is not known", ATTR_ALL },
		{ "sif sound size 0x8000000000000000", "/sound", "a size of 9223372036854775808 bytes", BUT_TYPE },
		{ "sif sound size 0x7fffffffffffffff", "/sound", "more than a file can have here", CONTENT },
		{ "sif sound extra_isize 60000", "/sound", "extra bytes", BUT_TYPE },
		{ "sif sound flags 0x80800", "/sound", "encrypted", CONTENT },
		{ "sif sound flags 0x280000", "/sound", "holds an extended attribute", ATTR_ALL },
		{ "sif sound flags 0x10000000", "/sound", "says that it holds its data", CONTENT },
		{ "sif sound file_acl 99999999", "/sound", "their block lies outside", XATTR_BITS },
		{ "sif sound mtime_extra 0xffffffff", "/sound", "time stamp is out of range", ATTR_BIT(ATTR_MTIME) },
		{ "sif sound block[2] 0xffffffff", "/sound", "", 0 },
		{ "sif sound block[5] 0xfffffff0", "/sound", "outside of the file system", CONTENT },
		{ "sif sound block[0] 0", "/sound", "no node of extents", CONTENT },
		{ "sif pieces block[1] 0x00070004", "/pieces", "too deep", CONTENT },
		{ "sif pieces block[1] 0x00030004", "/pieces", "of the wrong depth", CONTENT },
		{ "sif link size 0", "/link", "a link of 0 bytes", ATTR_BIT(ATTR_TARGET) },
		{ "sif link size 100", "/link", "a link of 100 bytes", ATTR_BIT(ATTR_TARGET) },
		{ "sif dir/below size 1000", "/dir/below", "no whole blocks", CONTENT },
		{ "sif dir/below size 4096", "/dir/below", "has holes", CONTENT },
		{ "sif dir/below flags 0x80800", "/dir/below", "encrypted", CONTENT },
		{ "sif other mode 0100644", "/other", "", 0 },
		{ "link dir dir/below/loop", "/dir/below/loop", "a directory loop", CONTENT },
		{ "link / dir/below/loop", "/dir/below/loop", "a directory loop", CONTENT },
		{ "link <8> journal", "/journal", "is none that a name can have", BUT_TYPE },
	};
	const struct image *image = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make_tree(image, "");
		debugfs(image, rows[i].command);
		if (rows[i].failed)
			assert_one(image, rows[i].path, rows[i].text, rows[i].failed);
		else
			collector_done(&(struct collector[]){ image_walk(image, NULL, NULL) }[0]);
	}
}

/* Bytes that were changed under the checksums. */
static void test_checksums(void **state)
{
	static const struct {
		const char *find, *path, *text;
		uint32_t failed;
	} rows[] = {
		{ "TARGET-OF-A-LINK", "/link", "the checksum of inode", BUT_TYPE },
		{ "VALUE-IN-INODE", "/other/file", "the checksum of inode", BUT_TYPE },
		{ "VVVVVVVVVVVV", "/sound", "the checksum of their block is wrong", XATTR_BITS },
		{ "FILE-A", "/dir", "the checksum of block", CONTENT },
	};
	const struct image *image = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make_tree(image, "");
		patch(image, rows[i].find, 0, 3, "x", 1);
		assert_one(image, rows[i].path, rows[i].text, rows[i].failed);
	}
	make_tree(image, "");
	assert_true(run(
		"b=$(debugfs -R 'ex -n pieces' %s 2>/dev/null | awk '$1 == \"0/\" { print $8 }') && [ $b -gt 0 ] && "
		"printf x | dd of=%s bs=1 seek=$((b * 1024 + 20)) conv=notrunc status=none",
		image->file, image->file));
	assert_one(image, "/pieces", "the checksum of a node of extents is wrong", CONTENT);
}

/* The same without checksums: what the bytes say counts. */
static void test_bytes(void **state)
{
	static const struct {
		const char *find;
		unsigned nth;
		long shift;
		const char *with;
		size_t len;
		const char *path, *text;
		uint32_t failed;
	} rows[] = {
		{ "zzSLASHzz", 0, 0, "../", 3, NULL, "/dir: an entry named '../LASHzz' (inode", 0 },
		{ "zzSLASHzz", 0, 0, "\0", 1, NULL, "no file can be called so", 0 },
		{ "zzSLASHzz", 0, -2, "\2\1..", 4, NULL, "an entry named '..'", 0 },
		{ "FILE-B", 0, 5, "A", 1, "/dir", "two entries named 'FILE-A'", CONTENT },
		{ "FILE-B", 0, -4, "\3\0", 2, "/dir", "a record that cannot be", CONTENT },
		{ "FILE-B", 0, -4, "\xff\xff", 2, "/dir", "a record that cannot be", CONTENT },
		{ "FILE-B", 0, -8, "\xff\xff\xff\x7f", 4, "/dir/FILE-B", "is none that a name can have", BUT_TYPE },
		{ "NAME-IN-INODE", 0, -16, "\xff", 1, "/other/file", "lie outside of the inode", XATTR_BITS },
		{ "NAME-IN-INODE", 0, -14, "\xff\xff", 2, "/other/file", "lie outside of the inode", XATTR_BITS },
		{ "NAME-IN-INODE", 0, 4, "\0", 1, "/other/file", "lie outside of the inode", XATTR_BITS },
		{ "NAME-IN-INODE", 0, -15, "\2", 1, "/other/file", "an access control list that is none", XATTR_BITS },
		{ "NAME-IN-INODE", 0, -12, "\2\0\0\0", 4, "/other/file", "in an inode that is for something else",
		  XATTR_BITS },
		{ "NAME-IN-BLOCK", 0, -8, "\xff\xff\xff\xff", 4, "/sound", "lie outside of their block", XATTR_BITS },
		{ "NAME-IN-BLOCK", 0, -16 - 32, "x", 1, "/sound", "their block holds something else", XATTR_BITS },
	};
	const struct image *image = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make_tree(image, "-O ^metadata_csum,^uninit_bg,ea_inode");
		patch(image, rows[i].find, rows[i].nth, rows[i].shift, rows[i].with, rows[i].len);
		assert_one(image, rows[i].path, rows[i].text, rows[i].failed);
	}
}

/* A list of blocks that leads to itself, four deep: 256 to the power of three pointers. */
static void test_block_loops(void **state)
{
	const struct image *image = *state;

	make_tree(image, "-O ^extents,^64bit,^metadata_csum");
	assert_true(run(
		"b=$(debugfs -R 'bmap pieces 300' %s 2>/dev/null) && b=$(debugfs -R 'stat pieces' %s 2>/dev/null | tr "
		"',' '\\n' | "
		"sed -n 's/.*(IND)://p') && [ $b -gt 0 ] && n=$(printf '\\\\x%%02x\\\\x%%02x\\\\0\\\\0' $((b %% 256)) "
		"$((b / 256))) && "
		"for i in $(seq 256); do printf \"$n\"; done | dd of=%s bs=1024 seek=$b conv=notrunc status=none && "
		"debugfs -w -R \"sif pieces block[TIND] $b\" %s && debugfs -w -R \"sif pieces size 0x300000000\" %s",
		image->file, image->file, image->file, image->file, image->file));
	assert_one(image, "/pieces", "cannot be", CONTENT);
}

static void test_truncated(void **state)
{
	const struct image *image = *state;
	struct collector collector;
	struct extfs_info info;

	make_tree(image, "");
	assert_true(run("cd %s && dd if=/dev/urandom of=src/large bs=1M count=2 status=none && mke2fs -F -q -t ext4 -b "
			"1024 -d src image 4M && "
			"truncate -s 2M image",
			image->dir));
	collector = image_walk(image, NULL, &info);
	assert_int_equal(collector.result.r, 0);
	assert_non_null(strstr(info.problem, "cut short: of 4096 blocks 2048 are in the image"));
	assert_problem(entry_at(&collector.result, "/large"), "lies behind the end of the image");
	assert_int_equal(entry_at(&collector.result, "/sound")->size, 2);
	collector_done(&collector);
	assert_true(run("truncate -s 1500 %s", image->file));
	collector = image_walk(image, NULL, NULL);
	assert_int_equal(collector.result.r, ERR_DATA);
	collector_done(&collector);
}

static void test_superblock(void **state)
{
	static const struct {
		size_t at;
		const char *with;
		size_t len;
		const char *text;
	} rows[] = {
		{ 56, "xx", 2, "magic number" },
		{ 24, "\x20", 1, "block size" },
		{ 28, "\xff", 1, "cluster size" },
		{ 32, "\0\0\0\0", 4, "groups" },
		{ 40, "\0\0\0\0", 4, "groups" },
		{ 40, "\xff\xff\xff\xff", 4, "groups" },
		{ 4, "\xff\xff\xff\xff", 4, "another number of inodes" },
		{ 0, "\xff\xff\xff\xff", 4, "another number of inodes" },
		{ 88, "\1\1", 2, "inode size" },
		{ 76, "\x07", 1, "revision 7" },
		{ 96, "\xff\xff\xff\xff", 4, "external journal" },
		{ 98, "\xf0\xf0", 2, "not known" },
		{ 97, "\x13", 1, "not known: dirdata" },
		{ 254, "\x21\0", 2, "size of group descriptors" },
		{ 208, "x", 1, "the checksum of its superblock is wrong" },
	};
	const struct image *image = *state;
	struct collector collector;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make_tree(image, "-O 64bit");
		patch(image, "\x53\xef", 0, (long)rows[i].at - 56, rows[i].with, rows[i].len);
		collector = image_walk(image, NULL, NULL);
		if (collector.result.r != ERR_DATA || !strstr(collector.result.err.message, rows[i].text))
			fail_msg("%zu: '%s', not '%s'", rows[i].at, collector.result.err.message, rows[i].text);
		collector_done(&collector);
	}
}

/* Whatever the bytes are: no crash, an end, and well-formed entries in order (the collector looks). */
static void test_random(void **state)
{
	const struct image *image = *state;
	struct asked asked = { .replay = true };
	CLEANUP(freep) unsigned char *sound = NULL;
	uint64_t seed = 20261122;
	size_t size = 4 << 20;
	int fd;

	make_tree(image, "-O ^metadata_csum,^uninit_bg,inline_data,ea_inode");
	sound = malloc(size);
	assert_non_null(sound);
	fd = open(image->file, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, sound, size, 0), size);
	for (unsigned round = 0; round < 150; round++) {
		struct collector collector;

		for (unsigned i = 0; i < 200; i++) {
			unsigned char byte;

			seed = seed * 6364136223846793005u + 1442695040888963407u;
			byte = (unsigned char)(seed >> 60 < 4 ? 0xff : seed >> 20);
			/* the metadata lies in the first third; the superblock has its own test */
			assert_int_equal(pwrite(fd, &byte, 1, (off_t)(2048 + (seed >> 33) % (size / 3))), 1);
		}
		collector = image_walk(image, &asked, NULL);
		assert_true(collector.result.r == 0 || collector.result.r == ERR_DATA);
		collector_done(&collector);
		assert_int_equal(pwrite(fd, sound, size, 0), size);
	}
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_planted, image_setup, image_teardown),
		cmocka_unit_test_setup_teardown(test_checksums, image_setup, image_teardown),
		cmocka_unit_test_setup_teardown(test_bytes, image_setup, image_teardown),
		cmocka_unit_test_setup_teardown(test_block_loops, image_setup, image_teardown),
		cmocka_unit_test_setup_teardown(test_truncated, image_setup, image_teardown),
		cmocka_unit_test_setup_teardown(test_superblock, image_setup, image_teardown),
		cmocka_unit_test_setup_teardown(test_random, image_setup, image_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
