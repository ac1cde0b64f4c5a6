/* test_disk_ewf.c - E01 images that libewf's own programs made, whole and damaged. */
#include "disk_fixture.h"

#include <errno.h>

#include "base/buf.h"
#include "crypto/digest.h"

enum { IMAGE = 9 << 20 };

#ifdef __SANITIZE_ADDRESS__
/* libewf's own leak of every chunk that it cannot read; ewf.c bounds how many there are. */
const char *__lsan_default_suppressions(void); // NOLINT
const char *__lsan_default_suppressions(void) // NOLINT
{
	return "leak:libewf_chunk_data_initialize\n";
}
#endif

static unsigned char image[IMAGE], data[IMAGE];

static int setup(void **state)
{
	uint32_t random = 1;
	FILE *file;

	assert_int_equal(folder_setup(state), 0);
	for (size_t i = 0; i < IMAGE; i++) {
		random = random * 1664525 + 1013904223;
		image[i] = i / 100000 % 3 == 0 ? 0 : (unsigned char)(random >> 24);
	}
	file = fopen(in_dir("image"), "we");
	assert_non_null(file);
	assert_int_equal(fwrite(image, 1, IMAGE, file), IMAGE);
	return fclose(file);
}

static void acquire(const char *name, const char *options)
{
	if (try_shell("command -v ewfacquire") != 0) {
		print_message("skipped: no ewfacquire (package ewf-tools)\n");
		skip();
	}
	shell("rm -f *.E* *.s*; ewfacquire -u -q -t %s %s $PWD/image", name, options);
}

static void check_reads(struct disk *disk)
{
	uint32_t random = 5;

	assert_int_equal(disk_size(disk), IMAGE);
	assert_int_equal(disk_read(disk, 0, data, IMAGE), 0);
	assert_memory_equal(data, image, IMAGE);
	for (int i = 0; i < 300; i++) {
		size_t offset, len;

		random = random * 1664525 + 1013904223;
		offset = random % IMAGE;
		random = random * 1664525 + 1013904223;
		len = (random >> 8) % 100000;
		if (len > IMAGE - offset)
			len = IMAGE - offset;
		assert_int_equal(disk_read(disk, offset, data, len), 0);
		assert_memory_equal(data, image + offset, len);
	}
	assert_int_equal(disk_read(disk, IMAGE - 1, data, 2), -ERANGE);
}

static void test_forms(void **state)
{
	static const struct {
		const char *options, *name;
		size_t count; /* at least */
		enum stored sha1;
	} rows[] = {
		{ "", "i.E01", 1, STORED_NONE },
		{ "-d sha1", "i.E01", 1, STORED_RIGHT },
		{ "-S 1048576 -c none", "i.E01", 7, STORED_NONE },
		{ "-f smart", "i.s01", 1, STORED_NONE },
		{ "-f encase5 -c best -b 64", "i.E01", 1, STORED_NONE },
	};
	unsigned char want[DIGEST_BYTES];
	struct digest_state digest_state;

	(void)state;
	digest_init(&digest_state);
	digest_update(&digest_state, image, IMAGE);
	digest_final(&digest_state, want);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct disk_source source = DISK_SOURCE_INIT;
		struct disk_digest digest;
		struct err err = ERR_INIT;
		struct disk *disk;

		acquire("i", rows[i].options);
		disk = open_disk(rows[i].name, false, &source);
		assert_int_equal(source.form, DISK_EWF);
		assert_true(source.count >= rows[i].count);
		check_reads(disk);
		assert_int_equal(disk_hash(disk, NULL, &digest, &err), 0);
		assert_memory_equal(digest.sha256, want, DIGEST_BYTES);
		assert_int_equal(digest.stored_md5, STORED_RIGHT);
		assert_int_equal(digest.stored_sha1, rows[i].sha1);
		assert_int_equal(digest.unreadable_bytes, 0);
		disk_freep(&disk);
		disk_source_done(&source);
	}
}

/* A byte of a chunk is another: what lies in it is unreadable, the rest is not, and the stored digest is wrong. */
static void test_damaged_chunk(void **state)
{
	struct disk_source source = DISK_SOURCE_INIT;
	struct buf bad = BUF_INIT;
	struct disk_digest digest;
	struct disk_range range;
	struct err err = ERR_INIT;
	struct disk *disk;

	(void)state;
	acquire("i", "-c none");
	shell("printf x | dd of=i.E01 bs=1 seek=5000000 conv=notrunc");
	disk = open_disk("i.E01", false, &source);
	assert_int_equal(disk_read(disk, 0, data, IMAGE), -EIO);
	assert_int_equal(disk_unreadable(disk, &bad), 0);
	assert_int_equal(bad.len, sizeof(range));
	memcpy(&range, bad.data, sizeof(range));
	assert_int_equal(range.len, 32768);
	assert_in_range(range.offset, 4900000, 5000000);
	assert_memory_equal(data, image, range.offset);
	assert_int_equal(data[range.offset + 5], 0);
	assert_memory_equal(data + range.offset + 32768, image + range.offset + 32768, IMAGE - range.offset - 32768);
	assert_int_equal(disk_read(disk, range.offset + 100, data, 10), -EIO);
	assert_int_equal(disk_read(disk, range.offset - 100, data, 100), 0);
	assert_int_equal(disk_hash(disk, NULL, &digest, &err), 0);
	assert_int_equal(digest.stored_md5, STORED_WRONG);
	assert_int_equal(digest.unreadable_bytes, 32768);
	buf_done(&bad);
	disk_freep(&disk);
	disk_source_done(&source);
}

/* Cut off, overwritten, or with a segment of something else: an error or unreadable bytes, never other bytes. */
static void test_broken(void **state)
{
	static const char *const damages[] = {
		"truncate -s 100 i.E01",
		"truncate -s 3000000 i.E01",
		"truncate -s -10 i.E01",
		"head -c 200 /dev/zero | dd of=i.E01 bs=1 seek=13 conv=notrunc",
		"head -c 2000 /dev/urandom | dd of=i.E01 bs=1 seek=13 conv=notrunc",
		"head -c 70000 /dev/urandom | dd of=i.E01 bs=1 seek=2000 conv=notrunc",
		"cp i.E01 i.E02",
		"rm i.E05",
		"rm i.E02; cp image i.E02",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct disk_source source = DISK_SOURCE_INIT;
		struct err err = ERR_INIT;
		struct disk *disk = NULL;

		acquire("i", i >= 7 ? "-S 2097152 -c none" : "");
		shell("%s", damages[i]);
		assert_int_equal(disk_source_open(in_dir("i.E01"), false, &source, &err), 0);
		if (disk_new(&source, &disk, &err) < 0) {
			assert_int_equal(err.code, ERR_DATA);
			print_message("%s: %s\n", damages[i], err.message);
		} else {
			for (size_t at = 0; at < IMAGE && at < disk_size(disk); at += 4096) {
				size_t n = disk_size(disk) - at < 4096 ? (size_t)(disk_size(disk) - at) : 4096;

				if (disk_read(disk, at, data, n) == 0 && n == 4096)
					assert_memory_equal(data, image + at, n);
			}
		}
		disk_freep(&disk);
		disk_source_done(&source);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_damaged_chunk),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests_name("disk_ewf", tests, setup, folder_teardown);
}
