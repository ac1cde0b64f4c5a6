/* vfs.c - see vfs.h. */
#include "store/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/memory.h"

#define VFS_NAME "tallystick-fd"

enum { NAME_SIZE = 48, SECTOR_BYTES = 4096 };

struct file {
	sqlite3_file base; /* first */
	int fd; /* borrowed */
	bool writable;
};

/* errno of the last call that failed: sqlite3_system_errno() asks for it */
static _Thread_local int last_errno;

static int file_close(sqlite3_file *base)
{
	(void)base;
	return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *data, int amount, sqlite3_int64 offset)
{
	struct file *file = (struct file *)base;
	unsigned char *at = data;
	size_t left = (size_t)amount;

	while (left) {
		ssize_t n = pread(file->fd, at, left, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			last_errno = errno;
			return SQLITE_IOERR_READ;
		}
		if (n == 0)
			break;
		at += n;
		left -= (size_t)n;
		offset += n;
	}
	/* the rest of a short read must be zeros, says sqlite3_io_methods */
	memset(at, 0, left);
	return left ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int file_write(sqlite3_file *base, const void *data, int amount, sqlite3_int64 offset)
{
	struct file *file = (struct file *)base;
	const unsigned char *at = data;
	size_t left = (size_t)amount;

	if (!file->writable)
		return SQLITE_READONLY;
	while (left) {
		ssize_t n = pwrite(file->fd, at, left, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			last_errno = errno;
			return errno == ENOSPC || errno == EDQUOT ? SQLITE_FULL : SQLITE_IOERR_WRITE;
		}
		at += n;
		left -= (size_t)n;
		offset += n;
	}
	return SQLITE_OK;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct file *file = (struct file *)base;

	if (!file->writable)
		return SQLITE_READONLY;
	if (ftruncate(file->fd, size) < 0) {
		last_errno = errno;
		return SQLITE_IOERR_TRUNCATE;
	}
	return SQLITE_OK;
}

/* Who wrote the file syncs it before it gets its name (outfile_commit). */
static int file_sync(sqlite3_file *base, int flags)
{
	(void)base;
	(void)flags;
	return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
	struct file *file = (struct file *)base;
	struct stat status;

	if (fstat(file->fd, &status) < 0) {
		last_errno = errno;
		return SQLITE_IOERR_FSTAT;
	}
	*ret_size = status.st_size;
	return SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level)
{
	(void)base;
	(void)level;
	return SQLITE_OK;
}

static int file_reserved(sqlite3_file *base, int *ret_reserved)
{
	(void)base;
	*ret_reserved = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int operation, void *argument)
{
	(void)base;
	(void)operation;
	(void)argument;
	return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *base)
{
	(void)base;
	return SECTOR_BYTES;
}

static int file_characteristics(sqlite3_file *base)
{
	struct file *file = (struct file *)base;

	return file->writable ? SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN : SQLITE_IOCAP_IMMUTABLE;
}

/* Version 1: neither shared memory (no WAL) nor memory mapping (no SIGBUS when a file shrinks). */
static const sqlite3_io_methods file_methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_lock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_characteristics,
};

/* The descriptor of the journal that NAME ("3,4-journal") is, or -1. */
static int journal_of(const char *name)
{
	char expected[NAME_SIZE];
	int fd, journal;

	if (sscanf(name, "%d,%d-", &fd, &journal) != 2)
		return -1;
	(void)snprintf(expected, sizeof(expected), "%d,%d-journal", fd, journal);
	return strcmp(name, expected) == 0 ? journal : -1;
}

static int fd_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *ret_flags)
{
	struct file *file = (struct file *)base;
	int fd;

	(void)vfs;
	file->base.pMethods = NULL;
	if (!name || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL)))
		return SQLITE_CANTOPEN; /* a temporary file */
	fd = flags & SQLITE_OPEN_MAIN_DB ? (int)strtol(name, NULL, 10) : journal_of(name);
	if (fd < 0)
		return SQLITE_CANTOPEN;
	*file = (struct file){
		.base = { &file_methods },
		.fd = fd,
		.writable = (flags & SQLITE_OPEN_READWRITE) != 0,
	};
	if (ret_flags)
		*ret_flags = flags;
	return SQLITE_OK;
}

static int fd_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	int journal = journal_of(name);

	(void)vfs;
	(void)sync;
	if (journal < 0 || ftruncate(journal, 0) == 0)
		return SQLITE_OK;
	last_errno = errno;
	return SQLITE_IOERR_DELETE;
}

/* Nothing lies beside a descriptor but a journal that was given with it: there is one when it is not empty. */
static int fd_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret_result)
{
	int journal = journal_of(name);
	struct stat status;

	(void)vfs;
	(void)flags;
	*ret_result = journal >= 0 && fstat(journal, &status) == 0 && status.st_size > 0;
	return SQLITE_OK;
}

static int fd_fullname(sqlite3_vfs *vfs, const char *name, int size, char *ret_name)
{
	size_t len = strlen(name);

	(void)vfs;
	if (len >= (size_t)size)
		return SQLITE_CANTOPEN;
	memcpy(ret_name, name, len + 1);
	return SQLITE_OK;
}

static int fd_randomness(sqlite3_vfs *vfs, int bytes, char *ret_random)
{
	(void)vfs;
	memset(ret_random, 0, (size_t)bytes);
	return bytes;
}

static int fd_sleep(sqlite3_vfs *vfs, int microseconds)
{
	(void)vfs;
	return microseconds;
}

static int fd_time(sqlite3_vfs *vfs, double *ret_julian)
{
	(void)vfs;
	*ret_julian = 2440587.5; /* 1970-01-01: nothing of ours asks SQLite for the time */
	return SQLITE_OK;
}

static int fd_last_error(sqlite3_vfs *vfs, int size, char *ret_message)
{
	(void)vfs;
	(void)size;
	(void)ret_message;
	return last_errno;
}

static sqlite3_vfs fd_vfs = {
	.iVersion = 1,
	.szOsFile = sizeof(struct file),
	.mxPathname = NAME_SIZE,
	.zName = VFS_NAME,
	.xOpen = fd_open,
	.xDelete = fd_delete,
	.xAccess = fd_access,
	.xFullPathname = fd_fullname,
	.xRandomness = fd_randomness,
	.xSleep = fd_sleep,
	.xCurrentTime = fd_time,
	.xGetLastError = fd_last_error,
};

static int open_name(const char *name, int writable, sqlite3 **ret_db, struct err *err)
{
	sqlite3 *db = NULL;
	int r;

	memory_watch();
	/* doing it again is harmless, and thread-safe */
	r = sqlite3_vfs_register(&fd_vfs, 0);
	if (r == SQLITE_OK)
		r = sqlite3_open_v2(name, &db,
				    (writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX |
					    SQLITE_OPEN_PRIVATECACHE,
				    VFS_NAME);
	if (r != SQLITE_OK) {
		(void)sqlite3_close(db);
		return r == SQLITE_NOMEM ? err_nomem(err)
					 : err_set(err, ERR_INTERNAL, "cannot start SQLite: %s", sqlite3_errstr(r));
	}
	*ret_db = db;
	return 0;
}

int vfs_open(int fd, int writable, sqlite3 **ret_db, struct err *err)
{
	char name[NAME_SIZE];

	(void)snprintf(name, sizeof(name), "%d", fd);
	return open_name(name, writable, ret_db, err);
}

int vfs_open_journaled(int fd, int journal, sqlite3 **ret_db, struct err *err)
{
	char name[NAME_SIZE];

	(void)snprintf(name, sizeof(name), "%d,%d", fd, journal);
	return open_name(name, 1, ret_db, err);
}
