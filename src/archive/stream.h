/*
 * stream.h - libarchive, set up to read a disk: only our formats, only filters that are in the library, nothing opened.
 *
 * A stream outlives the archive that reads it. One owner.
 */
#ifndef ARCHIVE_STREAM_H
#define ARCHIVE_STREAM_H

#include <archive.h>
#include <stdatomic.h>

#include "disk/disk.h"
#include "tally/err.h"

struct stream {
	struct disk *disk; /* borrowed */
	const atomic_bool *interrupted; /* may be NULL */
	uint64_t position, size; /* bytes */
	unsigned char *block; /* owned */
	bool unreadable; /* the disk refused: the medium, not the archive, is damaged */
};
#define STREAM_INIT ((struct stream){ .disk = NULL })

static inline bool stream_interrupted(const struct stream *stream)
{
	return stream->interrupted && atomic_load_explicit(stream->interrupted, memory_order_relaxed);
}

/*
 * STREAM has disk and interrupted set. Opens it: format and filters are known then. ERR_DATA when it is no archive of ours;
 * ERR_INTERNAL (memory; a libarchive without one of the libraries, which would start programs instead); ERR_INTERRUPTED; ERR_IO.
 */
int stream_open(struct stream *stream, struct archive **ret_archive, struct err *err);
void stream_closep(struct archive **archive);
void stream_done(struct stream *stream);

#endif
