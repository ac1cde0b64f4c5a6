/*
 * fd.h - file descriptors: whole reads and writes, and output files that appear whole or not at all.
 *
 * Errors are described in *err with the name given. Thread-safe apart from struct outfile (one owner).
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "tally/err.h"

/* Closes *fd unless it is negative, sets it to -1, keeps errno. For CLEANUP(). Not for written files. */
void fd_closep(int *fd);

/* Writes all LEN bytes, across EINTR and short writes. */
int fd_write_all(int fd, const void *data, size_t len, const char *name, struct err *err);

/*
 * Reads a whole regular file of at most LIMIT bytes, opened below DIRFD without following a final
 * symlink and without blocking. Appends to *ret_data, which keeps its contents on failure. A larger file
 * is ERR_DATA, anything but a regular file too; a missing one is ERR_NOINPUT. If RET_STAT is not NULL the
 * fstat of what was read lands there. A file that does not grow meanwhile is read into one allocation, so
 * that a secret leaves no copies when *ret_data is wiped.
 */
struct stat;
int fd_read_file(int dirfd, const char *name, size_t limit, struct buf *ret_data, struct stat *ret_stat,
		 struct err *err);

/*
 * An output file: written under a temporary name in the same directory, then synced and renamed.
 *
 *	CLEANUP(outfile_abort) struct outfile out = OUTFILE_INIT;
 *	r = outfile_open(&out, dirfd, "seen", 0644, err);
 *	... fd_write_all(out.fd, ...)
 *	r = outfile_commit(&out, err);
 *
 * outfile_commit() syncs the file and its directory. Until then the old file stands; when only the sync of
 * the directory fails, the new one does. outfile_abort() removes the temporary file, frees the names and is
 * due after a commit as well.
 */
struct outfile {
	int dirfd; /* borrowed: stays open until commit or abort */
	int fd; /* -1 when not open */
	char *name;
	char *temporary;
};
#define OUTFILE_INIT ((struct outfile){ .dirfd = -1, .fd = -1 })

int outfile_open(struct outfile *out, int dirfd, const char *name, mode_t mode, struct err *err);
int outfile_commit(struct outfile *out, struct err *err); /* replaces NAME */
int outfile_commit_new(struct outfile *out, struct err *err); /* refuses when NAME exists: ERR_CANTCREATE */
void outfile_abort(struct outfile *out);

#endif
