/*
 * schema.h - the tables of baseline.db, exactly. docs/FORMATS.md "baseline.db".
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/db.h"

enum {
	SCHEMA_APPLICATION_ID = 0x74616c79, /* "taly", in the file's header */
	SCHEMA_VERSION = 1 /* user_version */
};

/* Makes the tables in an empty file. The caller's transaction is open. */
int schema_create(sqlite3 *db, const char *name, struct err *err);
/* Before the transaction: page size, application id, version. */
int schema_prepare(sqlite3 *db, const char *name, struct err *err);

/* Does FD begin like a baseline of our version? ERR_DATA, by name: empty, not a baseline, made by a newer tally. */
int schema_check_header(int fd, const char *name, struct err *err);
/* Are the rows of sqlite_schema exactly ours? ERR_DATA when one is missing, different or too many. */
int schema_check(sqlite3 *db, const char *name, struct err *err);

/* The columns of entry in the order of enum row_column (row.h), for a select list. */
extern const char schema_columns[];

#endif
