/*
 * fstab.h - fstab(5) of an image: which file systems belong where, as its own file says. A claim of whoever could write to it: good for
 * putting partitions in place when nothing better is known, and to be told as what it is.
 *
 * Only lines that name a file system by UUID, label or the partition's UUID, and a mount point that is an absolute path of a clean
 * form; not those that are mounted by hand only (noauto).
 */
#ifndef EVIDENCE_FSTAB_H
#define EVIDENCE_FSTAB_H

#include "base/path.h"
#include "tally/err.h"

enum { FSTAB_MAX_BYTES = 64 << 10, FSTAB_ROWS_MAX = 64 };

struct fstab_row {
	char spec[272]; /* "UUID=...", "LABEL=...", "PARTUUID=..."; something stands behind the '=' */
	char path[512]; /* path_valid() */
};
struct fstab {
	size_t count;
	struct fstab_row rows[FSTAB_ROWS_MAX];
};

/* In the child: the text to rows, as getmntent(3) reads it; what does not fit is left out. 0 or ERR_INTERNAL. 50 KiB: not for the stack. */
int fstab_parse(struct bytes text, struct fstab *ret_fstab, struct err *err);

/* Is this a row that fstab_parse() may give? Pure. */
bool fstab_row_valid(const struct fstab_row *row);

#endif
