/*
 * archive.h - tar (ustar, GNU, pax with extended attributes), cpio and zip, plain or compressed by gzip, bzip2, xz or zstd, read through
 * libarchive; nothing is extracted.
 *
 * To be called only where hostile bytes may be parsed (evidence/).
 */
#ifndef ARCHIVE_ARCHIVE_H
#define ARCHIVE_ARCHIVE_H

#include <stdatomic.h>

#include "disk/disk.h"
#include "tree/sink.h"

struct archive_info {
	char format[64]; /* as libarchive names it, "GNU tar format"; and filters: ", gzip" */
	uint64_t entries, bytes; /* read: members; content bytes after decompression */
	uint32_t
		gives; /* attributes that at least one member had something of (xattrs, acl, caps, selinux, flags, ctime, btime ...) */
	uint64_t outside; /* members whose names lead out of the archive's root ("../x", ".."): each was a problem */
	char problem
		[160]; /* "" or why reading ended before the end (truncated, damaged): what was read until then was given */
};

/*
 * All members, in the archive's order. Names: "./a", "a", "/a" and "a/" are all /a; the members "." and "./" are the root. Names are
 * taken as raw bytes; ".." components, and what is not path_valid() otherwise, are problems and not entries. Hard links
 * are sink->link(); one with content of its own (cpio) gives TARGET's content with it first. Sparse members are hashed with their holes as zeros.
 * Digests are made here, by sink->wants(). ACLs become the kernel's binary form (system.posix_acl_access, ..._default).
 * Of a parent that is no member nothing is given. Password-protected members: content failed.
 * Errors: the sink's, memory, ERR_INTERRUPTED; ERR_DATA when it is none of these formats.
 */
int archive_read(struct disk *disk, const atomic_bool *interrupted, struct sink *sink, struct archive_info *ret_info,
		 struct err *err);

#endif
