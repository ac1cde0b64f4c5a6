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
#include "sys/names.h"
#include "tree/entry.h"

struct member {
	struct entry entry;
	struct buf problem; /* why something failed; one line */
	struct buf rows, bytes; /* of the extended attributes: struct xattr[], and what had to be made */
	/* An access list names somebody without a number: nothing is said of extended attributes yet, and xattrs are such as only
	 * member_find_names() understands. */
	bool by_name;
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
/* Where `by_name` is set, and the names will not be looked for: its access lists failed, because of LINE (printable). -1: memory. */
int member_without_names(struct member *member, const char *line);
/*
 * FROM, the entry of a member with by_name, with the numbers that NAMES have. An access list with a name that is not there failed, as did one
 * that differs from the kernel's form of it in the same archive. FROM and MEMBER are borrowed by the entry. -1: memory.
 */
int member_find_names(struct member *member, const struct entry *from, const struct names *names);

/*
 * member_acl.c: an access list, appended to OUT, which has room for member_acl_bytes(): as the kernel holds it (linux/posix_acl_xattr.h: little
 * endian, version 2), or with *ret_by_name such that member_acl_named() makes that of it. TYPE: ARCHIVE_ENTRY_ACL_TYPE_ACCESS or _DEFAULT.
 * *ret_problem: why it has none, else NULL. -1: memory.
 */
int member_acl(struct archive_entry *from, int type, struct buf *out, bool *ret_by_name, const char **ret_problem);
size_t member_acl_bytes(struct archive_entry *from, int type); /* 0: there is none */
/* The kernel's form of what has been BY_NAME, appended to OUT; it takes no more room. PROBLEM: "" or why it has none. -1: memory. */
enum { MEMBER_ACL_PROBLEM_MAX = 640 };
int member_acl_named(struct bytes by_name, const struct names *names, struct buf *out,
		     char problem[MEMBER_ACL_PROBLEM_MAX]);
/* The mask's permission bits in the access list; -1: no mask. */
int member_acl_mask(struct archive_entry *from);

#endif
