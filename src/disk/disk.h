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
	unsigned sector_bytes; /* logical, of a block device; else 512 */
	unsigned dev_major, dev_minor; /* of a block device */
	int scratch; /* memory that partitions_read() writes to: partitions.h. -1: none could be had */
	char *name; /* as typed */
};
#define DISK_SOURCE_INIT ((struct disk_source){ .fds = NULL, .scratch = -1 })

/*
 * Opens NAME and the segments that belong to it: NAME.E01 (.E02 ... .E99 .EAA ... .ZZZ; .s01 and .Ex01 likewise), NAME.001 or NAME.000
 * (.002 ...), NAME.aa (.ab ...). Which it is, the first eight bytes say; they are all that is looked at. DIRECT only counts for a
 * block device. ERR_NOINPUT (missing), ERR_DATA (neither file nor block device, an empty one, a format that is no plain bytes and is not
 * known, a missing segment while later ones are there, more than 16,384), ERR_USAGE (not the first segment), ERR_DENIED.
 */
int disk_source_open(const char *name, bool direct, struct disk_source *ret_source, struct err *err);
void disk_source_done(struct disk_source *source);

struct disk;

/*
 * SOURCE stays the caller's and outlives the disk. Opens nothing: reads the source's descriptors by pread(2), which is all that
 * raw forms need beside memory. E01 goes through libewf, its segments served from the descriptors (disk/ewf.h). ERR_DATA when it
 * is no E01 after all, or a damaged one. E01 in a program without libewf: ERR_USAGE that says so.
 */
int disk_new(const struct disk_source *source, struct disk **ret_disk, struct err *err);
void disk_freep(struct disk **disk);

uint64_t disk_size(const struct disk *disk); /* bytes */

/*
 * Reads exactly LEN bytes. 0; -EIO when any of them cannot be read (which ones is found out and noted: disk_unreadable(); DATA then
 * holds zeros there and the others as they are); -ERANGE beyond the end; -ENOMEM. What an E01 notes as unreadable when it was taken, and
 * chunks whose checksum is wrong, count as unreadable. Thread-safe; E01 reads one at a time.
 */
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
 * further ones widen their neighbour. Appends struct disk_range to OUT. Thread-safe. 0 or -1 (memory). */
int disk_unreadable(struct disk *disk, struct buf *out);

/* What reading the whole of it tells. */
struct disk_digest {
	/* of all bytes of the disk (an E01's medium, the segments of a split one in order); unreadable bytes count as zeros */
	unsigned char sha256[32];
	uint64_t unreadable_bytes; /* disk_unreadable(), summed up */
	enum stored {
		STORED_NONE,
		STORED_RIGHT,
		STORED_WRONG
	} stored_md5,
		stored_sha1; /* what an E01 says of itself */
};
/* Reads all of it once, a MiB at a time. INTERRUPTED (may be NULL) is looked at between. ERR_INTERRUPTED, memory. */
int disk_hash(struct disk *disk, const atomic_bool *interrupted, struct disk_digest *ret_digest, struct err *err);

#endif
