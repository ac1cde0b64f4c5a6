/*
 * wire.h - the records that a parser's child writes and its parent reads. Internal: both ends are one program.
 *
 * A record is its length (uint32_t, of what follows), a tag, and the tag's body. Numbers are little endian, a text is its length
 * (uint32_t) and its bytes. Order: CONFINED; then by the kind of job EXTFS before the first entry, PARTITIONS, DIGEST or FSTAB; entries; RANGES,
 * STATS, and ARCHIVE behind the last entry; END. Nothing comes behind END.
 *
 * The writing half trusts its caller. The reading half trusts nothing: lengths, ranges of values, texts. What a record means
 * beside others is claims.h's to judge. Pure, all of it.
 */
#ifndef EVIDENCE_WIRE_H
#define EVIDENCE_WIRE_H

#include "evidence/evidence.h"

enum tag {
	TAG_CONFINED = 1, /* u8 Landlock, u8 seccomp */
	TAG_PARTITIONS, /* struct partitions */
	TAG_EXTFS, /* struct extfs_info */
	TAG_ARCHIVE, /* struct archive_info */
	TAG_DIGEST, /* struct disk_digest */
	TAG_RANGES, /* u64 offset, u64 length, each behind the one before */
	TAG_STATS, /* u64 excluded, not in scope, bytes read */
	TAG_WAY, /* path: a directory that is entered and not told, being out of scope */
	TAG_ENTRY, /* text path, entry_encode()'s bytes */
	TAG_TARGET, /* the same: out of scope, and only of use to a hard link in scope (archives) */
	TAG_LINK, /* text path, target */
	TAG_PROBLEM, /* text path, line */
	TAG_END, /* u8 whole; line: what ended it, empty when whole */
	TAG_FSTAB /* u32 count; text spec, path of each */
};

/* Of all that follows the length. */
#define WIRE_RECORD_MAX (ENTRY_MAX_BYTES + 2 * (uint32_t)PATH_MAX_BYTES + 64)

/* --- writing: appends to OUT, whose `failed` tells of short memory --- */

/* Opens a record; returns its place for wire_end(). */
size_t wire_begin(struct buf *out, enum tag tag);
void wire_end(struct buf *out, size_t place);
void wire_text(struct buf *out, struct bytes text);
/* One line for people, as the reader will take it: quoted where it holds what a terminal must not see, cut to MAX bytes. */
void wire_line(struct buf *out, const char *line, size_t max);

void wire_entry(struct buf *out, enum tag tag, const struct entry *entry);
void wire_problem(struct buf *out, struct bytes path, const char *line);
void wire_partitions(struct buf *out, const struct partitions *partitions);
void wire_extfs(struct buf *out, const struct extfs_info *info);
void wire_archive(struct buf *out, const struct archive_info *info);
void wire_digest(struct buf *out, const struct disk_digest *digest);
void wire_fstab(struct buf *out, const struct fstab *fstab);
void wire_ranges(struct buf *out, const struct disk_range *ranges, size_t count);
void wire_stats(struct buf *out, const struct evidence_result *result);

/* --- reading: false when the bytes are not exactly one such thing --- */

enum { WIRE_LINE_MAX = 1024 }; /* of a problem, and of END */

/* Is it one line that may be shown as it is? */
bool wire_is_line(struct bytes text);
bool wire_take_text(struct cursor *cursor, struct bytes *ret_text);
bool wire_take_partitions(struct cursor body, struct partitions *ret_partitions);
bool wire_take_extfs(struct cursor body, struct extfs_info *ret_info);
bool wire_take_archive(struct cursor body, struct archive_info *ret_info);
bool wire_take_digest(struct cursor body, struct disk_digest *ret_digest);
bool wire_take_fstab(struct cursor body, struct fstab *ret_fstab);
/* RET_RANGES has room for body.len / 16. */
bool wire_take_ranges(struct cursor body, struct disk_range *ret_ranges, size_t *ret_count);
bool wire_take_stats(struct cursor body, struct evidence_result *result);

#endif
