/*
 * zipdir.h - what libarchive does not tell of a zip's members: names flagged as UTF-8 as bytes, and whether owner, mode and time were in it
 * or made up. PKWARE's APPNOTE.TXT 6.3 (4.3.7 local header, 4.3.12 directory, 4.3.14-16 its end) and Info-ZIP's proginfo/extrafld.txt.
 *
 * libarchive gives the members in the order of their local headers; so does this.
 */
#ifndef ARCHIVE_ZIPDIR_H
#define ARCHIVE_ZIPDIR_H

#include "base/buf.h"
#include "base/path.h"
#include "disk/disk.h"
#include "tally/err.h"

struct zipdir {
	struct buf rows; /* by local header, each once */
	size_t count;
};
#define ZIPDIR_INIT ((struct zipdir){ .rows = BUF_INIT })

/* 0, also when there is no directory that could be understood (count is 0 then); memory. */
int zipdir_read(struct disk *disk, struct zipdir *dir, struct err *err);
void zipdir_done(struct zipdir *dir);

struct zipmember {
	struct bytes name; /* as its local header has it; borrowed from SPACE */
	bool mode, owner, mtime; /* it says them */
};

/* The member at INDEX. False when there is none, or its header is not where the directory says. SPACE is overwritten. */
bool zipdir_member(const struct zipdir *dir, size_t index, struct disk *disk, struct buf *space,
		   struct zipmember *ret_member);

#endif
