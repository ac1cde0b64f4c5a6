/*
 * db.h - connections to a baseline file: hardened, bounded, and with SQLite's errors told as ours.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/path.h"
#include "tally/err.h"

/* For CLEANUP(). */
void db_closep(sqlite3 **db);
void db_finalizep(sqlite3_stmt **statement);

/*
 * A read-only connection on FD (borrowed, outlives it): defensive, schema not trusted, views and triggers off,
 * bounded lengths and page cache. NAME is for messages. Nothing has been read when it returns.
 */
int db_open(int fd, const char *name, sqlite3 **ret_db, struct err *err);

/* A connection for writing a file that nobody else sees: no journal, no sync. */
int db_open_writable(int fd, const char *name, sqlite3 **ret_db, struct err *err);

/* A connection for a file of our own that is changed in place: JOURNAL undoes what a killed process left half done. */
int db_open_journaled(int fd, int journal, const char *name, sqlite3 **ret_db, struct err *err);

/*
 * Describes the last failure on DB: ERR_INTERNAL when memory is short, ERR_IO when a read or write failed, else
 * ERR_DATA: what SQLite can't make sense of is damaged. "cannot WHAT 'NAME': ...".
 */
int db_err(sqlite3 *db, int code, const char *what, const char *name, struct err *err);

int db_prepare(sqlite3 *db, const char *sql, const char *name, sqlite3_stmt **ret_statement, struct err *err);
int db_exec(sqlite3 *db, const char *sql, const char *name, struct err *err);

/* 1 with a row, 0 at the end, negative on error. */
int db_step(sqlite3_stmt *statement, const char *name, struct err *err);

/* Runs a statement that gives no rows, and makes it ready to be run again. */
int db_run(sqlite3_stmt *statement, const char *name, struct err *err);

/* Columns of exactly that type; false for another one, and for NULL. Borrowed until the next step. */
bool db_uint(sqlite3_stmt *statement, int column, uint64_t max, uint64_t *ret_value);
bool db_text(sqlite3_stmt *statement, int column, struct bytes *ret_text);
bool db_blob(sqlite3_stmt *statement, int column, struct bytes *ret_blob);

/* Binding bytes that stay where they are until the statement has run. */
int db_bind_text(sqlite3_stmt *statement, int parameter, const void *text, size_t len);
int db_bind_blob(sqlite3_stmt *statement, int parameter, struct bytes blob);

#endif
