/*
 * entry.h - all that is recorded of one path, its canonical bytes, and what of it differs.
 *
 * Every attribute is in one of four states, told by three bit masks:
 *	value         bit in `value`: the field holds it
 *	none          bit in `none`: looked, and the file has no such thing (a directory has no digest)
 *	failed        bit in `failed`: could not be read; `problem` says why
 *	not recorded  in none of the masks: this tree can't give it, or the policy did not ask
 * A bit is in at most one mask. Value against none, and value against another value, are changes.
 */
#ifndef TREE_ENTRY_H
#define TREE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/path.h"
#include "base/timefmt.h"
#include "crypto/digest.h"
#include "tally/err.h"

enum file_type { /* stored: never renumber; 0 is never valid */
		 TYPE_FILE = 1,
		 TYPE_DIR,
		 TYPE_SYMLINK,
		 TYPE_FIFO,
		 TYPE_SOCKET,
		 TYPE_CHAR,
		 TYPE_BLOCK
};
const char *type_name(enum file_type type); /* "file" ... "block" */
/* Of a mode as stat(2) gives it, and as file systems store it; 0 for a type that is none of these. */
enum file_type type_of_mode(unsigned mode);

/* inode flags recorded, from statx(2) stx_attributes; stored: never renumber */
enum {
	FLAG_IMMUTABLE = 1,
	FLAG_APPEND = 2,
	FLAG_NODUMP = 4,
	FLAG_COMPRESSED = 8,
	FLAG_ENCRYPTED = 16,
	FLAG_VERITY = 32
};

struct xattr {
	struct bytes name; /* full name, "user.x" */
	struct bytes value; /* raw; may be empty, which is a value */
};

/*
 * Extended attributes: all of them stand in `xattrs`, sorted by name bytes. Three have attributes of their
 * own, and ATTR_XATTRS means all but these: ATTR_ACL (system.posix_acl_access, system.posix_acl_default),
 * ATTR_CAPS (security.capability), ATTR_SELINUX (security.selinux).
 */
enum attr xattr_attr(struct bytes name);

struct entry {
	struct bytes path; /* absolute, "/" or "/a/b", no trailing slash; never part of the leaf */
	uint32_t value, none, failed; /* masks of ATTR_BIT() */
	enum file_type type;
	uint16_t mode; /* permission bits, 07777 */
	uint32_t uid, gid;
	struct bytes user, group; /* names by the tree's own passwd and group; len 0 when there is none */
	uint64_t size, blocks, inode, links; /* blocks of 512 bytes */
	uint32_t dev_major, dev_minor; /* where it was found; never compared */
	uint32_t rdev_major, rdev_minor;
	struct timestamp mtime, ctime, btime;
	bool whole_seconds; /* where it comes from, times have no fractions: compared to the second. Never recorded */
	unsigned char digest[DIGEST_BYTES]; /* SHA-256 of the first digest_bytes bytes of content */
	uint64_t digest_bytes; /* all of it, but for a growing log, when it is the prefix that was hashed */
	struct bytes target; /* of a symlink */
	const struct xattr *xattrs;
	size_t xattr_count;
	uint32_t flags;
	uint8_t head; /* HEAD_*: what the content begins with, where it was looked at */
	bool racy; /* ctime was not older than the recording by more than the clock's grain */
	struct bytes problem; /* why something failed: one line; len 0 when nothing did */
	uint32_t since; /* generation that recorded it; 0 when fresh from a scan */
};
enum { HEAD_UNKNOWN = 0, HEAD_PLAIN = 1, HEAD_ELF = 2 }; /* stored */

/* The largest canonical encoding: what is larger can't be recorded. Far above what kernels hold in practice. */
#define ENTRY_MAX_BYTES (1u << 24)

/*
 * Is the entry well formed? Masks disjoint; type, mode, nanoseconds, flags and head in range; xattrs strictly
 * ascending by name; an xattr attribute (xattrs, acl, caps, selinux) has its value bit exactly when `xattrs`
 * holds at least one of its names (a file without any has the none bit); no problem without a failed bit;
 * at most ENTRY_MAX_BYTES. The path is not looked at. ERR_DATA with the reason. Pure.
 */
int entry_check(const struct entry *entry, struct err *err);

/* An entry whose memory is its own: all its bytes stand behind it in the same allocation. */
struct entry_copy {
	struct entry entry;
};
int entry_copy(const struct entry *from, struct entry_copy **ret_copy, struct err *err);
void entry_copy_freep(struct entry_copy **copy);

/*
 * Canonical bytes of an entry without its path: docs/FORMATS.md "Entry". Type-length-value, ascending tags,
 * a version first; absent differs from empty; one entry has exactly one encoding. Appends to OUT; 0, or -1 when
 * memory is short. The entry is well formed (entry_check()).
 */
int entry_encode(const struct entry *entry, struct buf *out);

/*
 * The reverse, strict: anything entry_encode() would not have written is ERR_DATA. Byte fields borrow from
 * DATA; the xattr table is placed in *xattr_space (grown, owned by the caller's buf, reused between calls).
 * The path is not touched.
 */
int entry_decode(const unsigned char *data, size_t len, struct buf *xattr_space, struct entry *ret_entry,
		 struct err *err);

/*
 * The attributes whose two values differ: value/value unequal, value/none. Pure. Digests are compared only when
 * both cover the same number of bytes; different lengths differ. Owner and group are compared by number: the
 * names say how passwd(5) called them, and a change of that file is its own. A NUL at the end of a SELinux label is no difference.
 */
uint32_t entry_differs(const struct entry *a, const struct entry *b);

/* Attributes with a value or none on one side and not recorded or failed on the other. */
uint32_t entry_incomparable(const struct entry *a, const struct entry *b);

/* HEAD_ELF or HEAD_PLAIN, by the first bytes of a content. */
uint8_t entry_head(const void *data, size_t len);

bool entry_is_program(const struct entry *entry); /* regular file: executable, set-id, or begins as ELF */

#endif
