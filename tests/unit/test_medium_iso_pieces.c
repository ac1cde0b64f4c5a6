/*
 * test_medium_iso_pieces.c - a file of 4 GiB and more in an ISO image: several records. The image is one in memory, and of the 4 GiB nobody has to
 * write a byte; that xorriso writes them so was seen with a real one (libisofs: sections of 4 GiB - 2 KiB).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/quote.h"
#include "iso_fixture.h"
#include "medium/iso_form.h"

#define LAST       "statement.txt.0011223344556677.minisig"
#define LAST_PLAIN "STATEMENT_TXT_0011223344556.MIN;1"
enum { LAST_AT = 40 }; /* the sector behind the image as it was */

/* Writes RECORD with these numbers in both orders, and its flags. */
static void put_record(int fd, off_t at, unsigned char *record, uint32_t sector, uint32_t size, unsigned char flags)
{
	for (unsigned i = 0; i < 4; i++) {
		record[2 + i] = record[9 - i] = (unsigned char)(sector >> 8 * i);
		record[10 + i] = record[17 - i] = (unsigned char)(size >> 8 * i);
	}
	record[25] = flags;
	assert_int_equal(pwrite(fd, record, record[0], at), record[0]);
}

struct row {
	uint32_t first, gap, last; /* bytes of the first record, sectors between the two, bytes of the second */
	unsigned char flags[2], change; /* change: of a byte of the second's mode */
	const char *message; /* NULL: it is taken */
};

/* The last file of the root gets two records, and its content a place behind all others. */
static void cut(int fd, const struct row *row)
{
	static unsigned char data[64 * SPARSE_SECTOR], record[256];
	static const unsigned char zeros[SPARSE_SECTOR];
	const uint32_t second = LAST_AT + row->first / SPARSE_SECTOR + row->gap;
	const uint32_t end = second + (row->last + SPARSE_SECTOR - 1) / SPARSE_SECTOR;
	ssize_t len = pread(fd, data, sizeof(data), 0);
	const unsigned char *found = memmem(data, (size_t)len, LAST_PLAIN, strlen(LAST_PLAIN));
	off_t at;

	assert_non_null(found);
	at = found - 33 - data;
	(void)memcpy(record, data + at, data[at]);
	assert_int_equal(data[at + record[0]], 0); /* it is the last */
	assert_int_equal(pwrite(fd, zeros, 4, (off_t)(record[2] * SPARSE_SECTOR)), 4);
	put_record(fd, at, record, LAST_AT, row->first, row->flags[0]);
	record[33 + record[32] + !(record[32] % 2) + 4] ^= row->change;
	record[33 + record[32] + !(record[32] % 2) + 11] ^= row->change;
	put_record(fd, at + record[0], record, second, row->last, row->flags[1]);
	for (unsigned i = 0; i < 4; i++)
		data[i] = data[7 - i] = (unsigned char)(end >> 8 * i);
	assert_int_equal(pwrite(fd, data, 8, 16 * SPARSE_SECTOR + 80), 8);
	assert_int_equal(ftruncate(fd, (off_t)end * SPARSE_SECTOR), 0);
}

static void pieces(void **state)
{
	static const struct row rows[] = {
		{ ISO_PIECE, 0, 5000, { 128, 0 }, 0, NULL },
		{ ISO_PIECE, 0, 0, { 128, 0 }, 0, "'" LAST "' does not go on in the next record" },
		{ ISO_PIECE, 1, 5000, { 128, 0 }, 0, "'" LAST "' does not go on in the next record" },
		{ ISO_PIECE, 0, 5000, { 128, 0 }, 0111, "'" LAST "' does not go on in the next record" },
		{ ISO_PIECE, 0, ISO_PIECE, { 128, 128 }, 0, "the records of the last file in the folder '/'" },
		{ ISO_PIECE, 0, 5000, { 128, 128 }, 0, "'" LAST "' goes on in the next record, but is not full" },
		{ 4096, 0, 5000, { 128, 0 }, 0, "'" LAST "' goes on in the next record, but is not full" },
		{ ISO_PIECE, 0, 5000, { 0, 0 }, 0, "the record of '" LAST "' in the folder '/' is out of order" },
		{ ISO_PIECE, 0, 5000, { 130, 0 }, 0, "the record of '" LAST "' in the folder '/' is not as" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(source_done) struct source source = SOURCE_INIT;
		CLEANUP(fd_closep) int fd = iso_image("whole");
		struct err err = ERR_INIT;
		int r;

		cut(fd, &rows[i]);
		r = iso_list(fd, &source, &err);
		if (rows[i].message ? r != ERR_UNTRUSTED || strstr(err.message, rows[i].message) != err.message : r < 0)
			fail_msg("row %zu: %d %s", i, r, err.message);
		if (rows[i].message)
			continue;
		assert_int_equal(source.count, 6);
		assert_int_equal(source_find(&source, LAST)->size, (uint64_t)rows[i].first + rows[i].last);
		assert_int_equal(source_find(&source, LAST)->at, LAST_AT * SPARSE_SECTOR);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(pieces) };

	return cmocka_run_group_tests_name("medium_iso_pieces", tests, NULL, NULL);
}
