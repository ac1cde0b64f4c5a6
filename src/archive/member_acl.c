/* member_acl.c - see member.h. */
#include <stdlib.h>

#include "archive/member.h"
#include "base/cleanup.h"

enum { ACL_VERSION = 2, ENTRY_BYTES = 8 };
enum { TAG_USER_OBJ = 1, TAG_USER = 2, TAG_GROUP_OBJ = 4, TAG_GROUP = 8, TAG_MASK = 16, TAG_OTHER = 32 };
#define ID_UNDEFINED 0xffffffffu

struct ace {
	uint32_t tag, permissions, id;
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
	size_t count = count_of(from, type);

	return count ? sizeof(uint32_t) + count * ENTRY_BYTES : 0;
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

static const char *take(struct ace *ace, int tag, int permissions, int id)
{
	bool named = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;

	*ace = (struct ace){ tag_of(tag), (uint32_t)permissions & 7, named ? (uint32_t)id : ID_UNDEFINED };
	if (ace->tag == 0 || permissions & ~7)
		return "an access list of another kind";
	if (named && id < 0)
		return "an access list that names somebody without a number";
	return NULL;
}

/* One of each that must be there, and a mask where somebody is named: else no kernel holds it. */
static bool is_whole(const struct ace *aces, size_t count)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < count; i++) {
		if (aces[i].id == ID_UNDEFINED && (seen & aces[i].tag))
			return false;
		seen |= aces[i].tag;
	}
	return (seen & TAG_USER_OBJ) && (seen & TAG_GROUP_OBJ) && (seen & TAG_OTHER) &&
	       (!(seen & (TAG_USER | TAG_GROUP)) || (seen & TAG_MASK));
}

int member_acl(struct archive_entry *from, int type, struct buf *out, const char **ret_problem)
{
	size_t room = count_of(from, type), count = 0;
	CLEANUP(freep) struct ace *aces = calloc(room ? room : 1, sizeof(*aces));
	int of_type, permissions, tag, id;
	const char *name, *problem = NULL;

	if (!aces)
		return -1;
	(void)archive_entry_acl_reset(from, type);
	while (!problem && count < room &&
	       archive_entry_acl_next(from, type, &of_type, &permissions, &tag, &id, &name) == ARCHIVE_OK)
		problem = take(&aces[count++], tag, permissions, id);
	*ret_problem = problem;
	if (problem)
		return 0;
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
