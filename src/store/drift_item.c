/*
 * drift_item.c - the table of a drift: sealed items by kind and key, in transactions that are undone whole.
 *
 * The journal is rolled back by SQLite when the connection first reads: what a killed daemon had not committed is gone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "crypto/hash.h"
#include "store/drift_inner.h"

/* page size: measured, as for baselines */
enum { SEAL_BYTES = 8, PAGE_BYTES = 16384, APPLICATION_ID = 0x74616c64 /* "tald" */, VERSION = 1 };

static const char table[] = "CREATE TABLE item(kind INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, "
			    "PRIMARY KEY(kind, key)) WITHOUT ROWID";

static int damaged(struct err *err, const char *what)
{
	return err_set(err, ERR_DATA, "'%s' is damaged: %s", QUOTE(drift_name), what);
}

static void seal(enum drift_kind kind, struct bytes key, struct bytes value, unsigned char ret_seal[HASH_BYTES])
{
	struct hash_state state;

	hash_init(&state, "tallystick-drift-1");
	hash_update_u64(&state, (uint64_t)kind);
	hash_update_sized(&state, key.data, key.len);
	hash_update_sized(&state, value.data, value.len);
	hash_final(&state, ret_seal);
}

/* The value in COLUMN, its seal broken and looked at. */
static int read_item(sqlite3_stmt *statement, enum drift_kind kind, struct bytes key, int column,
		     struct bytes *ret_value, struct err *err)
{
	unsigned char expected[HASH_BYTES];
	struct bytes sealed;

	if (!db_blob(statement, column, &sealed) || sealed.len < SEAL_BYTES)
		return damaged(err, "a malformed item");
	*ret_value = (struct bytes){ sealed.data + SEAL_BYTES, sealed.len - SEAL_BYTES };
	seal(kind, key, *ret_value, expected);
	return memcmp(expected, sealed.data, SEAL_BYTES) == 0 ? 0 : damaged(err, "an item is not as it was written");
}

/* --- the connection --- */

int drift_item_prepare(struct drift *drift, struct err *err)
{
	const struct {
		const char *sql;
		sqlite3_stmt **statement;
	} rows[] = {
		{ "SELECT value FROM item WHERE kind=?1 AND key=?2", &drift->get },
		{ "INSERT INTO item VALUES(?1, ?2, ?3)", &drift->insert },
		{ "UPDATE item SET value=?3 WHERE kind=?1 AND key=?2", &drift->update },
		{ "DELETE FROM item WHERE kind=?1 AND key=?2", &drift->remove },
		{ "SELECT key, value FROM item WHERE kind=?1 AND key>?2 AND key<?3 ORDER BY key", &drift->range },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = db_prepare(drift->db, rows[i].sql, drift_name, rows[i].statement, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int create(struct drift *drift, struct err *err)
{
	char sql[sizeof(table) + 128];

	(void)snprintf(sql, sizeof(sql),
		       "PRAGMA page_size=%d; BEGIN; PRAGMA application_id=%d; PRAGMA user_version=%d; %s; COMMIT",
		       PAGE_BYTES, APPLICATION_ID, VERSION, table);
	return db_exec(drift->db, sql, drift_name, err);
}

/* Does the query give this very text in its only row? */
static int must_be(struct drift *drift, const char *sql, const char *expected, struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	struct bytes text;
	int r;

	r = db_prepare(drift->db, sql, drift_name, &statement, err);
	if (r == 0)
		r = db_step(statement, drift_name, err);
	if (r < 0)
		return r;
	if (r == 0 || !db_text(statement, 0, &text) || !bytes_equal(text, bytes_of(expected)))
		return damaged(err, "it is not one that this program made");
	r = db_step(statement, drift_name, err);
	return r > 0 ? damaged(err, "it holds more than this program made") : r;
}

static int check_schema(struct drift *drift, struct err *err)
{
	char number[16];
	int r;

	(void)snprintf(number, sizeof(number), "%d", APPLICATION_ID);
	r = must_be(drift, "SELECT CAST(application_id AS TEXT) FROM pragma_application_id", number, err);
	(void)snprintf(number, sizeof(number), "%d", VERSION);
	if (r == 0)
		r = must_be(drift, "SELECT CAST(user_version AS TEXT) FROM pragma_user_version", number, err);
	if (r == 0)
		r = must_be(drift, "SELECT sql FROM sqlite_schema", table, err);
	/* SQLite does not write to what a later version of it may have made */
	if (r == 0 && sqlite3_db_readonly(drift->db, "main") != 0)
		r = damaged(err, "its format is not ours");
	return r < 0 ? r : must_be(drift, "PRAGMA quick_check(1)", "ok", err);
}

static int check_item(struct drift *drift, sqlite3_stmt *statement, struct err *err)
{
	struct bytes key, value;
	struct entry entry;
	uint64_t kind;
	int r;

	if (!db_uint(statement, 0, DRIFT_NOTE, &kind) || kind < DRIFT_HELD || !db_blob(statement, 1, &key))
		return damaged(err, "a malformed item");
	r = read_item(statement, (enum drift_kind)kind, key, 2, &value, err);
	if (r < 0 || kind != DRIFT_HELD)
		return r;
	drift->count++;
	return drift_decode(key, value, &drift->space, &entry, err);
}

/* Every item: whoever asks later is told the truth, or that the file was changed meanwhile. */
static int check_items(struct drift *drift, struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	int r;

	drift->count = 0;
	r = db_prepare(drift->db, "SELECT kind, key, value FROM item", drift_name, &statement, err);
	if (r < 0)
		return r;
	while ((r = db_step(statement, drift_name, err)) > 0) {
		r = check_item(drift, statement, err);
		if (r < 0)
			return r;
	}
	drift->committed = drift->count;
	return r;
}

int drift_item_begin(struct drift *drift, const struct drift_files *files, bool empty, struct err *err)
{
	int r;

	if (empty) {
		/* in this order: a journal beside an empty file is not rolled back */
		if (ftruncate(files->db, 0) < 0 || ftruncate(files->journal, 0) < 0)
			return err_errno_as(err, ERR_IO, errno, "cannot empty '%s'", QUOTE(drift_name));
		drift->count = drift->committed = 0;
	}
	r = db_open_journaled(files->db, files->journal, drift_name, &drift->db, err);
	if (r == 0)
		r = empty ? create(drift, err) : check_schema(drift, err);
	if (r == 0 && !empty)
		r = check_items(drift, err);
	if (r == 0)
		r = drift_item_prepare(drift, err);
	if (r < 0)
		drift_item_end(drift);
	return r;
}

void drift_item_end(struct drift *drift)
{
	db_finalizep(&drift->get);
	db_finalizep(&drift->insert);
	db_finalizep(&drift->update);
	db_finalizep(&drift->remove);
	db_finalizep(&drift->range);
	db_closep(&drift->db);
}

/* --- items --- */

static int is_open(const struct drift *drift, struct err *err)
{
	return drift->db ? 0 : damaged(err, "it could not be made anew");
}

static int bind_key(sqlite3_stmt *statement, enum drift_kind kind, struct bytes key, struct err *err)
{
	(void)sqlite3_reset(statement);
	if (sqlite3_bind_int(statement, 1, (int)kind) != SQLITE_OK || db_bind_blob(statement, 2, key) != SQLITE_OK)
		return err_nomem(err);
	return 0;
}

int drift_item_get(struct drift *drift, enum drift_kind kind, struct bytes key, struct bytes *ret_value,
		   struct err *err)
{
	int r = is_open(drift, err);

	if (r == 0)
		r = bind_key(drift->get, kind, key, err);
	if (r == 0)
		r = db_step(drift->get, drift_name, err);
	if (r <= 0) {
		if (drift->get)
			(void)sqlite3_reset(drift->get);
		return r;
	}
	r = read_item(drift->get, kind, key, 0, ret_value, err);
	return r < 0 ? r : 1;
}

/* A row at hand keeps a page and would keep the transaction from ending. */
static void let_go(struct drift *drift)
{
	(void)sqlite3_reset(drift->get);
	(void)sqlite3_reset(drift->range);
}

static int begin_change(struct drift *drift, struct err *err)
{
	int r = is_open(drift, err);

	if (r < 0)
		return r;
	let_go(drift);
	return sqlite3_get_autocommit(drift->db) ? db_exec(drift->db, "BEGIN", drift_name, err) : 0;
}

/* What SQLite undoes by itself after a failed write depends on the failure: here always everything. */
static int undo(struct drift *drift, int r)
{
	if (drift->db && !sqlite3_get_autocommit(drift->db)) {
		struct err ignored = ERR_INIT;

		(void)db_exec(drift->db, "ROLLBACK", drift_name, &ignored);
	}
	drift->count = drift->committed;
	return r;
}

static int change(struct drift *drift, sqlite3_stmt *statement, enum drift_kind kind, struct bytes key, bool *ret_found,
		  struct err *err)
{
	int r = bind_key(statement, kind, key, err);

	if (r == 0)
		r = db_run(statement, drift_name, err);
	if (r == 0)
		*ret_found = sqlite3_changes(drift->db) > 0;
	return r;
}

static int put(struct drift *drift, enum drift_kind kind, struct bytes key, struct bytes value, bool *ret_new,
	       struct err *err)
{
	unsigned char hash[HASH_BYTES];
	struct bytes sealed;
	bool found = false;
	int r;

	seal(kind, key, value, hash);
	buf_clear(&drift->space);
	if (buf_add(&drift->space, hash, SEAL_BYTES) < 0 || buf_add(&drift->space, value.data, value.len) < 0)
		return err_nomem(err);
	sealed = (struct bytes){ drift->space.data, drift->space.len };
	r = begin_change(drift, err);
	if (r < 0)
		return r;
	if (db_bind_blob(drift->update, 3, sealed) != SQLITE_OK || db_bind_blob(drift->insert, 3, sealed) != SQLITE_OK)
		return err_nomem(err);
	r = change(drift, drift->update, kind, key, &found, err);
	*ret_new = !found;
	return r < 0 || found ? r : change(drift, drift->insert, kind, key, &found, err);
}

int drift_item_put(struct drift *drift, enum drift_kind kind, struct bytes key, struct bytes value, bool *ret_new,
		   struct err *err)
{
	int r = put(drift, kind, key, value, ret_new, err);

	return r < 0 ? undo(drift, r) : r;
}

int drift_item_remove(struct drift *drift, enum drift_kind kind, struct bytes key, bool *ret_found, struct err *err)
{
	int r = begin_change(drift, err);

	if (r == 0)
		r = change(drift, drift->remove, kind, key, ret_found, err);
	return r < 0 ? undo(drift, r) : r;
}

int drift_commit(struct drift *drift, struct err *err)
{
	int r = 0;

	(void)pthread_mutex_lock(&drift->lock);
	if (drift->db && !sqlite3_get_autocommit(drift->db)) {
		let_go(drift);
		r = db_exec(drift->db, "COMMIT", drift_name, err);
	}
	if (r < 0)
		r = undo(drift, r);
	drift->committed = drift->count;
	(void)pthread_mutex_unlock(&drift->lock);
	return r;
}

static int range(struct drift *drift, enum drift_kind kind, drift_item_fn item, void *context, struct err *err)
{
	int r;

	while ((r = db_step(drift->range, drift_name, err)) > 0) {
		struct bytes key, value;

		if (!db_blob(drift->range, 0, &key))
			return damaged(err, "a malformed item");
		r = read_item(drift->range, kind, key, 1, &value, err);
		if (r == 0)
			r = item(context, key, value, err);
		if (r <= 0)
			return r;
	}
	return r;
}

int drift_item_range(struct drift *drift, enum drift_kind kind, struct bytes low, struct bytes high, drift_item_fn item,
		     void *context, struct err *err)
{
	int r = is_open(drift, err);

	if (r == 0)
		r = bind_key(drift->range, kind, low, err);
	if (r < 0)
		return r;
	if (db_bind_blob(drift->range, 3, high) != SQLITE_OK)
		return err_nomem(err);
	r = range(drift, kind, item, context, err);
	(void)sqlite3_reset(drift->range);
	return r;
}
