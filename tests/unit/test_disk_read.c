/* test_disk_read.c - segments, devices, unreadable ranges; every byte against the file that the image was cut from. */
#include "disk_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "crypto/digest.h"
#include "disk/ranges.h"
#include "disk/series.h"

enum { IMAGE = 300 * 1000 };

static unsigned char image[IMAGE];

static int setup(void **state)
{
	uint32_t random = 1;
	FILE *file;

	assert_int_equal(folder_setup(state), 0);
	for (size_t i = 0; i < IMAGE; i++) {
		random = random * 1664525 + 1013904223;
		image[i] = (unsigned char)(random >> 24);
	}
	file = fopen(in_dir("image"), "we");
	assert_non_null(file);
	assert_int_equal(fwrite(image, 1, IMAGE, file), IMAGE);
	return fclose(file);
}

static void read_everywhere(struct disk *disk)
{
	static unsigned char data[IMAGE];
	uint32_t random = 7;

	assert_int_equal(disk_size(disk), IMAGE);
	assert_int_equal(disk_read(disk, 0, data, IMAGE), 0);
	assert_memory_equal(data, image, IMAGE);
	for (int i = 0; i < 2000; i++) {
		size_t offset, len;

		random = random * 1664525 + 1013904223;
		offset = random % IMAGE;
		random = random * 1664525 + 1013904223;
		len = random % (IMAGE - offset + 1);
		if (i % 2 == 0)
			len %= 700;
		assert_int_equal(disk_read(disk, offset, data + 1, len), 0);
		assert_memory_equal(data + 1, image + offset, len);
	}
	assert_int_equal(disk_read(disk, IMAGE, data, 1), -ERANGE);
	assert_int_equal(disk_read(disk, 1, data, IMAGE), -ERANGE);
	assert_int_equal(disk_read(disk, UINT64_MAX, data, 2), -ERANGE);
	assert_int_equal(disk_read(disk, IMAGE, data, 0), 0);
}

static void check_hash(struct disk *disk)
{
	unsigned char want[DIGEST_BYTES];
	struct disk_digest digest;
	struct digest_state state;
	struct err err = ERR_INIT;

	digest_init(&state);
	digest_update(&state, image, IMAGE);
	digest_final(&state, want);
	assert_int_equal(disk_hash(disk, NULL, &digest, &err), 0);
	assert_memory_equal(digest.sha256, want, DIGEST_BYTES);
	assert_int_equal(digest.unreadable_bytes, 0);
	assert_int_equal(digest.stored_md5, STORED_NONE);
}

static void test_forms(void **state)
{
	static const struct {
		const char *made_by, *name;
		enum disk_form form;
		size_t count;
	} rows[] = {
		{ "cp image plain", "plain", DISK_RAW, 1 },
		{ "cp image a.raw", "a.raw", DISK_RAW, 1 },
		{ "cp image one.001", "one.001", DISK_RAW, 1 },
		{ "split -b 100000 -d -a 3 --numeric-suffixes=1 image s.", "s.001", DISK_SPLIT, 3 },
		{ "split -b 7001 -d -a 3 image z.", "z.000", DISK_SPLIT, 43 },
		{ "split -b 100001 image l.", "l.aa", DISK_SPLIT, 3 },
		{ "split -b 400 image m.", "m.aa", DISK_SPLIT, 750 },
		{ "split -b 444 -a 2 image n.", "n.aa", DISK_SPLIT, 676 },
		{ "split -b 3000 -a 4 image o.", "o.aaaa", DISK_SPLIT, 100 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct disk_source source = DISK_SOURCE_INIT;
		struct disk *disk;

		shell("%s", rows[i].made_by);
		disk = open_disk(rows[i].name, true, &source);
		assert_int_equal(source.form, rows[i].form);
		assert_int_equal(source.count, rows[i].count);
		assert_false(source.direct);
		read_everywhere(disk);
		check_hash(disk);
		disk_freep(&disk);
		disk_source_done(&source);
		shell("rm -f -- *.*");
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *made_by, *name, *says;
		int code;
	} rows[] = {
		{ ":", "missing", "No such file or directory", ERR_NOINPUT },
		{ ":", "no/where", "No such file or directory", ERR_NOINPUT },
		{ "mkdir d.x", "d.x", "neither a file nor a block device", ERR_DATA },
		{ "mkfifo f.x", "f.x", "neither a file nor a block device", ERR_DATA },
		{ "mknod c.x c 1 3", "c.x", "neither a file nor a block device", ERR_DATA },
		{ ": >e.x", "e.x", "is empty", ERR_DATA },
		{ "cp image g.001; cp image g.003", "g.001", "a segment is missing between", ERR_DATA },
		{ "cp image g.001; cp image g.004", "g.001", "missing between 'g.001' and 'g.004'", ERR_DATA },
		{ "cp image g.001; : >g.002", "g.001", "'g.002' is empty", ERR_DATA },
		{ "cp image g.001; mkdir g.002", "g.001", "neither a file nor a block device", ERR_DATA },
		{ "cp image g.001; cp image g.002", "g.002", "is a later segment of 'g.001'", ERR_USAGE },
		{ "cp image g.000; cp image g.001", "g.001", "is a later segment of 'g.000'", ERR_USAGE },
		{ "cp image g.aa; cp image g.ac", "g.aa", "a segment is missing between", ERR_DATA },
		{ "printf 'QFI\\373\\0\\0\\0\\3' >q.x", "q.x", "qemu-img convert", ERR_DATA },
		{ "printf 'LVF\\t\\r\\n\\377\\0' >q.x", "q.x", "holds files, no disk", ERR_DATA },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct disk_source source = DISK_SOURCE_INIT;
		struct err err = ERR_INIT;

		shell("%s", rows[i].made_by);
		assert_int_equal(disk_source_open(in_dir(rows[i].name), false, &source, &err), rows[i].code);
		if (strstr(err.message, rows[i].says) == NULL)
			fail_msg("row %zu says: %s", i, err.message);
		assert_null(source.fds);
		shell("rm -rf -- *.*");
	}
}

static void test_series(void **state)
{
	static const struct {
		const char *first, *name;
		bool ewf;
		int64_t index;
	} rows[] = {
		{ "d.001", "d.001", false, 1 },       { "d.001", "d.1000", false, 1000 },
		{ "d.001", "d.0002", false, -1 },     { "d.001", "d.01", false, -1 },
		{ "d.001", "d.001x", false, -1 },     { "d.aa", "d.ab", false, 1 },
		{ "d.aa", "d.yz", false, 649 },       { "d.aa", "d.zaaa", false, 650 },
		{ "d.aa", "d.zaab", false, 651 },     { "d.aa", "d.zyzz", false, 17549 },
		{ "d.aa", "d.zzaaaa", false, 17550 }, { "d.aa", "d.aaaa", false, -1 },
		{ "d.aa", "d.zz", false, 675 },       { "d.aa", "d.aaa", false, -1 },
		{ "d.E01", "d.E01", true, 1 },        { "d.E01", "d.E99", true, 99 },
		{ "d.E01", "d.E00", true, -1 },       { "d.E01", "d.EAA", true, 100 },
		{ "d.E01", "d.EZZ", true, 775 },      { "d.E01", "d.FAA", true, 776 },
		{ "d.E01", "d.ZZZ", true, 14971 },    { "d.E01", "d.e02", true, -1 },
		{ "d.E01", "d.DAA", true, -1 },       { "d.e01", "d.faa", true, 776 },
		{ "d.s01", "d.s02", true, 2 },        { "d.E01", "d.F01", true, -1 },
		{ "d.Ex01", "d.Ex02", true, 2 },      { "d.Ex01", "d.EyAA", true, 776 },
		{ "d.E01", "d.txt", true, -1 },       { "d.E01", "d.EA1", true, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct series series;

		assert_true(series_of(rows[i].first, rows[i].ewf, &series));
		if (series_index(&series, rows[i].name) != rows[i].index)
			fail_msg("%s: %lld", rows[i].name, (long long)series_index(&series, rows[i].name));
	}
}

/* Random ranges against a map of bytes. */
static void test_ranges(void **state)
{
	static struct ranges ranges;
	static unsigned char map[5000];
	uint32_t random = 3;

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t offset, len, bytes = 0;

		random = random * 1664525 + 1013904223;
		offset = (random >> 8) % 4900;
		random = random * 1664525 + 1013904223;
		len = (random >> 8) % 60;
		ranges_add(&ranges, offset, len);
		memset(map + offset, 1, len);
		for (size_t i = 0; i < ranges.count; i++) {
			assert_true(ranges.items[i].len > 0);
			assert_true(i == 0 ||
				    ranges.items[i - 1].offset + ranges.items[i - 1].len < ranges.items[i].offset);
		}
		for (size_t i = 0; i < sizeof(map); i++) {
			bytes += map[i];
			assert_int_equal(ranges_hit(&ranges, i, 1), map[i]);
		}
		assert_int_equal(ranges_bytes(&ranges), bytes);
	}
}

static void test_ranges_full(void **state)
{
	static struct ranges ranges;

	(void)state;
	for (uint64_t i = 1; i <= RANGES_MAX; i++)
		ranges_add(&ranges, i * 100, 10);
	assert_false(ranges.full);
	ranges_add(&ranges, 50, 10);
	assert_true(ranges.full);
	ranges_add(&ranges, 150, 10);
	ranges_add(&ranges, (RANGES_MAX + 9) * 100, 10);
	assert_int_equal(ranges.count, RANGES_MAX);
	assert_true(ranges_hit(&ranges, 55, 1) && ranges_hit(&ranges, 159, 1) && ranges_hit(&ranges, 509, 1));
	assert_true(ranges_hit(&ranges, (RANGES_MAX + 9) * 100, 1));
	assert_false(ranges_hit(&ranges, 511, 1) || ranges_hit(&ranges, 0, 50));
}

/* A loop device over IMAGE, or a skip where there is none. */
static void loop_device(char *name, size_t size, const char *options)
{
	if (geteuid() != 0) {
		print_message("skipped: loop devices need root\n");
		skip();
	}
	shell("truncate -s 299520 image; cp image backing");
	shell_line(name, size, "losetup -r %s --show -f backing", options);
	if (name[0] == '\0') {
		print_message("skipped: no loop device\n");
		skip();
	}
}

static void test_device(void **state)
{
	static unsigned char data[IMAGE];
	char device[64];

	(void)state;
	loop_device(device, sizeof(device), "");
	for (int direct = 0; direct < 2; direct++) {
		struct disk_source source = DISK_SOURCE_INIT;
		struct disk *disk = open_disk(device, direct != 0, &source);
		uint32_t random = 11;

		assert_int_equal(source.form, DISK_DEVICE);
		assert_int_equal(source.direct, direct);
		assert_int_equal(source.dev_major, 7);
		assert_int_equal(disk_size(disk), 299520);
		for (int i = 0; i < 500; i++) {
			size_t offset, len;

			random = random * 1664525 + 1013904223;
			offset = random % 299520;
			random = random * 1664525 + 1013904223;
			len = random % (299520 - offset + 1);
			assert_int_equal(disk_read(disk, offset, data + i % 3, len), 0);
			assert_memory_equal(data + i % 3, image + offset, len);
		}
		disk_freep(&disk);
		disk_source_done(&source);
	}
	shell("losetup -d %s", device);
}

/* Its backing file is cut off behind its back: from 200,192 on nothing can be read. */
static void test_unreadable(void **state)
{
	static unsigned char data[IMAGE];
	char device[64];

	(void)state;
	loop_device(device, sizeof(device), "");
	shell("truncate -s 200192 backing");
	for (int direct = 0; direct < 2; direct++) {
		struct disk_source source = DISK_SOURCE_INIT;
		struct disk *disk = open_disk(device, direct != 0, &source);
		struct buf bad = BUF_INIT;
		struct disk_digest digest;
		struct disk_range range;
		struct err err = ERR_INIT;
		uint64_t from = direct != 0 ? 200192 : 196608; /* the page cache fails by the page */

		memset(data, 7, sizeof(data));
		assert_int_equal(disk_read(disk, 1, data, 299519), -EIO);
		assert_memory_equal(data, image + 1, from - 1);
		assert_int_equal(data[from - 1], 0);
		assert_int_equal(data[299518], 0);
		assert_int_equal(disk_read(disk, 1000, data, 50000), 0);
		assert_int_equal(disk_read(disk, 250000, data, 10), -EIO);
		assert_int_equal(disk_unreadable(disk, &bad), 0);
		assert_int_equal(bad.len, sizeof(range));
		memcpy(&range, bad.data, sizeof(range));
		assert_int_equal(range.offset, from);
		assert_int_equal(range.len, 299520 - from);
		assert_int_equal(disk_hash(disk, NULL, &digest, &err), 0);
		assert_int_equal(digest.unreadable_bytes, 299520 - from);
		buf_done(&bad);
		disk_freep(&disk);
		disk_source_done(&source);
	}
	shell("losetup -d %s", device);
}

/* A file that became shorter while it is examined. */
static void test_cut(void **state)
{
	struct disk_source source = DISK_SOURCE_INIT;
	unsigned char data[4096];
	struct extent_of_disk part;
	struct disk *disk;

	(void)state;
	shell("cp image cut");
	disk = open_disk("cut", false, &source);
	shell("truncate -s 8000 cut");
	assert_int_equal(disk_read(disk, 7000, data, 1000), 0);
	assert_int_equal(disk_read(disk, 7000, data, 1001), -EIO);
	part = (struct extent_of_disk){ .disk = disk, .offset = 1000, .size = 2000 };
	assert_int_equal(disk_part_read(&part, 0, data, 2000), 0);
	assert_memory_equal(data, image + 1000, 2000);
	assert_int_equal(disk_part_read(&part, 1, data, 2000), -ERANGE);
	part = (struct extent_of_disk){ .disk = disk, .offset = IMAGE - 10, .size = UINT64_MAX };
	assert_int_equal(disk_part_read(&part, 0, data, 11), -ERANGE);
	assert_int_equal(disk_part_read(&part, UINT64_MAX - 4, data, 4), -ERANGE);
	disk_freep(&disk);
	disk_source_done(&source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),  cmocka_unit_test(test_refused),     cmocka_unit_test(test_series),
		cmocka_unit_test(test_ranges), cmocka_unit_test(test_ranges_full), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_device), cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests_name("disk_read", tests, setup, folder_teardown);
}
