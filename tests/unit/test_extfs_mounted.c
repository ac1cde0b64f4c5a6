/* test_extfs_mounted.c - each kind of file, attribute and file system: the image gives what a scan of the mounted one gives. */
#include "extfs_fixture.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

struct place {
	int fd; /* the root of the mounted file system */
	const char *mnt;
};

static void put_bytes(const struct place *place, const char *name, size_t len, unsigned seed)
{
	int fd = openat(place->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	unsigned char data[4096];

	assert_true(fd >= 0);
	for (size_t at = 0; at < len; at += sizeof(data)) {
		size_t n = len - at < sizeof(data) ? len - at : sizeof(data);

		for (size_t i = 0; i < n; i++)
			data[i] = (unsigned char)((at + i) * 31 + seed + (at >> 12));
		assert_int_equal(write(fd, data, n), n);
	}
	assert_int_equal(close(fd), 0);
}

static void put_sizes(const struct place *place)
{
	static const size_t sizes[] = { 0,   1,    59,   60,   61,   100,  128,  129,   156,    157,     200,    500,
					800, 1023, 1024, 1025, 4095, 4096, 4097, 65536, 300000, 1048576, 5000001 };
	char name[64];

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		(void)snprintf(name, sizeof(name), "size-%zu", sizes[i]);
		put_bytes(place, name, sizes[i], i);
	}
}

/* Every other block: too many pieces for an inode; and holes at all places. */
static void put_pieces(const struct place *place)
{
	static const char data[512] = "piece";
	int fd = openat(place->fd, "pieces", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	for (off_t i = 0; i < 1500; i++)
		assert_int_equal(pwrite(fd, data, sizeof(data), i * 8192 + (i % 3) * 100), sizeof(data));
	assert_int_equal(close(fd), 0);
	fd = openat(place->fd, "sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(pwrite(fd, data, sizeof(data), 20000000), sizeof(data));
	assert_int_equal(ftruncate(fd, 30000001), 0);
	assert_int_equal(close(fd), 0);
	fd = openat(place->fd, "hole", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(ftruncate(fd, 12345), 0);
	assert_int_equal(close(fd), 0);
}

/* Blocks that were reserved and not written, within the size and behind it. Not on ext2 and ext3. */
static void put_reserved(const struct place *place)
{
	static const char data[100] = "written";
	int fd = openat(place->fd, "reserved", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fallocate(fd, 0, 0, 1000000) == 0) {
		assert_int_equal(pwrite(fd, data, sizeof(data), 500000), sizeof(data));
		(void)fallocate(fd, FALLOC_FL_KEEP_SIZE, 1000000, 1000000);
		(void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 700000, 100000);
		(void)fallocate(fd, FALLOC_FL_ZERO_RANGE, 100000, 100000);
	}
	assert_int_equal(close(fd), 0);
}

static void put_links(const struct place *place)
{
	static const size_t lengths[] = { 1,   30,  58,  59,   60,   61,   100,  155, 156,
					  157, 200, 500, 1000, 1022, 1023, 2000, 4095 };
	char target[4096], name[64];

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		memset(target, 'a' + (int)i, lengths[i]);
		target[lengths[i]] = '\0';
		(void)snprintf(name, sizeof(name), "link-%zu", lengths[i]);
		(void)symlinkat(target, place->fd, name); /* too long for blocks of 1024 bytes */
	}
	assert_int_equal(linkat(place->fd, "size-60", place->fd, "hard", 0), 0);
	assert_int_equal(symlinkat("\xff\n\\", place->fd, "link-odd"), 0);
}

static void put_nodes(const struct place *place)
{
	static const struct {
		const char *name;
		mode_t mode;
		unsigned major, minor;
	} rows[] = {
		{ "fifo", S_IFIFO | 0600, 0, 0 },
		{ "sock", S_IFSOCK | 0755, 0, 0 },
		{ "null", S_IFCHR | 0666, 1, 3 },
		{ "sda15", S_IFBLK | 0660, 8, 15 },
		{ "zero", S_IFCHR | 0600, 0, 0 },
		{ "new", S_IFCHR | 0600, 259, 300000 },
		{ "newblock", S_IFBLK | 0600, 4095, 1048575 },
		{ "edge", S_IFBLK | 0600, 255, 256 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(mknodat(place->fd, rows[i].name, rows[i].mode, makedev(rows[i].major, rows[i].minor)),
				 0);
}

/* Names whose order is not that of the tree, odd ones, and enough of them for an index. */
static void put_names(const struct place *place)
{
	static const char *const dirs[] = { "a",     "a-b", "a.b",   "a-b/c",    "a0",       "a/x",
					    "a/x/y", "etc", "empty", "\xff\xfe", "new\nline" };
	static const char *const files[] = { "a-",    "a.", "a/x-", "a/x/y/z",  "a/x.",         "a-b/c/d",
					     "a\x01", "a!", "\\",   "\xc3\xa9", "\xff\xfe/\x80" };
	char name[512];

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdirat(place->fd, dirs[i], 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		put_bytes(place, files[i], i, (unsigned)i);
	memset(name, 'n', 255);
	name[255] = '\0';
	put_bytes(place, name, 5, 0);
	memset(name, 0xfd, 255);
	put_bytes(place, name, 5, 0);
	assert_int_equal(mkdirat(place->fd, "many", 0755), 0);
	for (unsigned i = 0; i < 1500; i++) {
		(void)snprintf(name, sizeof(name), "many/%u-a-name-that-is-not-short-%u", i * 7919 % 1500, i);
		assert_int_equal(mknodat(place->fd, name, S_IFREG | 0600, 0), 0);
		if (i % 5 == 0)
			(void)unlinkat(place->fd, name, 0);
	}
}

static void put_owners(const struct place *place)
{
	static const struct {
		uid_t uid;
		gid_t gid;
		mode_t mode;
	} rows[] = { { 0, 0, 04755 },
		     { 1000, 100, 02755 },
		     { 70000, 70001, 01777 },
		     { 4294967294, 65536, 0 },
		     { 65535, 65534, 06111 } };
	char name[64];
	FILE *file;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		(void)snprintf(name, sizeof(name), "owner-%u", i);
		put_bytes(place, name, 10, i);
		assert_int_equal(fchownat(place->fd, name, rows[i].uid, rows[i].gid, 0), 0);
		assert_int_equal(fchmodat(place->fd, name, rows[i].mode, 0), 0);
	}
	(void)snprintf(name, sizeof(name), "%s/etc/passwd", place->mnt);
	file = fopen(name, "we");
	assert_non_null(file);
	(void)fputs("wurzel:x:0:0::/:/bin/sh\nanna:x:1000:100::/:\nodd\nhigh:x:70000:1::/:\n", file);
	assert_int_equal(fclose(file), 0);
	(void)snprintf(name, sizeof(name), "%s/etc/group", place->mnt);
	file = fopen(name, "we");
	assert_non_null(file);
	(void)fputs("wurzel:x:0:\nleute:x:100:\nhoch:x:70001:\n", file);
	assert_int_equal(fclose(file), 0);
}

static void put_times(const struct place *place)
{
	static const struct timespec times[] = {
		{ 0, 0 },          { -1, 0 },           { -2147483648, 0 }, { 2147483647, 999999999 },
		{ 2147483648, 1 }, { 4294967295, 500 }, { 4294967296, 0 },  { 15032385535, 123456789 },
	};
	char name[64];

	for (unsigned i = 0; i < ARRAY_SIZE(times); i++) {
		(void)snprintf(name, sizeof(name), "time-%u", i);
		put_bytes(place, name, 3, i);
		(void)utimensat(place->fd, name, (struct timespec[]){ times[i], times[i] }, 0);
	}
}

static void put_xattr(const struct place *place, const char *name, const char *attr, const void *value, size_t len)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", place->mnt, name);
	(void)lsetxattr(path, attr, value, len, 0); /* not each kind of file system has room for each */
}

static const unsigned char acl[] = { 2,  0, 0, 0, 1,   0,   7,   0,   255, 255, 255, 255, 2,   0,   5,   0,  232, 3,
				     0,  0, 4, 0, 5,   0,   255, 255, 255, 255, 8,   0,   4,   0,   113, 17, 1,   0,
				     16, 0, 7, 0, 255, 255, 255, 255, 32,  0,   1,   0,   255, 255, 255, 255 };
static const unsigned char caps2[] = { 1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
static const unsigned char caps3[] = { 1, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 232, 3, 0, 0 };

static void put_xattrs(const struct place *place)
{
	static char big[60000];
	char name[64];

	memset(big, 'B', sizeof(big));
	for (unsigned i = 0; i < 12; i++) {
		(void)snprintf(name, sizeof(name), "xattr-%u", i);
		put_bytes(place, name, i * 40, i);
	}
	assert_int_equal(mkdirat(place->fd, "xattr-dir", 0755), 0);
	put_xattr(place, "xattr-0", "user.small", "1", 1);
	put_xattr(place, "xattr-1", "user.empty", "", 0);
	put_xattr(place, "xattr-1", "user.b", "second", 6);
	put_xattr(place, "xattr-1", "user.a", "first", 5);
	put_xattr(place, "xattr-1", "trusted.overlay", "y", 1);
	put_xattr(place, "xattr-2", "user.block", big, 700);
	put_xattr(place, "xattr-3", "user.large", big, 3500);
	put_xattr(place, "xattr-4", "user.larger", big, sizeof(big));
	put_xattr(place, "xattr-4", "user.also", big, 5000);
	put_xattr(place, "xattr-5", "security.capability", caps2, sizeof(caps2));
	put_xattr(place, "xattr-6", "security.capability", caps3, sizeof(caps3));
	put_xattr(place, "xattr-7", "system.posix_acl_access", acl, sizeof(acl));
	put_xattr(place, "xattr-8", "security.other", "o", 1);
	put_xattr(place, "xattr-8", "security.selinux", "system_u:object_r:etc_t:s0", 27);
	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof(name), "user.%u-of-many", i);
		put_xattr(place, "xattr-9", name, big, i);
	}
	put_xattr(place, "xattr-dir", "system.posix_acl_default", acl, sizeof(acl));
	put_xattr(place, "xattr-dir", "system.posix_acl_access", acl, sizeof(acl));
	put_xattr(place, "xattr-dir", "user.dir", "d", 1);
	put_xattr(place, "link-30", "security.link", "l", 1);
	put_xattr(place, "link-500", "trusted.link", big, 500);
	put_xattr(place, "fifo", "trusted.fifo", "f", 1);
	put_bytes(place, "xattr-dir/inherits", 4, 4);
	assert_int_equal(mkdirat(place->fd, "xattr-dir/below", 0755), 0);
}

static void put_flags(const struct place *place)
{
	for (unsigned i = 0; i < 5; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "flag-%u", i);
		put_bytes(place, name, i, i);
	}
	assert_true(run("cd %s && chattr +d flag-1 && chattr +A flag-2 && chattr +a flag-3 && chattr +i flag-4",
			place->mnt));
	(void)run("cd %s && mkdir folded && chattr +F folded 2>/dev/null && touch folded/Upper folded/lower",
		  place->mnt);
}

static void populate(const struct image *image)
{
	struct place place = { open(image->mnt, O_RDONLY | O_DIRECTORY | O_CLOEXEC), image->mnt };

	assert_true(place.fd >= 0);
	put_sizes(&place);
	put_pieces(&place);
	put_reserved(&place);
	put_links(&place);
	put_nodes(&place);
	put_names(&place);
	put_owners(&place);
	put_times(&place);
	put_xattrs(&place);
	put_flags(&place);
	(void)close(place.fd);
}

static const struct kind {
	const char *arguments;
} kinds[] = {
	{ "-t ext4" },
	{ "-t ext2" },
	{ "-t ext3" },
	{ "-t ext2 -r 0" },
	{ "-t ext4 -I 128" },
	{ "-t ext4 -O inline_data" },
	{ "-t ext4 -O inline_data -I 1024" },
	{ "-t ext4 -O inline_data,ea_inode,large_dir -b 1024 -I 512" },
	{ "-t ext4 -O bigalloc -C 16384" },
	{ "-t ext4 -O ^64bit,^metadata_csum" },
	{ "-t ext4 -O ^64bit,^metadata_csum,^uninit_bg,^huge_file,^extra_isize" },
	{ "-t ext4 -O meta_bg,^resize_inode -b 1024" },
	{ "-t ext4 -O ea_inode,large_dir" },
	{ "-t ext4 -O ^extents,^64bit" },
	{ "-t ext4 -O ^dir_index,^filetype,^flex_bg" },
	{ "-t ext4 -O casefold" },
	{ "-t ext4 -O metadata_csum_seed" },
	{ "-t ext4 -O encrypt,verity" },
	{ "-t ext4 -O quota,project" },
	{ "-t ext4 -O orphan_file,fast_commit -b 2048" },
	{ "-t ext4 -O ^has_journal,sparse_super2" },
	{ "-t ext4 -O mmp -E hash_seed=11111111-2222-3333-4444-555555555555" },
};

static void test_kinds(void **state)
{
	const struct image *image = *state;

	if (geteuid() != 0) {
		(void)fprintf(stderr, "SKIPPED: needs root, to mount\n");
		skip();
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t count;

		image_make(image, 96, kinds[i].arguments);
		if (!image_mount(image, "rw")) {
			(void)fprintf(stderr, "SKIPPED: this kernel does not mount '%s'\n", kinds[i].arguments);
			continue;
		}
		populate(image);
		image_umount(image);
		count = assert_as_mounted(image, "ro");
		(void)fprintf(stderr, "%s: %zu entries\n", kinds[i].arguments, count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kinds, image_setup, image_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
