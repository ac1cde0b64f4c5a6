/*
 * vfs.h - a way for SQLite to work on one file descriptor and on nothing else.
 *
 * SQLite's own unix VFS opens by path, resolves symbolic links, and looks for journals beside the file. A
 * baseline is opened below a directory descriptor, without following links, and never written in place; so
 * this VFS knows no paths: the "file name" is the decimal number of a descriptor, locks are no-ops, and
 * temporary files can't be opened (SQLite keeps them in memory). Nor can journals, but where the number of a second
 * descriptor follows the first: that one is the rollback journal, there for good; to delete it is to truncate it.
 *
 * https://sqlite.org/vfs.html
 */
#ifndef STORE_VFS_H
#define STORE_VFS_H

#include <sqlite3.h>

#include "tally/err.h"

/*
 * Opens a connection on FD, which stays the caller's and must outlive it. WRITABLE: FD is open for writing.
 * The connection is for one thread at a time. Errors: ERR_INTERNAL.
 */
int vfs_open(int fd, int writable, sqlite3 **ret_db, struct err *err);

/* The same for writing in place, with the rollback journal in JOURNAL, which is the caller's as well. */
int vfs_open_journaled(int fd, int journal, sqlite3 **ret_db, struct err *err);

#endif
