/* db.c - see db.h. */
#include "store/db.h"

#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "store/memory.h"
#include "store/vfs.h"
#include "tree/entry.h"

/*
 * In pages (of 16 KiB here), since SQLite turns a bound in KiB into pages by the page size of that moment, 4 KiB before
 * a file's own is known, and never looks again: what was meant as 16 MiB was 64.
 */
enum { READ_CACHE_PAGES = 256, WRITE_CACHE_PAGES = 1024, JOURNALED_CACHE_PAGES = 2048, ROW_SLACK_BYTES = 1 << 20 };

void db_closep(sqlite3 **db)
{
	(void)sqlite3_close(*db);
	*db = NULL;
}

void db_finalizep(sqlite3_stmt **statement)
{
	(void)sqlite3_finalize(*statement);
	*statement = NULL;
}

int db_err(sqlite3 *db, int code, const char *what, const char *name, struct err *err)
{
	int primary = code & 0xff;
	int os_errno = sqlite3_system_errno(db);

	if (primary == SQLITE_NOMEM && memory_was_short())
		return err_nomem(err);
	if (primary == SQLITE_NOMEM)
		return err_set(err, ERR_DATA, "cannot %s '%s': it asks for absurd amounts of memory", what,
			       QUOTE(name));
	if (code == SQLITE_IOERR_SHORT_READ)
		return err_set(err, ERR_DATA, "cannot %s '%s': it is cut short", what, QUOTE(name));
	if (primary == SQLITE_IOERR || primary == SQLITE_FULL)
		return os_errno ? err_errno_as(err, ERR_IO, os_errno, "cannot %s '%s'", what, QUOTE(name))
				: err_set(err, ERR_IO, "cannot %s '%s': %s", what, QUOTE(name), sqlite3_errstr(code));
	return err_set(err, ERR_DATA, "cannot %s '%s': %s", what, QUOTE(name), QUOTE(sqlite3_errmsg(db)));
}

static void set_limits(sqlite3 *db)
{
	static const struct {
		int id, value;
	} limits[] = {
		{ SQLITE_LIMIT_LENGTH, ENTRY_MAX_BYTES + 2 * PATH_MAX_BYTES + ROW_SLACK_BYTES },
		{ SQLITE_LIMIT_SQL_LENGTH, 1 << 16 },
		{ SQLITE_LIMIT_COLUMN, 64 },
		{ SQLITE_LIMIT_EXPR_DEPTH, 64 },
		{ SQLITE_LIMIT_COMPOUND_SELECT, 4 },
		{ SQLITE_LIMIT_VDBE_OP, 1 << 14 },
		{ SQLITE_LIMIT_ATTACHED, 0 },
		{ SQLITE_LIMIT_VARIABLE_NUMBER, 64 },
		{ SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
		{ SQLITE_LIMIT_WORKER_THREADS, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		(void)sqlite3_limit(db, limits[i].id, limits[i].value);
}

static int configure(sqlite3 *db, const char *name, bool defensive, struct err *err)
{
	const struct {
		int option, value;
	} options[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, defensive },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		int code = sqlite3_db_config(db, options[i].option, options[i].value, NULL);

		if (code != SQLITE_OK)
			return db_err(db, code, "open", name, err);
	}
	set_limits(db);
	return 0;
}

int db_open(int fd, const char *name, sqlite3 **ret_db, struct err *err)
{
	CLEANUP(db_closep) sqlite3 *db = NULL;
	char sql[160];
	int r;

	r = vfs_open(fd, false, &db, err);
	if (r < 0)
		return r;
	r = configure(db, name, true, err);
	if (r < 0)
		return r;
	(void)snprintf(sql, sizeof(sql), "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0");
	r = db_exec(db, sql, name, err);
	if (r < 0)
		return r;
	(void)snprintf(sql, sizeof(sql), "PRAGMA cache_size=%d", READ_CACHE_PAGES);
	r = db_exec(db, sql, name, err);
	if (r < 0)
		return r;
	*ret_db = STEAL(db);
	return 0;
}

int db_open_writable(int fd, const char *name, sqlite3 **ret_db, struct err *err)
{
	CLEANUP(db_closep) sqlite3 *db = NULL;
	char sql[320];
	int r;

	r = vfs_open(fd, true, &db, err);
	if (r < 0)
		return r;
	/* not defensive: that would refuse to do without a journal */
	r = configure(db, name, false, err);
	if (r < 0)
		return r;
	(void)snprintf(sql, sizeof(sql),
		       "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;"
		       "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cell_size_check=ON; PRAGMA cache_size=%d",
		       WRITE_CACHE_PAGES);
	r = db_exec(db, sql, name, err);
	if (r < 0)
		return r;
	*ret_db = STEAL(db);
	return 0;
}

int db_open_journaled(int fd, int journal, const char *name, sqlite3 **ret_db, struct err *err)
{
	CLEANUP(db_closep) sqlite3 *db = NULL;
	char sql[320];
	int r;

	r = vfs_open_journaled(fd, journal, &db, err);
	if (r < 0)
		return r;
	r = configure(db, name, true, err);
	if (r < 0)
		return r;
	/* persistent: a commit that overwrites the journal's head takes a sixth of the time of one that truncates */
	(void)snprintf(sql, sizeof(sql),
		       "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=PERSIST;"
		       "PRAGMA journal_size_limit=1048576; PRAGMA synchronous=OFF;"
		       "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON; PRAGMA cache_size=%d",
		       JOURNALED_CACHE_PAGES);
	r = db_exec(db, sql, name, err);
	if (r < 0)
		return r;
	*ret_db = STEAL(db);
	return 0;
}

int db_prepare(sqlite3 *db, const char *sql, const char *name, sqlite3_stmt **ret_statement, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);

	if (code != SQLITE_OK)
		return db_err(db, code, "read", name, err);
	*ret_statement = statement;
	return 0;
}

int db_exec(sqlite3 *db, const char *sql, const char *name, struct err *err)
{
	int code = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : db_err(db, code, sqlite3_db_readonly(db, "main") ? "read" : "write", name, err);
}

int db_step(sqlite3_stmt *statement, const char *name, struct err *err)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 1;
	if (code == SQLITE_DONE)
		return 0;
	return db_err(sqlite3_db_handle(statement), code, "read", name, err);
}

int db_run(sqlite3_stmt *statement, const char *name, struct err *err)
{
	int code = sqlite3_step(statement);
	int r = 0;

	if (code != SQLITE_DONE)
		r = db_err(sqlite3_db_handle(statement), code, "write", name, err);
	(void)sqlite3_reset(statement);
	return r;
}

bool db_uint(sqlite3_stmt *statement, int column, uint64_t max, uint64_t *ret_value)
{
	sqlite3_int64 value;

	if (sqlite3_column_type(statement, column) != SQLITE_INTEGER)
		return false;
	value = sqlite3_column_int64(statement, column);
	if (value < 0 || (uint64_t)value > max)
		return false;
	*ret_value = (uint64_t)value;
	return true;
}

bool db_text(sqlite3_stmt *statement, int column, struct bytes *ret_text)
{
	const unsigned char *text;

	if (sqlite3_column_type(statement, column) != SQLITE_TEXT)
		return false;
	text = sqlite3_column_text(statement, column);
	if (!text)
		return false;
	*ret_text = (struct bytes){ text, (size_t)sqlite3_column_bytes(statement, column) };
	return true;
}

bool db_blob(sqlite3_stmt *statement, int column, struct bytes *ret_blob)
{
	const unsigned char *blob;

	if (sqlite3_column_type(statement, column) != SQLITE_BLOB)
		return false;
	blob = sqlite3_column_blob(statement, column);
	*ret_blob = (struct bytes){ blob, (size_t)sqlite3_column_bytes(statement, column) };
	return blob || ret_blob->len == 0;
}

int db_bind_text(sqlite3_stmt *statement, int parameter, const void *text, size_t len)
{
	return sqlite3_bind_text64(statement, parameter, text, len, SQLITE_STATIC, SQLITE_UTF8);
}

int db_bind_blob(sqlite3_stmt *statement, int parameter, struct bytes blob)
{
	/* a NULL pointer would bind NULL */
	return sqlite3_bind_blob64(statement, parameter, blob.data ? (const void *)blob.data : "", blob.len,
				   SQLITE_STATIC);
}
