/*
 * change_record.h - a change as bytes, for the spill; read back strictly. Not a format that outlives the process.
 *
 * Bytes: kind u8, severity u8, log u8, parts u8 (which of the following are there), attributes u32, then in this
 * order rule (with its NUL), before (path, canonical entry), after, mount before (path, type, id), mount after; each
 * byte string behind its length as u32. Little endian.
 */
#ifndef DIFF_CHANGE_RECORD_H
#define DIFF_CHANGE_RECORD_H

#include "diff/diff.h"

int change_encode(const struct change *change, struct buf *out); /* 0, or -1 when memory is short */

/* What a decoded change points into, besides the bytes. */
struct change_space {
	struct entry before, after;
	struct buf before_xattrs, after_xattrs;
	struct mount mount_before, mount_after;
};
void change_space_done(struct change_space *space);

/* Borrows from DATA and SPACE. The path is that of what is there now. ERR_DATA for anything change_encode() would not
 * have written. */
int change_decode(const unsigned char *data, size_t len, struct change_space *space, struct change *ret_change,
		  struct err *err);

#endif
