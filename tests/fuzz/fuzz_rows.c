/*
 * fuzz_rows.c - a row of `entry` with the input as its values, and the input as canonical bytes: what is read is
 * well formed, and is written again as it was.
 */
/* rooms: store */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/row.h"
#include "store/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void decode(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf space = BUF_INIT, again = BUF_INIT;
	struct entry entry = { .value = 0 };
	struct err err = ERR_INIT;

	if (entry_decode(data, size, &space, &entry, &err) < 0)
		return;
	must(entry_encode(&entry, &again) == 0);
	must(again.len == size && memcmp(again.data, data, size) == 0);
}

/* Each column takes a byte that says its type, then its value: 8 bytes, or a length and that many. */
static void fill(sqlite3_stmt *statement, struct cursor *cursor)
{
	for (int i = 1; i <= ROW_COLUMNS; i++) {
		struct bytes bytes = { NULL, 0 };
		uint8_t type = 0, len = 0;
		uint64_t number = 0;

		(void)cursor_u8(cursor, &type);
		if (type % 4 == 1) {
			(void)cursor_u64(cursor, &number);
			(void)sqlite3_bind_int64(statement, i, (sqlite3_int64)number);
		} else if (type % 4 >= 2) {
			(void)cursor_u8(cursor, &len);
			if (cursor_bytes(cursor, len, &bytes.data))
				bytes.len = len;
			if (type % 4 == 2)
				(void)db_bind_blob(statement, i, bytes);
			else
				(void)db_bind_text(statement, i, bytes.data ? (const void *)bytes.data : "", bytes.len);
		} else {
			(void)sqlite3_bind_null(statement, i);
		}
	}
}

static const char select_sql[] =
	"SELECT ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"; /* ROW_COLUMNS of them */

/* What row_read() accepts, row_bind() writes so that it reads the same. */
static void row(sqlite3 *db, const uint8_t *data, size_t size)
{
	CLEANUP(db_finalizep) sqlite3_stmt *first = NULL, *second = NULL;
	CLEANUP(buf_done) struct buf space = BUF_INIT, other_space = BUF_INIT, packed = BUF_INIT;
	CLEANUP(buf_done) struct buf bytes = BUF_INIT, again = BUF_INIT;
	struct cursor cursor = { data, size };
	struct entry entry, other;
	struct err err = ERR_INIT;

	must(sqlite3_prepare_v2(db, select_sql, -1, &first, NULL) == SQLITE_OK);
	must(sqlite3_prepare_v2(db, select_sql, -1, &second, NULL) == SQLITE_OK);
	fill(first, &cursor);
	must(sqlite3_step(first) == SQLITE_ROW);
	if (row_read(first, "fuzz", &space, &entry, &err) < 0)
		return;
	must(row_bind(second, &entry, &packed, &err) == 0);
	must(sqlite3_step(second) == SQLITE_ROW);
	must(row_read(second, "fuzz", &other_space, &other, &err) == 0);
	must(entry_encode(&entry, &bytes) == 0 && entry_encode(&other, &again) == 0);
	must(bytes.len == again.len && memcmp(bytes.data, again.data, bytes.len) == 0);
	must(bytes_equal(entry.path, other.path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static sqlite3 *db;

	if (!db)
		must(sqlite3_open(":memory:", &db) == SQLITE_OK);
	decode(data, size);
	row(db, data, size);
	return 0;
}
