/*
 * test_medium_iso.c - the files of an ISO image. The images are xorriso's (tests/fuzz/corpus/iso); what is wrong with them was asked
 * of xorriso, or is patched in here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/quote.h"
#include "iso_fixture.h"
#include "medium/readback.h"

static void images(void **state)
{
	static const struct {
		const char *name, *message; /* NULL: it is taken */
	} rows[] = {
		{ "whole", NULL },
		{ "many", NULL },
		{ "joliet",
		  "it has a supplementary volume descriptor (Joliet): a second tree of names, which no medium has" },
		{ "el-torito", "it has a boot record (El Torito), which no medium has" },
		{ "partition", "sector 0 belongs to no file, but it is not empty" },
		{ "link", "'l' is a symbolic link, where a medium has files only" },
		{ "hard-link", "the record of 'l' in the folder '/' is not as" },
		{ "fifo", "the record of 'f' in the folder '/' is not as" },
		{ "hidden", "'.hidden' is one file too many" },
		{ "deep", "'keys/deep' is a folder in a folder" },
		{ "empty-folder", "the folder 'empty' is empty" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(source_done) struct source source = SOURCE_INIT;
		CLEANUP(fd_closep) int fd = iso_image(rows[i].name);
		struct err err = ERR_INIT;
		int r = iso_list(fd, &source, &err);

		if (rows[i].message ? r != ERR_UNTRUSTED || strstr(err.message, rows[i].message) != err.message : r < 0)
			fail_msg("%s: %d %s", rows[i].name, r, err.message);
	}
}

static int on_piece(void *context, const void *data, size_t len, struct err *err)
{
	(void)err;
	return buf_add(context, data, len);
}

static void contents(void **state)
{
	static const struct {
		const char *name, *text;
		uint64_t size;
	} rows[] = {
		{ "README.txt", "hi\n", 3 },
		{ "baseline.db", "xxx", 3000 },
		{ "bin/tally-x86_64", "tool\n", 5 },
		{ "files.mtree", "", 0 },
		{ "keys/0011223344556677.pub", "k\n", 2 },
		{ "statement.txt.0011223344556677.minisig", "sig\n", 4 },
	};
	CLEANUP(source_done) struct source source = SOURCE_INIT;
	CLEANUP(fd_closep) int fd = iso_image("whole");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(iso_list(fd, &source, &err), 0);
	assert_true(source.image);
	assert_int_equal(source.date, 1795304260); /* 2026-11-21T23:37:40Z */
	assert_int_equal(source.count, ARRAY_SIZE(rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_done) struct buf text = BUF_INIT;

		assert_string_equal(source.files[i].name, rows[i].name);
		assert_ptr_equal(source_find(&source, rows[i].name), &source.files[i]);
		assert_int_equal(source_read(&source, &source.files[i], on_piece, &text, NULL, NULL, &err), 0);
		assert_int_equal(text.len, rows[i].size);
		assert_memory_equal(buf_str(&text), rows[i].text, strlen(rows[i].text));
	}
	assert_null(source_find(&source, "keys"));
	assert_null(source_find(&source, "readme.txt"));
}

static bool same_names(const struct source *a, const struct source *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = strcmp(a->files[i].name, b->files[i].name) == 0;
	return same;
}

static bool in_a_file(const struct source *source, uint64_t at)
{
	for (size_t i = 0; i < source->count; i++)
		if (at >= source->files[i].at && at < source->files[i].at + source->files[i].size)
			return true;
	return false;
}

/* Whatever byte is another: told here, or it is in a file or a name, where the list of sums tells it, or names the program that wrote it. */
static void flips(void **state)
{
	CLEANUP(source_done) struct source whole = SOURCE_INIT;
	CLEANUP(fd_closep) int fd = iso_image("whole");
	off_t end = lseek(fd, 0, SEEK_END);
	struct err err = ERR_INIT;
	unsigned refused = 0;

	(void)state;
	assert_int_equal(iso_list(fd, &whole, &err), 0);
	for (off_t at = 0; at < end; at++) {
		CLEANUP(source_done) struct source source = SOURCE_INIT;
		off_t sector = at / SPARSE_SECTOR;
		unsigned char byte, flipped;

		/* each byte of descriptors, folders and tables, some of all others */
		if ((sector < 16 || sector > 23) && at % 37)
			continue;
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		flipped = (unsigned char)(byte ^ 1U << at % 8);
		assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
		if (iso_list(fd, &source, &err) < 0)
			refused++;
		else if (same_names(&source, &whole) && !in_a_file(&whole, (uint64_t)at) &&
			 !(at >= 16 * SPARSE_SECTOR + 446 && at < 16 * SPARSE_SECTOR + 574))
			fail_msg("byte %lld of sector %lld was changed unseen", (long long)at % SPARSE_SECTOR,
				 (long long)sector);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	assert_true(refused > 15000);
}

/* Puts a number in both orders at AT of the record of a file by its plain name. */
static void patch(int fd, const char *plain, unsigned at, uint32_t value)
{
	static unsigned char data[64 * SPARSE_SECTOR];
	ssize_t len = pread(fd, data, sizeof(data), 0);
	const unsigned char *found = memmem(data, (size_t)len, plain, strlen(plain));
	unsigned char both[8];

	assert_non_null(found);
	for (unsigned i = 0; i < 4; i++)
		both[i] = both[7 - i] = (unsigned char)(value >> 8 * i);
	assert_int_equal(pwrite(fd, both, sizeof(both), found - data - 33 + at), sizeof(both));
}

static void extents(void **state)
{
	static const struct {
		const char *plain;
		unsigned at; /* 2: first sector, 10: size */
		uint32_t value;
		const char *message;
	} rows[] = {
		{ "README.TXT;1", 2, 33, "README.txt and baseline.db share sector 33" },
		{ "README.TXT;1", 2, 18, "the folder '/' and README.txt share sector 18" },
		{ "README.TXT;1", 2, 0x7fffffff, "README.txt lies outside of the image" },
		{ "README.TXT;1", 2, 24, "sector 37 belongs to no file" },
		{ "README.TXT;1", 10, 0xffffffff, "README.txt lies outside of the image" },
		{ "README.TXT;1", 10, 2, "there is something behind the end of README.txt" },
		{ "README.TXT;1", 10, 3000, "README.txt and statement.txt" },
		{ "FILES.MTREE;1", 2, 0x10000000, "files.mtree lies outside of the image" },
		{ "FILES.MTREE;1", 10, 100, NULL },
		{ "KEYS", 10, 4096, "the record of '.' in the folder 'keys' is not as" },
		{ "KEYS", 10, 0, "the folder 'keys' has 0 bytes" },
		{ "KEYS", 10, 0xfffff800, "the folder 'keys' has 4294965248 bytes" },
		{ "KEYS", 2, 20, "the path table is not as" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(source_done) struct source source = SOURCE_INIT;
		CLEANUP(fd_closep) int fd = iso_image("whole");
		struct err err = ERR_INIT;
		int r;

		patch(fd, rows[i].plain, rows[i].at, rows[i].value);
		r = iso_list(fd, &source, &err);
		if (rows[i].message ? r != ERR_UNTRUSTED || strstr(err.message, rows[i].message) != err.message : r < 0)
			fail_msg("row %zu: %d %s", i, r, err.message);
	}
}

static void ends(void **state)
{
	static const struct {
		off_t more; /* bytes put behind the image, or taken off */
		char byte;
		const char *message;
	} rows[] = {
		{ -1, 0, "it is cut off: it has 79871 bytes of 79872" },
		{ -40000, 0, "it is cut off: it has 39872 bytes of 79872" },
		{ -47000, 0, "it is cut off at byte 32872" },
		{ -79872, 0, "it is cut off at byte 32768" },
		{ 1, 0, NULL },
		{ 150 * SPARSE_SECTOR, 0, NULL },
		{ 1, 'x', "there is something behind the end of the image" },
		{ 70000, 'x', "there is something behind the end of the image" },
		{ 600 * SPARSE_SECTOR, 0, "the file goes on for 1228800 bytes behind the image" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(source_done) struct source source = SOURCE_INIT;
		CLEANUP(fd_closep) int fd = iso_image("whole");
		off_t end = lseek(fd, 0, SEEK_END) + rows[i].more;
		struct err err = ERR_INIT;
		int r;

		assert_int_equal(ftruncate(fd, end), 0);
		if (rows[i].more > 0)
			assert_int_equal(pwrite(fd, &rows[i].byte, 1, end - 1), 1);
		r = iso_list(fd, &source, &err);
		if (rows[i].message ? r != ERR_UNTRUSTED || strstr(err.message, rows[i].message) != err.message : r < 0)
			fail_msg("row %zu: %d %s", i, r, err.message);
	}
}

static void enter(struct manifest *manifest, const struct source *source, const struct source_file *file)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	unsigned char digest[DIGEST_BYTES];
	struct digest_state state;
	struct err err = ERR_INIT;

	assert_int_equal(source_read(source, file, on_piece, &text, NULL, NULL, &err), 0);
	digest_init(&state);
	digest_update(&state, text.data, text.len);
	digest_final(&state, digest);
	assert_int_equal(manifest_add(manifest, file->name, digest, &err), 0);
}

static void expect_back(int fd, const struct manifest *manifest, int64_t sec, const char *message)
{
	const struct timestamp date = { .sec = sec };
	struct err err = ERR_INIT;
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = readback_iso(path, manifest, date, NULL, &err);
	if (r != ERR_IO || strcmp(err.message, message) != 0)
		fail_msg("%d %s", r, err.message);
}

#define NOT_AS "the ISO file is not what was written: "

/* What xorriso left is held against what was to be written: damage, another layout, a file too many or missing. */
static void read_back(void **state)
{
	CLEANUP(source_done) struct source source = SOURCE_INIT;
	CLEANUP(manifest_done) struct manifest manifest = MANIFEST_INIT, less = MANIFEST_INIT;
	CLEANUP(fd_closep) int fd = iso_image("whole");
	CLEANUP(fd_closep) int joliet = iso_image("joliet");
	const struct source_file *readme;
	atomic_bool now = true;
	struct err err = ERR_INIT;
	unsigned char byte;
	char path[64];

	(void)state;
	assert_int_equal(iso_list(fd, &source, &err), 0);
	for (size_t i = 0; i < source.count; i++) {
		const char *name = source.files[i].name;

		if (strcmp(name, MEDIUM_SUMS) == 0 || strcmp(name, MEDIUM_SUMS_MINISIG) == 0)
			continue;
		enter(&manifest, &source, &source.files[i]);
		if (strcmp(name, MEDIUM_README) != 0)
			enter(&less, &source, &source.files[i]);
	}
	/* all is as it was, but that these images hold no list: exports that do are in tests/e2e */
	expect_back(fd, &manifest, source.date, NOT_AS "'" MEDIUM_SUMS "' or its signature is missing");
	expect_back(fd, &manifest, source.date + 1, NOT_AS "its date is another");
	expect_back(fd, &less, source.date, NOT_AS "'" MEDIUM_README "' is one file too many");
	expect_back(joliet, &manifest, source.date,
		    NOT_AS
		    "it has a supplementary volume descriptor (Joliet): a second tree of names, which no medium has");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(readback_iso(path, &manifest, (struct timestamp){ .sec = source.date }, &now, &err),
			 ERR_INTERRUPTED);
	readme = source_find(&source, MEDIUM_README);
	assert_non_null(readme);
	assert_int_equal(pread(fd, &byte, 1, (off_t)readme->at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)readme->at), 1);
	expect_back(fd, &manifest, source.date, NOT_AS "the digest of '" MEDIUM_README "' is another");
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)readme->at), 1);
	assert_int_equal(manifest_add(&manifest, "zz", (const unsigned char[DIGEST_BYTES]){ 0 }, &err), 0);
	expect_back(fd, &manifest, source.date, NOT_AS "'zz' is missing");
	/* nor may it be shorter than what was written */
	assert_int_equal(ftruncate(fd, (off_t)readme->at), 0);
	assert_int_equal(readback_iso(path, &manifest, (struct timestamp){ .sec = source.date }, NULL, &err), ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images),  cmocka_unit_test(contents), cmocka_unit_test(flips),
		cmocka_unit_test(extents), cmocka_unit_test(ends),     cmocka_unit_test(read_back),
	};

	return cmocka_run_group_tests_name("medium_iso", tests, NULL, NULL);
}
