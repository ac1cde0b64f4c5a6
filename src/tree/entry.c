/*
 * entry.c - entries in memory: well-formedness, copies, differences. See entry.h.
 *
 * Not for their bytes: entry_bytes.c.
 */
#include "tree/entry.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define XATTR_BITS (ATTR_BIT(ATTR_XATTRS) | ATTR_BIT(ATTR_ACL) | ATTR_BIT(ATTR_CAPS) | ATTR_BIT(ATTR_SELINUX))

enum {
	MODE_MAX = 07777,
	FLAGS_KNOWN = FLAG_IMMUTABLE | FLAG_APPEND | FLAG_NODUMP | FLAG_COMPRESSED | FLAG_ENCRYPTED | FLAG_VERITY
};
#define NSEC_MAX 999999999u

enum file_type type_of_mode(unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return TYPE_FILE;
	case S_IFDIR:
		return TYPE_DIR;
	case S_IFLNK:
		return TYPE_SYMLINK;
	case S_IFIFO:
		return TYPE_FIFO;
	case S_IFSOCK:
		return TYPE_SOCKET;
	case S_IFCHR:
		return TYPE_CHAR;
	case S_IFBLK:
		return TYPE_BLOCK;
	default:
		return (enum file_type)0;
	}
}

const char *type_name(enum file_type type)
{
	static const char *const names[] = {
		[TYPE_FILE] = "file",     [TYPE_DIR] = "dir",   [TYPE_SYMLINK] = "symlink", [TYPE_FIFO] = "fifo",
		[TYPE_SOCKET] = "socket", [TYPE_CHAR] = "char", [TYPE_BLOCK] = "block",
	};

	return type >= TYPE_FILE && type <= TYPE_BLOCK ? names[type] : "unknown";
}

static bool name_is(struct bytes name, const char *text, size_t len)
{
	return name.len == len && memcmp(name.data, text, len) == 0;
}
#define NAME_IS(name, literal) name_is((name), "" literal, sizeof(literal) - 1)

enum attr xattr_attr(struct bytes name)
{
	if (NAME_IS(name, "system.posix_acl_access") || NAME_IS(name, "system.posix_acl_default"))
		return ATTR_ACL;
	if (NAME_IS(name, "security.capability"))
		return ATTR_CAPS;
	if (NAME_IS(name, "security.selinux"))
		return ATTR_SELINUX;
	return ATTR_XATTRS;
}

static int malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_DATA, "malformed entry: %s", what);
}

static int check_xattrs(const struct entry *entry, struct err *err)
{
	uint32_t found = 0;

	for (size_t i = 0; i < entry->xattr_count; i++) {
		struct bytes name = entry->xattrs[i].name;

		if (name.len == 0 || memchr(name.data, '\0', name.len))
			return malformed(err, "an extended attribute without a proper name");
		if (i && path_compare(entry->xattrs[i - 1].name, name) >= 0)
			return malformed(err, "extended attributes out of order");
		found |= ATTR_BIT(xattr_attr(name));
	}
	if (found != (entry->value & XATTR_BITS))
		return malformed(err, "extended attributes do not agree with their states");
	return 0;
}

static int check_times(const struct entry *entry, struct err *err)
{
	const struct timestamp times[] = { entry->mtime, entry->ctime, entry->btime };
	static const enum attr attrs[] = { ATTR_MTIME, ATTR_CTIME, ATTR_BTIME };

	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++) {
		if ((entry->value & ATTR_BIT(attrs[i])) && times[i].nsec > NSEC_MAX)
			return malformed(err, "nanoseconds out of range");
	}
	return 0;
}

/* What the encoding may reach at most: every fixed part is far below 512 bytes together. */
static int check_size(const struct entry *entry, struct err *err)
{
	uint64_t total = 512;

	total += entry->user.len + entry->group.len + entry->target.len + entry->problem.len;
	for (size_t i = 0; i < entry->xattr_count; i++)
		total += 8 + (uint64_t)entry->xattrs[i].name.len + entry->xattrs[i].value.len;
	if (total > ENTRY_MAX_BYTES)
		return err_set(err, ERR_DATA, "malformed entry: more than %u bytes of extended attributes",
			       ENTRY_MAX_BYTES);
	return 0;
}

int entry_check(const struct entry *entry, struct err *err)
{
	uint32_t value = entry->value;
	int r;

	if ((value | entry->none | entry->failed) & ~ATTR_ALL)
		return malformed(err, "an unknown attribute");
	if ((value & entry->none) | (value & entry->failed) | (entry->none & entry->failed))
		return malformed(err, "an attribute in two states");
	if ((value & ATTR_BIT(ATTR_TYPE)) && (entry->type < TYPE_FILE || entry->type > TYPE_BLOCK))
		return malformed(err, "an unknown type");
	if ((value & ATTR_BIT(ATTR_MODE)) && entry->mode > MODE_MAX)
		return malformed(err, "mode out of range");
	if ((value & ATTR_BIT(ATTR_FLAGS)) && (entry->flags & ~(uint32_t)FLAGS_KNOWN))
		return malformed(err, "an unknown flag");
	if (entry->head > HEAD_ELF)
		return malformed(err, "an unknown kind of head");
	if (entry->problem.len && (!entry->failed || memchr(entry->problem.data, '\n', entry->problem.len)))
		return malformed(err, "a problem that is none, or more than one line");
	r = check_times(entry, err);
	if (r < 0)
		return r;
	r = check_xattrs(entry, err);
	if (r < 0)
		return r;
	return check_size(entry, err);
}

static void place(unsigned char **at, struct bytes *bytes)
{
	if (bytes->len)
		memcpy(*at, bytes->data, bytes->len);
	bytes->data = *at;
	*at += bytes->len;
}

int entry_copy(const struct entry *from, struct entry_copy **ret_copy, struct err *err)
{
	size_t size = sizeof(struct entry_copy) + from->xattr_count * sizeof(struct xattr);
	struct entry_copy *copy;
	struct xattr *xattrs;
	unsigned char *at;

	size += from->path.len + from->user.len + from->group.len + from->target.len + from->problem.len;
	for (size_t i = 0; i < from->xattr_count; i++)
		size += from->xattrs[i].name.len + from->xattrs[i].value.len;
	copy = malloc(size);
	if (!copy)
		return err_nomem(err);
	copy->entry = *from;
	xattrs = (struct xattr *)(copy + 1);
	at = (unsigned char *)(xattrs + from->xattr_count);
	place(&at, &copy->entry.path);
	place(&at, &copy->entry.user);
	place(&at, &copy->entry.group);
	place(&at, &copy->entry.target);
	place(&at, &copy->entry.problem);
	for (size_t i = 0; i < from->xattr_count; i++) {
		xattrs[i] = from->xattrs[i];
		place(&at, &xattrs[i].name);
		place(&at, &xattrs[i].value);
	}
	copy->entry.xattrs = xattrs;
	*ret_copy = copy;
	return 0;
}

void entry_copy_freep(struct entry_copy **copy)
{
	free(*copy);
	*copy = NULL;
}

static bool times_equal(struct timestamp a, struct timestamp b, bool seconds)
{
	return a.sec == b.sec && (seconds || a.nsec == b.nsec);
}

/* Attributes of the names that only one list has, or that have two values. Both lists are sorted. */
/* The kernel ends a security label with a NUL; tar's header for it (RHT.security.selinux) and setfattr(1) leave it out. */
static bool values_equal(const struct xattr *a, const struct xattr *b)
{
	struct bytes left = a->value, right = b->value;

	if (xattr_attr(a->name) == ATTR_SELINUX) {
		left.len -= left.len && left.data[left.len - 1] == '\0';
		right.len -= right.len && right.data[right.len - 1] == '\0';
	}
	return bytes_equal(left, right);
}

static uint32_t xattrs_differ(const struct entry *a, const struct entry *b)
{
	uint32_t differ = 0;
	size_t i = 0, j = 0;

	while (i < a->xattr_count || j < b->xattr_count) {
		int order;

		if (i == a->xattr_count || j == b->xattr_count)
			order = i == a->xattr_count ? 1 : -1;
		else
			order = path_compare(a->xattrs[i].name, b->xattrs[j].name);
		if (order != 0)
			differ |= ATTR_BIT(xattr_attr(order < 0 ? a->xattrs[i].name : b->xattrs[j].name));
		else if (!values_equal(&a->xattrs[i], &b->xattrs[j]))
			differ |= ATTR_BIT(xattr_attr(a->xattrs[i].name));
		i += order <= 0;
		j += order >= 0;
	}
	return differ;
}

uint32_t entry_differs(const struct entry *a, const struct entry *b)
{
	bool seconds = a->whole_seconds || b->whole_seconds;
	uint32_t differ = 0;

#define DIFFERS(attr, unequal) differ |= (unequal) ? ATTR_BIT(attr) : 0u
	DIFFERS(ATTR_TYPE, a->type != b->type);
	DIFFERS(ATTR_MODE, a->mode != b->mode);
	DIFFERS(ATTR_OWNER, a->uid != b->uid);
	DIFFERS(ATTR_GROUP, a->gid != b->gid);
	DIFFERS(ATTR_SIZE, a->size != b->size);
	DIFFERS(ATTR_CONTENT, a->digest_bytes != b->digest_bytes || !digest_equal(a->digest, b->digest));
	DIFFERS(ATTR_MTIME, !times_equal(a->mtime, b->mtime, seconds));
	DIFFERS(ATTR_CTIME, !times_equal(a->ctime, b->ctime, seconds));
	DIFFERS(ATTR_BTIME, !times_equal(a->btime, b->btime, seconds));
	DIFFERS(ATTR_INODE, a->inode != b->inode);
	DIFFERS(ATTR_LINKS, a->links != b->links);
	DIFFERS(ATTR_TARGET, !bytes_equal(a->target, b->target));
	DIFFERS(ATTR_RDEV, a->rdev_major != b->rdev_major || a->rdev_minor != b->rdev_minor);
	DIFFERS(ATTR_FLAGS, a->flags != b->flags);
#undef DIFFERS
	if (a->xattr_count || b->xattr_count)
		differ |= xattrs_differ(a, b);
	/* fields mean something only where both sides hold a value */
	return (differ & a->value & b->value) | (a->value & b->none) | (a->none & b->value);
}

uint32_t entry_incomparable(const struct entry *a, const struct entry *b)
{
	return (a->value | a->none) ^ (b->value | b->none);
}

bool entry_is_program(const struct entry *entry)
{
	if (!(entry->value & ATTR_BIT(ATTR_TYPE)) || entry->type != TYPE_FILE)
		return false;
	if ((entry->value & ATTR_BIT(ATTR_MODE)) && (entry->mode & 06111))
		return true;
	return entry->head == HEAD_ELF;
}

uint8_t entry_head(const void *data, size_t len)
{
	return len >= 4 && memcmp(data, "\177ELF", 4) == 0 ? HEAD_ELF : HEAD_PLAIN;
}
