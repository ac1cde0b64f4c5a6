/*
 * member.h - one member's header to an entry: only what the member really says is a value. The content is hashing.h's.
 *
 * One owner. The entry borrows from the member and from libarchive's entry: valid until the next of either.
 */
#ifndef ARCHIVE_MEMBER_H
#define ARCHIVE_MEMBER_H

#include <archive.h>
#include <archive_entry.h>

#include "archive/zipdir.h"
#include "tree/entry.h"

struct member {
	struct entry entry;
	struct buf problem; /* why something failed; one line */
	struct buf rows, bytes; /* of the extended attributes: struct xattr[], and what had to be made */
};
#define MEMBER_INIT ((struct member){ .problem = BUF_INIT })
void member_done(struct member *member);

/* What ARCHIVE said of it; the path is the caller's to set. ZIP: of a zip's member, NULL when nothing is known. -1: memory. */
int member_fill(struct member *member, struct archive *archive, struct archive_entry *from,
		const struct zipmember *zip);

/* BITS failed, because of LINE (printable). They have no value any more. -1: memory. */
int member_fail(struct member *member, uint32_t bits, const char *line);

/* member_xattrs.c: extended attributes, access lists among them. -1: memory. */
int member_xattrs(struct member *member, struct archive *archive, struct archive_entry *from);

/*
 * member_acl.c: an access list as the kernel holds it (linux/posix_acl_xattr.h: little endian, version 2), appended to OUT, which has room for
 * member_acl_bytes(). TYPE: ARCHIVE_ENTRY_ACL_TYPE_ACCESS or _DEFAULT. *ret_problem: why it has none, else NULL. -1: memory.
 */
int member_acl(struct archive_entry *from, int type, struct buf *out, const char **ret_problem);
size_t member_acl_bytes(struct archive_entry *from, int type); /* 0: there is none */
/* The mask's permission bits in the access list; -1: no mask. */
int member_acl_mask(struct archive_entry *from);

#endif
