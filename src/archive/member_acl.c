/*
 * member_acl.c - see member.h.
 *
 * A list with names and no numbers, between member_acl() and member_acl_named(): for each entry tag and permissions (u32, as the kernel
 * has them), number (u32), and its name with a NUL, empty where the number counts.
 */
#include <limits.h>
#include <stdlib.h>

#include "archive/member.h"
#include "base/cleanup.h"
#include "base/quote.h"

enum { ACL_VERSION = 2, ENTRY_BYTES = 8, NAME_BYTES_MAX = 255 };
enum { TAG_USER_OBJ = 1, TAG_USER = 2, TAG_GROUP_OBJ = 4, TAG_GROUP = 8, TAG_MASK = 16, TAG_OTHER = 32 };
#define ID_UNDEFINED 0xffffffffu

struct ace {
	uint32_t tag, permissions, id;
	const char *name; /* that id is to be found by; NULL: it is known */
};

static uint32_t tag_of(int tag)
{
	switch (tag) {
	case ARCHIVE_ENTRY_ACL_USER_OBJ:
		return TAG_USER_OBJ;
	case ARCHIVE_ENTRY_ACL_USER:
		return TAG_USER;
	case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
		return TAG_GROUP_OBJ;
	case ARCHIVE_ENTRY_ACL_GROUP:
		return TAG_GROUP;
	case ARCHIVE_ENTRY_ACL_MASK:
		return TAG_MASK;
	case ARCHIVE_ENTRY_ACL_OTHER:
		return TAG_OTHER;
	default:
		return 0;
	}
}

/* How many there are; at most three of an access list are the mode's own bits. */
static size_t count_of(struct archive_entry *from, int type)
{
	int count = archive_entry_acl_count(from, type);

	return count > (type == ARCHIVE_ENTRY_ACL_TYPE_ACCESS ? 3 : 0) ? (size_t)count : 0;
}

size_t member_acl_bytes(struct archive_entry *from, int type)
{
	size_t count = count_of(from, type), total = sizeof(uint32_t) + count * (ENTRY_BYTES + 1);
	int of_type, permissions, tag, id;
	const char *name;

	if (count == 0)
		return 0;
	(void)archive_entry_acl_reset(from, type);
	while (archive_entry_acl_next(from, type, &of_type, &permissions, &tag, &id, &name) == ARCHIVE_OK)
		total += name ? strnlen(name, NAME_BYTES_MAX) : 0;
	return total;
}

int member_acl_mask(struct archive_entry *from)
{
	int type, permissions, tag, id, mask = -1;
	const char *name;

	if (count_of(from, ARCHIVE_ENTRY_ACL_TYPE_ACCESS) == 0)
		return -1;
	(void)archive_entry_acl_reset(from, ARCHIVE_ENTRY_ACL_TYPE_ACCESS);
	while (archive_entry_acl_next(from, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, &type, &permissions, &tag, &id, &name) ==
	       ARCHIVE_OK)
		if (tag == ARCHIVE_ENTRY_ACL_MASK)
			mask = permissions & 7;
	return mask;
}

/* In the order in which libacl(3) stores them. */
static int by_tag(const void *a, const void *b)
{
	const struct ace *left = a, *right = b;

	if (left->tag != right->tag)
		return left->tag < right->tag ? -1 : 1;
	return left->id < right->id ? -1 : left->id > right->id;
}

static const char *take(struct ace *ace, int tag, int permissions, int id, const char *name)
{
	bool named = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;

	*ace = (struct ace){ tag_of(tag), (uint32_t)permissions & 7, named ? (uint32_t)id : ID_UNDEFINED, NULL };
	if (ace->tag == 0 || permissions & ~7)
		return "an access list of another kind";
	if (!named)
		return NULL;
	if (id == INT_MAX) /* libarchive's word for all that are larger */
		return "an access list with a number that is out of range";
	if (id >= 0)
		return NULL;
	if (!name || !*name || strlen(name) > NAME_BYTES_MAX)
		return "an access list that names somebody by no possible name";
	ace->id = 0;
	ace->name = name;
	return NULL;
}

/* Sorted: nobody twice, one of each that must be there, and a mask where somebody is named: else no kernel holds it. */
static bool is_whole(const struct ace *aces, size_t count)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < count; i++) {
		if (i && by_tag(&aces[i - 1], &aces[i]) == 0)
			return false;
		seen |= aces[i].tag;
	}
	return (seen & TAG_USER_OBJ) && (seen & TAG_GROUP_OBJ) && (seen & TAG_OTHER) &&
	       (!(seen & (TAG_USER | TAG_GROUP)) || (seen & TAG_MASK));
}

/* The kernel's form. */
static int put(struct ace *aces, size_t count, struct buf *out, const char **ret_problem)
{
	qsort(aces, count, sizeof(*aces), by_tag);
	if (!is_whole(aces, count)) {
		*ret_problem = "an access list that lacks an entry, or has one twice";
		return 0;
	}
	(void)buf_add_u32(out, ACL_VERSION);
	for (size_t i = 0; i < count; i++) {
		(void)buf_add_u32(out, aces[i].tag | aces[i].permissions << 16);
		(void)buf_add_u32(out, aces[i].id);
	}
	return buf_failed(out) ? -1 : 0;
}

static int put_by_name(const struct ace *aces, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = aces[i].name ? aces[i].name : "";

		(void)buf_add_u32(out, aces[i].tag | aces[i].permissions << 16);
		(void)buf_add_u32(out, aces[i].id);
		(void)buf_add(out, name, strlen(name) + 1);
	}
	return buf_failed(out) ? -1 : 0;
}

int member_acl(struct archive_entry *from, int type, struct buf *out, bool *ret_by_name, const char **ret_problem)
{
	size_t room = count_of(from, type), count = 0;
	CLEANUP(freep) struct ace *aces = calloc(room ? room : 1, sizeof(*aces));
	int of_type, permissions, tag, id;
	const char *name, *problem = NULL;
	bool by_name = false;

	if (!aces)
		return -1;
	(void)archive_entry_acl_reset(from, type);
	while (!problem && count < room &&
	       archive_entry_acl_next(from, type, &of_type, &permissions, &tag, &id, &name) == ARCHIVE_OK) {
		problem = take(&aces[count], tag, permissions, id, name);
		by_name = by_name || aces[count].name;
		count++;
	}
	*ret_problem = problem;
	*ret_by_name = by_name && !problem;
	if (problem)
		return 0;
	return by_name ? put_by_name(aces, count, out) : put(aces, count, out, ret_problem);
}

/* False: it has no number there. */
static bool find_number(struct ace *ace, const struct names *names)
{
	uint32_t group;

	return (ace->tag == TAG_USER ? names_find_user(names, ace->name, &ace->id, &group)
				     : names_find_group(names, ace->name, &ace->id)) &&
	       ace->id != ID_UNDEFINED;
}

int member_acl_named(struct bytes by_name, const struct names *names, struct buf *out,
		     char problem[MEMBER_ACL_PROBLEM_MAX])
{
	CLEANUP(freep) struct ace *aces = calloc(by_name.len / ENTRY_BYTES + 1, sizeof(*aces));
	struct cursor cursor = { by_name.data, by_name.len };
	const char *said = NULL;
	size_t count = 0;
	uint32_t both;
	int r;

	if (!aces)
		return -1;
	while (cursor_u32(&cursor, &both) && cursor_u32(&cursor, &aces[count].id)) {
		struct ace *ace = &aces[count++];
		const unsigned char *name = NULL;

		(void)cursor_bytes(&cursor, strlen((const char *)cursor.data) + 1, &name);
		ace->tag = both & UINT16_MAX;
		ace->permissions = both >> 16;
		ace->name = *name ? (const char *)name : NULL;
		if (ace->name && !find_number(ace, names)) {
			(void)snprintf(
				problem, MEMBER_ACL_PROBLEM_MAX,
				"an access list that names '%s', of whom the archive's own etc/%s gives no number",
				QUOTE(ace->name), ace->tag == TAG_USER ? "passwd" : "group");
			return 0;
		}
	}
	r = put(aces, count, out, &said);
	(void)snprintf(problem, MEMBER_ACL_PROBLEM_MAX, "%s", said ? said : "");
	return r;
}
