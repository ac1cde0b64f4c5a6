/*
 * disk.h - the bytes of an image: one raw file, a split one, Expert Witness (E01) segments, a block device.
 *
 * A source is opened where descriptors may be opened, and nothing in it is parsed. A disk is made of a source where what is
 * hostile is confined (evidence/), and reads it. Nothing is ever written, and no access time is moved where that can be had.
 */
#ifndef DISK_DISK_H
#define DISK_DISK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "tally/err.h"

enum disk_form { DISK_RAW, DISK_SPLIT, DISK_EWF, DISK_DEVICE };
const char *disk_form_name(enum disk_form form); /* "raw", "split raw", "E01", "block device" */

struct disk_source {
	enum disk_form form;
	int *fds; /* read only, close-on-exec; one a segment */
	uint64_t *sizes; /* of each, bytes */
	size_t count;
	bool direct; /* past the page cache: a device that is mounted */
	unsigned dev_major, dev_minor; /* of a block device */
	char *name; /* as typed */
};
#define DISK_SOURCE_INIT ((struct disk_source){ .fds = NULL })

/*
 * Opens NAME and the segments that belong to it: NAME.E01 (.E02 ... .EZZ by EWF's rule), NAME.001 or NAME.000 (.002 ...),
 * NAME.aa (.ab ...). DIRECT only counts for a block device. ERR_NOINPUT (missing), ERR_DATA (neither file nor block device, an empty
 * one, more than 16,384 segments), ERR_DENIED.
 */
int disk_source_open(const char *name, bool direct, struct disk_source *ret_source, struct err *err);
void disk_source_done(struct disk_source *source);

struct disk;

/* SOURCE stays the caller's and outlives the disk. ERR_DATA when it is no E01 after all, or of a kind that is not known. E01 in
 * a program without libewf: ERR_USAGE that says so. */
int disk_new(const struct disk_source *source, struct disk **ret_disk, struct err *err);
void disk_freep(struct disk **disk);

uint64_t disk_size(const struct disk *disk); /* bytes */

/* Reads exactly LEN bytes. 0; -EIO where the medium cannot be read (noted: disk_unreadable()); -ERANGE beyond the end. Thread-safe. */
int disk_read(struct disk *disk, uint64_t offset, void *data, size_t len);

/* A part of a disk. Bytes beyond the disk's end are -ERANGE. Plain value. */
struct extent_of_disk {
	struct disk *disk;
	uint64_t offset, size; /* bytes */
};
int disk_part_read(const struct extent_of_disk *part, uint64_t offset, void *data, size_t len);

struct disk_range {
	uint64_t offset, len; /* bytes */
};
/* What could not be read until now, sorted, merged, at 512 bytes' grain where the medium allows; at most 4,096 ranges are kept apart,
 * further ones widen the last. Appends struct disk_range to OUT. Thread-safe. 0 or -1 (memory). */
int disk_unreadable(struct disk *disk, struct buf *out);

/* What reading the whole of it tells. */
struct disk_digest {
	unsigned char sha256
		[32]; /* of all bytes of the disk (an E01's medium, the segments of a split one in order); unreadable bytes count as zeros */
	uint64_t unreadable_bytes;
	enum { STORED_NONE, STORED_RIGHT, STORED_WRONG } stored_md5, stored_sha1; /* what an E01 says of itself */
};
/* Reads all of it once. ERR_INTERRUPTED. */
int disk_hash(struct disk *disk, const atomic_bool *interrupted, struct disk_digest *ret_digest, struct err *err);

#endif
