/*
 * naming.h - the names of members to paths of a tree. Pure, thread-safe.
 */
#ifndef ARCHIVE_NAMING_H
#define ARCHIVE_NAMING_H

#include "base/buf.h"
#include "base/path.h"

enum naming {
	NAMING_PATH,
	NAMING_OUTSIDE, /* it has a component ".." */
	NAMING_IMPOSSIBLE, /* empty, a NUL in it, or longer than PATH_MAX_BYTES */
	NAMING_MEMORY
};

/* The path that NAME means, into PATH (cleared before): without "." and empty components; "/" for ".", "./" and "/". */
enum naming naming_path(struct bytes name, struct buf *path);

#endif
