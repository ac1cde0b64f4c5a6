/*
 * archive.h - tar (ustar, GNU, pax with extended attributes), cpio and zip, plain or compressed by gzip, bzip2, xz or zstd, read through
 * libarchive; nothing is extracted.
 *
 * To be called only where hostile bytes may be parsed (evidence/). Opens nothing and starts nothing. It sets TZ of the process to ":" (UTC),
 * and iconv(3) of the program refuses all character sets (stream.c says why). libarchive ends the process when memory is short.
 */
#ifndef ARCHIVE_ARCHIVE_H
#define ARCHIVE_ARCHIVE_H

#include <stdatomic.h>

#include "disk/disk.h"
#include "tree/sink.h"

struct archive_info {
	char format[64]; /* as libarchive names it, "GNU tar format"; and filters: ", gzip" */
	uint64_t entries, bytes; /* read: members; content bytes after decompression */
	/*
	 * Attributes that at least one member said something of. Of xattrs, acl, caps and selinux an archive can't say that a member has none: the
	 * entries of such members have them in no mask. When such a bit is in `gives`, the archive is of a writer that was asked for them, and
	 * members without have none: only then, and when all is read, may the reader of these entries set their `none` bits.
	 * `flags` likewise: where it is in `gives`, members without have the value 0. Never in it: inode, links.
	 */
	uint32_t gives;
	/* Some time had a fraction of a second. If none had, the format holds whole seconds (ustar, GNU tar, cpio, zip; in pax then nothing
	 * was lost), and entries are compared so (entry->whole_seconds, which the reader of these entries sets). */
	bool fractions;
	bool by_name; /* some access list gave names, read by the archive's own etc/passwd and etc/group */
	uint64_t outside; /* members whose names lead out of the archive's root ("../x", ".."): each was a problem */
	char problem
		[160]; /* "" or why reading ended before the end (truncated, damaged): what was read until then was given */
};

/*
 * All members, in the archive's order but for those that held.h keeps back; a name may come again, and the last one counts (tar). Names: "./a",
 * "a", "/a" and "a/" are all /a; the members "." and "./" are the root. Names are taken as raw bytes; ".." components, and what is not path_valid() otherwise,
 * are problems and not entries. sink->enters() is not asked.
 *
 * Only what a member says is a value: not inode and links; size of regular files only; mode, owner and mtime of a zip's members where the zip
 * has them (its other kind of time is local time of an unknown zone); ctime and btime where a pax header has them.
 * Hard links are sink->link(); in a cpio, where the content may stand with any name of a file, one that has it gives TARGET's entry
 * (again) first. A tar's hard link with a body is a file of its own. Extended attributes have the kernel's names. ACLs become the kernel's binary
 * form (system.posix_acl_access, ..._default). One that gives a name without a number is read by the archive's own etc/passwd and
 * etc/group, the last members so called, where these are regular files of at most 1 MiB; of several lines of one name the first counts. If the name is
 * not there the list is failed: it is one, and nobody knows which.
 *
 * Digests are made here: sink->wants() is asked with path and metadata set, and again, with the head set to ELF, where it wanted only a beginning.
 * An entry without content and without a digest was not wanted. Sparse members are hashed with their holes as zeros; encrypted and
 * damaged ones have content failed. Of a parent that is no member nothing is given.
 *
 * Damage ends it: info->problem, and 0. Errors: the sink's, memory, ERR_INTERRUPTED; ERR_DATA when it is none of these formats, ERR_IO when
 * its beginning cannot be read.
 */
int archive_read(struct disk *disk, const atomic_bool *interrupted, struct sink *sink, struct archive_info *ret_info,
		 struct err *err);

#endif
