/*
 * test_base_spill.c - sorting beyond memory, with qsort() over the same records as oracle.
 *
 * openat() is wrapped at link time, to play a file system that has no O_TMPFILE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/spill.h"
#include "base/spill_run.h"

static bool no_tmpfile;
static unsigned tmpfiles, named_files;

int __real_openat(int dirfd, const char *name, int flags, mode_t mode);
int __wrap_openat(int dirfd, const char *name, int flags, mode_t mode);
int __wrap_openat64(int dirfd, const char *name, int flags, mode_t mode);

int __wrap_openat(int dirfd, const char *name, int flags, mode_t mode)
{
	if ((flags & O_TMPFILE) == O_TMPFILE) {
		if (no_tmpfile) {
			errno = EOPNOTSUPP;
			return -1;
		}
		tmpfiles++;
		assert_int_equal(mode, 0600);
	} else if (flags & O_CREAT) {
		named_files++;
		assert_int_equal(mode, 0600);
		assert_true(flags & O_EXCL);
	}
	return __real_openat(dirfd, name, flags, mode);
}

int __wrap_openat64(int dirfd, const char *name, int flags, mode_t mode)
{
	return __wrap_openat(dirfd, name, flags, mode);
}

static char directory[] = "/tmp/test_spill.XXXXXX";

static unsigned entries_in(const char *path)
{
	DIR *dir = opendir(path);
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	(void)closedir(dir);
	return count;
}

/* A record as the oracle holds it. */
struct record {
	unsigned char key[24];
	size_t key_len, value_len, number;
};

static int compare_records(const void *a, const void *b)
{
	const struct record *left = a, *right = b;
	size_t common = left->key_len < right->key_len ? left->key_len : right->key_len;
	int order = memcmp(left->key, right->key, common);

	if (order == 0)
		order = (left->key_len > right->key_len) - (left->key_len < right->key_len);
	return order != 0 ? order : (left->number > right->number) - (left->number < right->number);
}

/* The value of a record follows from its number. */
static void fill_value(const struct record *record, unsigned char *value)
{
	for (size_t i = 0; i < record->value_len; i++)
		value[i] = (unsigned char)(record->number * 31 + i);
}

enum { VALUE_MAX = 3000 };

static void random_record(unsigned *seed, size_t number, struct record *record)
{
	*record = (struct record){ .number = number, .key_len = (size_t)rand_r(seed) % 5 };
	if (rand_r(seed) % 8 == 0)
		record->key_len = (size_t)rand_r(seed) % sizeof(record->key);
	for (size_t i = 0; i < record->key_len; i++)
		record->key[i] = (unsigned char)("\0\x01/a\x7f\x80\xff"[rand_r(seed) % 7]);
	record->value_len = (size_t)rand_r(seed) % (rand_r(seed) % 20 ? 40 : VALUE_MAX);
}

static void assert_sorted(struct spill *spill, const struct record *expected, size_t count)
{
	struct err err = ERR_INIT;
	struct spill_record record;
	unsigned char value[VALUE_MAX];

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(spill_next(spill, &record, &err), 1);
		assert_int_equal(record.key_len, expected[i].key_len);
		assert_memory_equal(record.key, expected[i].key, record.key_len);
		assert_int_equal(record.value_len, expected[i].value_len);
		fill_value(&expected[i], value);
		assert_memory_equal(record.value, value, record.value_len);
	}
	assert_int_equal(spill_next(spill, &record, &err), 0);
	assert_int_equal(spill_next(spill, &record, &err), 0);
}

static void sort_and_compare(const char *place, size_t count, size_t memory_bytes, unsigned seed)
{
	CLEANUP(spill_freep) struct spill *spill = NULL;
	CLEANUP(freep) struct record *records = calloc(count + 1, sizeof(*records));
	struct err err = ERR_INIT;
	struct spill_record record;
	unsigned char value[VALUE_MAX];

	assert_non_null(records);
	assert_int_equal(spill_new(place, memory_bytes, &spill, &err), 0);
	for (size_t i = 0; i < count; i++) {
		random_record(&seed, i, &records[i]);
		fill_value(&records[i], value);
		assert_int_equal(
			spill_add(spill, records[i].key, records[i].key_len, value, records[i].value_len, &err), 0);
	}
	assert_int_equal(spill_count(spill), count);
	qsort(records, count, sizeof(*records), compare_records);
	assert_int_equal(spill_sort(spill, &err), 0);
	assert_sorted(spill, records, count);
	assert_int_equal(spill_rewind(spill, &err), 0);
	assert_sorted(spill, records, count);
	/* from the middle as well */
	assert_int_equal(spill_rewind(spill, &err), 0);
	for (size_t i = 0; i < count / 3; i++)
		assert_int_equal(spill_next(spill, &record, &err), 1);
	assert_int_equal(spill_rewind(spill, &err), 0);
	assert_sorted(spill, records, count);
	assert_int_equal(spill_count(spill), count);
}

static void test_against_qsort(void **state)
{
	static const struct {
		size_t count, memory_bytes;
	} rows[] = {
		{ 0, 1 << 20 },    { 1, 1 << 20 },  { 3000, 1 << 24 }, /* in memory */
		{ 3000, 1 << 17 }, { 3000, 20000 }, /* one merge */
		{ 3000, 1500 }, /* two passes */
		{ 5000, 1 }, /* a run a record, three passes */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned before = tmpfiles;

		sort_and_compare(directory, rows[i].count, rows[i].memory_bytes, (unsigned)(20261122 + i));
		assert_int_equal(tmpfiles > before, i > 2); /* nothing is written below the bound */
		assert_int_equal(entries_in(directory), 2);
	}
}

static void test_without_tmpfile(void **state)
{
	unsigned before = named_files;

	(void)state;
	no_tmpfile = true;
	sort_and_compare(directory, 2000, 5000, 7);
	no_tmpfile = false;
	assert_true(named_files > before);
	assert_int_equal(entries_in(directory), 2); /* unlinked */
}

/* Large keys and values, among small ones, through a small bound. */
static void test_large_records(void **state)
{
	CLEANUP(spill_freep) struct spill *spill = NULL;
	CLEANUP(freep) unsigned char *large = malloc(SPILL_KEY_MAX + (8u << 20));
	struct spill_record record;
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(large);
	memset(large, 'L', SPILL_KEY_MAX + (8u << 20));
	assert_int_equal(spill_new(directory, 10000, &spill, &err), 0);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(spill_add(spill, large, SPILL_KEY_MAX, large, 8u << 20, &err), 0);
		for (unsigned char i = 0; i < 200; i++)
			assert_int_equal(spill_add(spill, &i, 1, large, 100, &err), 0);
	}
	assert_int_equal(spill_add(spill, large, SPILL_KEY_MAX + 1, NULL, 0, &err), ERR_DATA);
	assert_int_equal(spill_add(spill, NULL, 0, large, (size_t)SPILL_VALUE_MAX + 1, &err), ERR_DATA);
	assert_int_equal(spill_sort(spill, &err), 0);
	for (int pass = 0; pass < 2; pass++) {
		size_t small = 0, big = 0;

		while (spill_next(spill, &record, &err) > 0) {
			small += record.key_len == 1 && record.value_len == 100;
			big += record.key_len == SPILL_KEY_MAX && record.value_len == 8u << 20;
			assert_memory_equal(record.value, large, record.value_len);
		}
		assert_int_equal(small, 600);
		assert_int_equal(big, 3);
		assert_int_equal(spill_rewind(spill, &err), 0);
	}
}

/* Fills a spill until it fails; returns the code. */
static int fill_until_failure(const char *tmpdir, struct err *err)
{
	CLEANUP(spill_freep) struct spill *spill = NULL;
	int r;

	assert_int_equal(spill_new(tmpdir, 4096, &spill, err), 0);
	for (unsigned i = 0; i < 100000; i++) {
		r = spill_add(spill, &i, sizeof(i), directory, sizeof(directory), err);
		if (r < 0)
			return r;
	}
	return spill_sort(spill, err);
}

static void test_no_place(void **state)
{
	char missing[64];
	struct err err = ERR_INIT;

	(void)state;
	(void)snprintf(missing, sizeof(missing), "%s/missing", directory);
	assert_int_equal(fill_until_failure(missing, &err), ERR_CANTCREATE);
	assert_non_null(strstr(err.message, missing));
	assert_non_null(strstr(err.message, "--tmp"));
	assert_int_equal(err.os_errno, ENOENT);
	assert_int_equal(setenv("TMPDIR", missing, 1), 0); /* NULL means $TMPDIR */
	assert_int_equal(fill_until_failure(NULL, &err), ERR_CANTCREATE);
	assert_non_null(strstr(err.message, missing));
	assert_int_equal(unsetenv("TMPDIR"), 0);
	/* below the bound it is not missed */
	{
		CLEANUP(spill_freep) struct spill *spill = NULL;
		struct spill_record record;

		assert_int_equal(spill_new(missing, 4096, &spill, &err), 0);
		assert_int_equal(spill_add(spill, "k", 1, "v", 1, &err), 0);
		assert_int_equal(spill_sort(spill, &err), 0);
		assert_int_equal(spill_next(spill, &record, &err), 1);
	}
}

static void test_full(void **state)
{
	struct rlimit old, small;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ .rlim_cur = 100000, .rlim_max = old.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(fill_until_failure(directory, &err), ERR_CANTCREATE);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	(void)signal(SIGXFSZ, SIG_DFL);
	assert_non_null(strstr(err.message, directory));
	assert_non_null(strstr(err.message, "--tmp"));
	assert_int_equal(entries_in(directory), 2);
}

static void test_in_memory(void **state)
{
	CLEANUP(spill_file_done) struct spill_file file = SPILL_FILE_INIT;
	struct spill_record record = { .key = (const unsigned char *)"k", .key_len = 1 };
	struct err err = ERR_INIT;

	(void)state;
	sort_and_compare(SPILL_MEMORY, 5000, 4096, 7);
	assert_int_equal(entries_in(directory), 2);
	assert_int_equal(access(SPILL_MEMORY, F_OK), -1);
	assert_int_equal(spill_file_open(&file, SPILL_MEMORY, &err), 0);
	assert_true(file.limit == SPILL_MEMORY_MAX);
	file.limit = 20; /* two records of eight bytes and a key of one */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(spill_file_add(&file, &record, &err), 0);
		assert_int_equal(spill_file_end_run(&file, &err), 0);
	}
	assert_int_equal(spill_file_add(&file, &record, &err), 0);
	assert_int_equal(spill_file_end_run(&file, &err), ERR_CANTCREATE);
	assert_non_null(strstr(err.message, "--tmp"));
}

static void test_out_of_order(void **state)
{
	CLEANUP(spill_freep) struct spill *spill = NULL;
	struct spill_record record = { .key_len = 42 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(spill_new(directory, 4096, &spill, &err), 0);
	assert_int_equal(spill_next(spill, &record, &err), ERR_INTERNAL);
	assert_int_equal(spill_rewind(spill, &err), ERR_INTERNAL);
	assert_int_equal(spill_sort(spill, &err), 0);
	assert_int_equal(spill_sort(spill, &err), ERR_INTERNAL);
	assert_int_equal(spill_add(spill, "k", 1, "v", 1, &err), ERR_INTERNAL);
	assert_int_equal(spill_next(spill, &record, &err), 0);
	assert_int_equal(record.key_len, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_qsort), cmocka_unit_test(test_without_tmpfile),
		cmocka_unit_test(test_large_records), cmocka_unit_test(test_no_place),
		cmocka_unit_test(test_full),          cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_in_memory),
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(directory);
	return failed;
}
