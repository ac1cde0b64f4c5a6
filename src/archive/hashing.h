/*
 * hashing.h - the content of one member: its digest, as far as the sink wants it.
 */
#ifndef ARCHIVE_HASHING_H
#define ARCHIVE_HASHING_H

#include "archive/archive.h"
#include "archive/member.h"
#include "archive/stream.h"

/*
 * Sets content, head and digest of MEMBER, a regular file whose header was just read, with its path set. Bytes read (holes too) are
 * added to *TOTAL. Content that cannot be read, or is not what the archive says of it, is failed. *ret_ended: nothing can be read
 * after it either; what libarchive says of that stands. COPY, where it is not NULL and empty, gets all of the content too, whatever the sink wants,
 * and stays empty where that could not be had. ERR_INTERRUPTED, memory.
 */
int hashing_member(struct member *member, struct archive *archive, struct archive_entry *from, struct sink *sink,
		   const struct stream *stream, struct buf *copy, uint64_t *total, bool *ret_ended, struct err *err);

#endif
