/* test_sys_loopmount.c - an image mounted where nobody sees it: readable, not a bit of it changed, nothing left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "disk_fixture.h"
#include "sys/loopmount.h"

enum { SUM = 140 };

static void sum_of(const char *name, char sum[SUM])
{
	shell_line(sum, SUM, "b2sum <%s", name);
	assert_int_equal(strlen(sum), 131);
}

/* The loop devices over an image; the kernel clears them a moment after the last one let go. */
static void no_loops(const char *name)
{
	char line[200] = "x";

	for (int i = 0; i < 500 && line[0] != '\0'; i++) {
		shell_line(line, sizeof(line), "losetup -n -O NAME -j %s", name);
		if (line[0] != '\0')
			(void)usleep(10000);
	}
	assert_string_equal(line, "");
}

static int mount_it(const char *name, const char *type, uint64_t offset, uint64_t size, struct loopmount **ret_mount,
		    struct err *err)
{
	struct loopmount_request request = { .name = name, .offset = offset, .size = size, .type = type };
	int r;

	request.fd = open(in_dir(name), O_RDONLY | O_CLOEXEC);
	assert_true(request.fd >= 0);
	r = loopmount_new(&request, ret_mount, err);
	(void)close(request.fd);
	return r;
}

static void check_mounted(const struct loopmount *mount)
{
	char path[128], line[64], who[256];
	struct statvfs stat;
	FILE *file;
	int fd;

	assert_int_equal(statvfs(loopmount_root(mount), &stat), 0);
	assert_int_equal(stat.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME),
			 ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME);
	(void)snprintf(path, sizeof(path), "%s/hello", loopmount_root(mount));
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_string_equal(line, "hello\n");
	(void)fclose(file);
	assert_int_equal(open(path, O_WRONLY | O_CLOEXEC), -1);
	(void)snprintf(path, sizeof(path), "%s/link", loopmount_root(mount));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd < 0 && (errno == ELOOP || errno == ENOENT)); /* nosymfollow; or the file system has no links */
	shell_line(who, sizeof(who), "cat /proc/self/mountinfo | grep %s", loopmount_device(mount));
	assert_string_equal(who, "");
}

static bool kernel_knows(const char *type)
{
	if (try_shell("grep -qw %s /proc/filesystems || modprobe %s", type, type) == 0)
		return true;
	print_message("not tried: this kernel has no %s\n", type);
	return false;
}

#define TREE "rm -rf t; mkdir t; echo hello >t/hello; ln -s hello t/link; "

static void test_types(void **state)
{
	static const struct {
		const char *type, *made_by;
		uint64_t offset, size;
	} rows[] = {
		{ "ext4", "truncate -s 20M image; mkfs.ext4 -q -d t image", 0, 0 },
		{ "ext2", "truncate -s 20M image; mkfs.ext2 -q -d t image", 0, 0 },
		{ "ext4", "truncate -s 20M image; mkfs.ext4 -q -d t -E offset=1048576 image 16384", 1048576, 16777216 },
		{ "squashfs", "mksquashfs t image -quiet -no-progress", 0, 0 },
		{ "btrfs", "truncate -s 120M image; mkfs.btrfs -q -r t image", 0, 0 },
		{ "erofs", "mkfs.erofs image t", 0, 0 },
		{ "xfs",
		  "truncate -s 64M image; mkfs.xfs -q --unsupported image; mkdir m; mount image m; cp -a t/. m/; "
		  "umount m; rmdir m",
		  0, 0 },
		{ "vfat",
		  "truncate -s 20M image; mkfs.vfat image; mkdir m; mount image m; cp t/hello m/; umount m; rmdir m", 0,
		  0 },
		{ "iso9660", "genisoimage -quiet -R -o image t", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct loopmount *mount = NULL;
		struct err err = ERR_INIT;
		char before[SUM], after[SUM];

		if (!kernel_knows(rows[i].type))
			continue;
		shell("rm -f image; " TREE "%s", rows[i].made_by);
		sum_of("image", before);
		if (mount_it("image", rows[i].type, rows[i].offset, rows[i].size, &mount, &err) < 0)
			fail_msg("%s: %s", rows[i].type, err.message);
		check_mounted(mount);
		loopmount_freep(&mount);
		assert_null(mount);
		no_loops("image");
		sum_of("image", after);
		assert_string_equal(before, after);
		print_message("mounted: %s\n", rows[i].type);
	}
}

/* Copied while it was mounted: the journal holds what the file system does not. It stays so, and the mount works. */
static void test_pending(void **state)
{
	static const struct {
		const char *type, *made_by;
	} rows[] = {
		{ "ext4", "truncate -s 30M live; mkfs.ext4 -q live" },
		{ "ext3", "truncate -s 30M live; mkfs.ext3 -q live" },
		{ "xfs", "truncate -s 64M live; mkfs.xfs -q --unsupported live" },
		{ "btrfs", "truncate -s 120M live; mkfs.btrfs -q live" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct loopmount *mount = NULL;
		struct err err = ERR_INIT;
		char before[SUM], after[SUM];
		struct statvfs stat;

		if (!kernel_knows(rows[i].type))
			continue;
		shell("rm -f live image; %s && mkdir m && mount live m", rows[i].made_by);
		shell(TREE
		      "cp -a t/. m/; sync m/hello; sync -f m; echo new >m/new; chmod 4755 m/hello; sync m/new m/hello; "
		      "cp --sparse=always live image; umount m; rmdir m; rm live");
		sum_of("image", before);
		if (mount_it("image", rows[i].type, 0, 0, &mount, &err) < 0)
			fail_msg("%s: %s", rows[i].type, err.message);
		assert_int_equal(statvfs(loopmount_root(mount), &stat), 0); /* xfs has its files in the log alone */
		loopmount_freep(&mount);
		no_loops("image");
		sum_of("image", after);
		assert_string_equal(before, after);
		print_message("mounted: %s with a pending journal\n", rows[i].type);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *type;
		uint64_t offset, size;
		int code;
		const char *says;
	} rows[] = {
		{ "nfs", 0, 0, ERR_USAGE, "not mounted by --mount" },
		{ "crypto_LUKS", 0, 0, ERR_USAGE, "not mounted by --mount" },
		{ "", 0, 0, ERR_USAGE, "not mounted by --mount" },
		{ "ext4", 100, 0, ERR_USAGE, "no multiple of 512" },
		{ "ext4", UINT64_C(1) << 63, 0, ERR_USAGE, "no file is that large" },
		{ "ext4", 1024, UINT64_MAX, ERR_USAGE, "no file is that large" },
		{ "squashfs", 0, 0, ERR_DATA, "cannot mount squashfs in 'image'" },
		{ "squashfs", 0, 0, ERR_DATA, "the kernel says" },
		{ "ext4", 4096, 0, ERR_DATA, "its log may say more" },
	};

	(void)state;
	shell("rm -f image; truncate -s 20M image; mkfs.ext4 -q image");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct loopmount *mount = NULL;
		struct err err = ERR_INIT;
		int r = mount_it("image", rows[i].type, rows[i].offset, rows[i].size, &mount, &err);

		if (r != rows[i].code || strstr(err.message, rows[i].says) == NULL)
			fail_msg("%s: %d: %s", rows[i].type, r, err.message);
		assert_null(mount);
		print_message("%s\n", err.message);
		no_loops("image");
	}
}

/* Which file a loop device shows, whoever set it up. */
static void test_backed(void **state)
{
	char line[64];
	struct stat device, file, other;

	(void)state;
	shell("rm -f image other; truncate -s 1M image other");
	shell_line(line, sizeof(line), "losetup --find --show --read-only image");
	assert_int_equal(stat(line, &device), 0);
	assert_int_equal(stat(in_dir("image"), &file), 0);
	assert_int_equal(stat(in_dir("other"), &other), 0);
	assert_true(loopmount_backed(device.st_rdev, &file));
	assert_false(loopmount_backed(device.st_rdev, &other));
	assert_false(loopmount_backed(file.st_dev, &file));
	shell("losetup -d %s", line);
	no_loops("image");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_backed),
	};

	if (geteuid() != 0 || access("/dev/loop-control", R_OK | W_OK) < 0) {
		print_message("skipped: mounting an image needs root and loop devices\n");
		return 77;
	}
	return cmocka_run_group_tests_name("sys_loopmount", tests, folder_setup, folder_teardown);
}
