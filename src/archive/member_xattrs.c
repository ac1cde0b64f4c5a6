/*
 * member_xattrs.c - see member.h.
 *
 * bsdtar writes each attribute twice (SCHILY.xattr.*, LIBARCHIVE.xattr.*), libarchive lists both. GNU tar writes "=" and "%" in a name as %3D and
 * %25.
 */
#include <stdlib.h>

#include "archive/member.h"

#define XATTR_BITS (ATTR_BIT(ATTR_XATTRS) | ATTR_BIT(ATTR_ACL) | ATTR_BIT(ATTR_CAPS) | ATTR_BIT(ATTR_SELINUX))

/* Access lists by name, until their numbers are known. No attribute of an archive can be called so: libarchive's names end at a NUL. */
static const struct bytes access_by_name = { (const unsigned char *)"system.posix_acl_access", 24 };
static const struct bytes default_by_name = { (const unsigned char *)"system.posix_acl_default", 25 };

/* With its neighbours' room for what an entry holds besides. */
#define BYTES_MAX ((size_t)ENTRY_MAX_BYTES / 2)

static struct xattr *rows_of(const struct member *member, size_t *ret_count)
{
	*ret_count = member->rows.len / sizeof(struct xattr);
	return (struct xattr *)(void *)member->rows.data;
}

/* The buffer was made large enough before: what is in it does not move. */
static struct bytes name_of(struct buf *bytes, const char *name)
{
	size_t start = bytes->len;

	while (*name) {
		unsigned char byte = (unsigned char)*name;
		size_t step = 1;

		if (memcmp(name, "%3D", strnlen(name, 3)) == 0 && strnlen(name, 3) == 3)
			byte = '=', step = 3;
		else if (memcmp(name, "%25", strnlen(name, 3)) == 0 && strnlen(name, 3) == 3)
			byte = '%', step = 3;
		(void)buf_add_byte(bytes, byte);
		name += step;
	}
	return (struct bytes){ bytes->data + start, bytes->len - start };
}

static int add_row(struct member *member, const char *name, const void *value, size_t len)
{
	struct xattr row;

	if (!*name)
		return 0;
	row.name = name_of(&member->bytes, name);
	row.value = (struct bytes){ value, len };
	return buf_add(&member->rows, &row, sizeof(row));
}

/* What is given below, so that the buffer can be made large enough. */
static size_t count_bytes(struct archive_entry *from)
{
	size_t total = member_acl_bytes(from, ARCHIVE_ENTRY_ACL_TYPE_ACCESS) +
		       member_acl_bytes(from, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT) + 256;
	const char *name;
	const void *value;
	size_t len;

	(void)archive_entry_xattr_reset(from);
	while (archive_entry_xattr_next(from, &name, &value, &len) == ARCHIVE_OK)
		total += strlen(name) + len + 1;
	return total;
}

static bool is_by_name(struct bytes name)
{
	return bytes_equal(name, access_by_name) || bytes_equal(name, default_by_name);
}

static int add_acl(struct member *member, struct archive_entry *from, int type, struct bytes name)
{
	size_t start = member->bytes.len;
	const char *problem = NULL;
	struct xattr row = { .name = { name.data, name.len - 1 } };
	bool by_name;

	if (member_acl_bytes(from, type) == 0)
		return 0;
	if (member_acl(from, type, &member->bytes, &by_name, &problem) < 0)
		return -1;
	if (problem)
		return member_fail(member, ATTR_BIT(ATTR_ACL), problem);
	if (by_name)
		row.name = name;
	member->by_name = member->by_name || by_name;
	row.value = (struct bytes){ member->bytes.data + start, member->bytes.len - start };
	return buf_add(&member->rows, &row, sizeof(row));
}

static int add_acls(struct member *member, struct archive *archive, struct archive_entry *from)
{
	const char *said = archive_error_string(archive);

	if (archive_entry_acl_types(from) & ARCHIVE_ENTRY_ACL_TYPE_NFS4)
		return member_fail(member, ATTR_BIT(ATTR_ACL), "an access list of NFS version 4");
	/* libarchive leaves out what it cannot read of one, and goes on */
	if (said && strstr(said, "SCHILY.acl"))
		return member_fail(member, ATTR_BIT(ATTR_ACL), "an access list that cannot be read");
	if (add_acl(member, from, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, access_by_name) < 0)
		return -1;
	return add_acl(member, from, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, default_by_name);
}

static int by_name(const void *a, const void *b)
{
	return path_compare(((const struct xattr *)a)->name, ((const struct xattr *)b)->name);
}

/* Sorted, each name once. Two values of one: nobody knows which a tar would take. */
static int settle(struct member *member)
{
	size_t count, kept = 0;
	struct xattr *rows = rows_of(member, &count);

	if (count)
		qsort(rows, count, sizeof(*rows), by_name);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || !bytes_equal(rows[kept - 1].name, rows[i].name))
			rows[kept++] = rows[i];
		else if (!bytes_equal(rows[kept - 1].value, rows[i].value) &&
			 member_fail(member, ATTR_BIT(xattr_attr(rows[i].name)),
				     "an extended attribute with two values") < 0)
			return -1;
	}
	member->rows.len = kept * sizeof(*rows);
	return 0;
}

/* Of an attribute that failed nothing is given. */
static void finish(struct member *member)
{
	struct entry *entry = &member->entry;
	size_t count, kept = 0;
	struct xattr *rows = rows_of(member, &count);

	for (size_t i = 0; i < count; i++) {
		uint32_t bit = ATTR_BIT(xattr_attr(rows[i].name));

		if ((entry->failed & bit) || is_by_name(rows[i].name))
			continue;
		rows[kept++] = rows[i];
		entry->value |= bit;
	}
	entry->xattrs = rows;
	entry->xattr_count = kept;
}

static int settle_and_finish(struct member *member)
{
	if (settle(member) < 0)
		return -1;
	finish(member);
	return 0;
}

int member_xattrs(struct member *member, struct archive *archive, struct archive_entry *from)
{
	size_t total = count_bytes(from), len;
	const char *name;
	const void *value;

	buf_clear(&member->rows);
	buf_clear(&member->bytes);
	member->by_name = false;
	if (total > BYTES_MAX)
		return member_fail(member, XATTR_BITS, "more than 8 MiB of extended attributes");
	if (buf_reserve(&member->bytes, total) < 0)
		return -1;
	(void)archive_entry_xattr_reset(from);
	while (archive_entry_xattr_next(from, &name, &value, &len) == ARCHIVE_OK)
		if (add_row(member, name, value, len) < 0)
			return -1;
	if (add_acls(member, archive, from) < 0)
		return -1;
	member->by_name = member->by_name && !(member->entry.failed & ATTR_BIT(ATTR_ACL));
	if (!member->by_name)
		return settle_and_finish(member);
	member->entry.xattrs = rows_of(member, &member->entry.xattr_count);
	return 0;
}

int member_without_names(struct member *member, const char *line)
{
	return member_fail(member, ATTR_BIT(ATTR_ACL), line) < 0 ? -1 : settle_and_finish(member);
}

/* The list that ROW holds by name. */
static int find_names(struct member *member, struct xattr row, const struct names *names)
{
	size_t start = member->bytes.len;
	char problem[MEMBER_ACL_PROBLEM_MAX] = "";

	if (member_acl_named(row.value, names, &member->bytes, problem) < 0)
		return -1;
	if (problem[0])
		return member_fail(member, ATTR_BIT(ATTR_ACL), problem);
	row.name.len--;
	row.value = (struct bytes){ member->bytes.data + start, member->bytes.len - start };
	return buf_add(&member->rows, &row, sizeof(row));
}

int member_find_names(struct member *member, const struct entry *from, const struct names *names)
{
	size_t total = 0;

	buf_clear(&member->rows);
	buf_clear(&member->bytes);
	buf_clear(&member->problem);
	for (size_t i = 0; i < from->xattr_count; i++)
		total += from->xattrs[i].value.len;
	if (buf_reserve(&member->bytes, total) < 0 ||
	    buf_add(&member->problem, from->problem.data, from->problem.len) < 0)
		return -1;
	member->entry = *from;
	member->entry.problem = (struct bytes){ member->problem.data, member->problem.len };
	for (size_t i = 0; i < from->xattr_count; i++) {
		const struct xattr *row = &from->xattrs[i];

		if ((is_by_name(row->name) ? find_names(member, *row, names)
					   : buf_add(&member->rows, row, sizeof(*row))) < 0)
			return -1;
	}
	return settle_and_finish(member);
}
