/*
 * row.h - an entry as a row of `entry` or `entry_past`: one column an attribute. docs/FORMATS.md "baseline.db".
 *
 * An attribute with a value has its columns not NULL; the states none and failed stand in two masks. Numbers of
 * 64 bit are stored in two's complement, so that inodes above 2^63 are negative in the file.
 */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "base/buf.h"
#include "store/db.h"
#include "tree/entry.h"

enum row_column { /* of schema_columns, from 0; as a parameter, from 1 */
		  ROW_PATH,
		  ROW_SINCE,
		  ROW_TYPE,
		  ROW_MODE,
		  ROW_UID,
		  ROW_USER,
		  ROW_GID,
		  ROW_GROUP,
		  ROW_SIZE,
		  ROW_DIGEST,
		  ROW_DIGEST_BYTES,
		  ROW_MTIME,
		  ROW_MTIME_NS,
		  ROW_CTIME,
		  ROW_CTIME_NS,
		  ROW_BTIME,
		  ROW_BTIME_NS,
		  ROW_INODE,
		  ROW_LINKS,
		  ROW_TARGET,
		  ROW_RDEV_MAJOR,
		  ROW_RDEV_MINOR,
		  ROW_XATTRS,
		  ROW_FLAGS,
		  ROW_DEVICE_MAJOR,
		  ROW_DEVICE_MINOR,
		  ROW_BLOCKS,
		  ROW_HEAD,
		  ROW_RACY,
		  ROW_NONE,
		  ROW_FAILED,
		  ROW_PROBLEM,
		  ROW_COLUMNS
};

/*
 * Binds a well-formed entry (entry_check()) to parameters 1..ROW_COLUMNS; its bytes must stay until the
 * statement has run. SPACE is scratch for the list of extended attributes.
 */
int row_bind(sqlite3_stmt *statement, const struct entry *entry, struct buf *space, struct err *err);

/*
 * The entry of the row at hand, with its path; bytes are borrowed from the statement until its next step, the
 * table of xattrs from SPACE. ERR_DATA for a row that row_bind() would not have written, or that is no
 * well-formed entry with a valid path.
 */
int row_read(sqlite3_stmt *statement, const char *name, struct buf *space, struct entry *ret_entry, struct err *err);

#endif
