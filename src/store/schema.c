/* schema.c - see schema.h. The texts below are compared byte for byte with those in a file: never edit one
 * without a new SCHEMA_VERSION and a migration. */
#include "store/schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"

#define COLUMNS                                                                                                        \
	"path, since, type, mode, uid, user, gid, group_name, size, digest, digest_bytes, "                            \
	"mtime_s, mtime_ns, ctime_s, ctime_ns, btime_s, btime_ns, inode, links, target, rdev_major, rdev_minor, "      \
	"xattrs, flags, device_major, device_minor, blocks, head, racy, none, failed, problem"

const char schema_columns[] = COLUMNS;

#define ENTRY_COLUMNS                                                                                                  \
	"path BLOB NOT NULL, since INTEGER NOT NULL, type INTEGER, mode INTEGER, uid INTEGER, user BLOB, "             \
	"gid INTEGER, group_name BLOB, size INTEGER, digest BLOB, digest_bytes INTEGER, "                              \
	"mtime_s INTEGER, mtime_ns INTEGER, ctime_s INTEGER, ctime_ns INTEGER, btime_s INTEGER, btime_ns INTEGER, "    \
	"inode INTEGER, links INTEGER, target BLOB, rdev_major INTEGER, rdev_minor INTEGER, xattrs BLOB, "             \
	"flags INTEGER, device_major INTEGER NOT NULL, device_minor INTEGER NOT NULL, blocks INTEGER NOT NULL, "       \
	"head INTEGER NOT NULL, racy INTEGER NOT NULL, none INTEGER NOT NULL, failed INTEGER NOT NULL, problem TEXT"

#define TIME_TEXT(name)                                                                                                \
	"CASE WHEN " name "_s IS NULL THEN NULL ELSE coalesce(strftime('%Y-%m-%dT%H:%M:%S', " name                     \
	"_s, 'unixepoch'), "                                                                                           \
	"'@' || " name "_s) || printf('.%09d', " name "_ns) END AS " name

#define VIEW                                                                                                           \
	"CREATE VIEW entry_text AS SELECT CAST(path AS TEXT) AS path, "                                                \
	"CASE type WHEN 1 THEN 'file' WHEN 2 THEN 'dir' WHEN 3 THEN 'symlink' WHEN 4 THEN 'fifo' "                     \
	"WHEN 5 THEN 'socket' WHEN 6 THEN 'char' WHEN 7 THEN 'block' END AS type, "                                    \
	"CASE WHEN mode IS NULL THEN NULL ELSE printf('%04o', mode) END AS mode, "                                     \
	"uid, CAST(user AS TEXT) AS user, gid, CAST(group_name AS TEXT) AS group_name, size, "                         \
	"CASE WHEN digest IS NULL THEN NULL ELSE lower(hex(digest)) END AS sha256, digest_bytes, " TIME_TEXT(          \
		"mtime") ", " TIME_TEXT("ctime") ", " TIME_TEXT("btime") ", "                                          \
									 "CASE WHEN inode IS NULL THEN NULL ELSE "     \
									 "printf('%llu', inode) END AS inode, links, " \
									 "CAST(target AS TEXT) AS target, "            \
									 "rdev_major, rdev_minor, flags, since, "      \
									 "problem FROM entry"

/* name, text; tables are their own tbl_name, and the view too */
static const struct {
	const char *type, *name, *sql;
} objects[] = {
	{ "table", "entry", "CREATE TABLE entry(" ENTRY_COLUMNS ", PRIMARY KEY(path)) WITHOUT ROWID" },
	{ "table", "entry_past",
	  "CREATE TABLE entry_past(" ENTRY_COLUMNS
	  ", until INTEGER NOT NULL, PRIMARY KEY(path, since)) WITHOUT ROWID" },
	{ "table", "generation",
	  "CREATE TABLE generation(sequence INTEGER NOT NULL, statement TEXT NOT NULL, reason TEXT NOT NULL, "
	  "top BLOB NOT NULL, PRIMARY KEY(sequence)) WITHOUT ROWID" },
	{ "table", "signature",
	  "CREATE TABLE signature(sequence INTEGER NOT NULL, key_id TEXT NOT NULL, minisig TEXT NOT NULL, "
	  "PRIMARY KEY(sequence, key_id)) WITHOUT ROWID" },
	{ "table", "policy",
	  "CREATE TABLE policy(sequence INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, "
	  "text TEXT NOT NULL, PRIMARY KEY(sequence, position)) WITHOUT ROWID" },
	{ "table", "mount",
	  "CREATE TABLE mount(sequence INTEGER NOT NULL, path BLOB NOT NULL, fstype BLOB NOT NULL, id BLOB NOT NULL, "
	  "PRIMARY KEY(sequence, path)) WITHOUT ROWID" },
	{ "table", "package",
	  "CREATE TABLE package(sequence INTEGER NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, "
	  "PRIMARY KEY(sequence, name)) WITHOUT ROWID" },
	{ "table", "meta",
	  "CREATE TABLE meta(name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(name)) WITHOUT ROWID" },
	{ "view", "entry_text", VIEW },
};

/* of https://sqlite.org/fileformat.html "The Database Header" */
enum {
	HEADER_BYTES = 100,
	HEADER_PAGE_BYTES = 16, /* two bytes; 1 stands for 65536 */
	HEADER_PAGES = 28,
	HEADER_USER_VERSION = 60,
	HEADER_APPLICATION_ID = 68,
	PAGE_BYTES = 16384 /* measured: fewer, larger pages pay until here */
};

int schema_prepare(sqlite3 *db, const char *name, struct err *err)
{
	char sql[160];

	(void)snprintf(sql, sizeof(sql), "PRAGMA page_size=%d; PRAGMA application_id=%d; PRAGMA user_version=%d",
		       PAGE_BYTES, SCHEMA_APPLICATION_ID, SCHEMA_VERSION);
	return db_exec(db, sql, name, err);
}

int schema_create(sqlite3 *db, const char *name, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		int r = db_exec(db, objects[i].sql, name, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static uint32_t big_endian(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Is the file as long as its header says? A tail cut off may hold nothing, but then it is not the file written. */
static int check_length(int fd, const unsigned char *header, const char *name, struct err *err)
{
	uint64_t page_bytes = (uint64_t)header[HEADER_PAGE_BYTES] << 8 | header[HEADER_PAGE_BYTES + 1];
	struct stat status;

	if (fstat(fd, &status) < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot read '%s'", QUOTE(name));
	page_bytes = page_bytes == 1 ? 65536 : page_bytes;
	if ((uint64_t)status.st_size != page_bytes * big_endian(header + HEADER_PAGES))
		return err_set(err, ERR_DATA, "baseline '%s' is damaged: its length is not what it says", QUOTE(name));
	return 0;
}

int schema_check_header(int fd, const char *name, struct err *err)
{
	static const char magic[16] = "SQLite format 3"; /* with its NUL */
	unsigned char header[HEADER_BYTES];
	ssize_t n = pread(fd, header, sizeof(header), 0);
	uint32_t version;

	if (n < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot read '%s'", QUOTE(name));
	if (n == 0)
		return err_set(err, ERR_DATA, "'%s' is not a baseline: it is empty", QUOTE(name));
	if (n != (ssize_t)sizeof(header) || memcmp(header, magic, sizeof(magic)) != 0 ||
	    big_endian(header + HEADER_APPLICATION_ID) != SCHEMA_APPLICATION_ID)
		return err_set(err, ERR_DATA, "'%s' is not a baseline", QUOTE(name));
	version = big_endian(header + HEADER_USER_VERSION);
	if (version > SCHEMA_VERSION)
		return err_set(err, ERR_DATA, "baseline '%s' was made by a newer tally (format %u; this one reads %d)",
			       QUOTE(name), version, SCHEMA_VERSION);
	if (version != SCHEMA_VERSION)
		return err_set(err, ERR_DATA, "baseline '%s' is of unknown format %u", QUOTE(name), version);
	return check_length(fd, header, name, err);
}

static bool text_is(sqlite3_stmt *statement, int column, const char *expected)
{
	struct bytes text;

	return db_text(statement, column, &text) && bytes_equal(text, bytes_of(expected));
}

int schema_check(sqlite3 *db, const char *name, struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	size_t count = 0;
	int r;

	r = db_prepare(db, "SELECT type, name, tbl_name, sql FROM sqlite_schema", name, &statement, err);
	if (r < 0)
		return r;
	while ((r = db_step(statement, name, err)) > 0) {
		if (count == ARRAY_SIZE(objects) || !text_is(statement, 0, objects[count].type) ||
		    !text_is(statement, 1, objects[count].name) || !text_is(statement, 2, objects[count].name) ||
		    !text_is(statement, 3, objects[count].sql))
			return err_set(err, ERR_DATA, "'%s' is not a baseline: its schema is not ours", QUOTE(name));
		count++;
	}
	if (r < 0)
		return r;
	if (count != ARRAY_SIZE(objects))
		return err_set(err, ERR_DATA, "'%s' is not a baseline: its schema is not whole", QUOTE(name));
	return 0;
}
