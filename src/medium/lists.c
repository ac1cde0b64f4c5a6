/* lists.c - see lists.h. */
#include "medium/lists.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "medium/layout.h"
#include "medium/lists_inner.h"

struct lists {
	struct mtree *mtree;
};

const char *list_name(enum list list)
{
	static const char *const names[LIST_COUNT] = {
		[LIST_SHA256] = MEDIUM_SHA256,
		[LIST_MTREE] = MEDIUM_MTREE,
		[LIST_BODYFILE] = MEDIUM_BODYFILE,
	};

	return names[list];
}

void lists_freep(struct lists **lists)
{
	if (*lists)
		mtree_freep(&(*lists)->mtree);
	free(*lists);
	*lists = NULL;
}

int lists_new(const struct policy *policy, const struct mount *mounts, size_t mount_count, struct lists **ret_lists,
	      struct err *err)
{
	CLEANUP(lists_freep) struct lists *lists = calloc(1, sizeof(*lists));
	int r;

	if (!lists)
		return err_nomem(err);
	r = mtree_new(policy, mounts, mount_count, &lists->mtree, err);
	if (r < 0)
		return r;
	*ret_lists = STEAL(lists);
	return 0;
}

int list_begin(struct lists *lists, enum list list, struct buf *out)
{
	(void)lists;
	return list == LIST_MTREE ? mtree_begin(out) : 0;
}

int list_entry(struct lists *lists, enum list list, const struct entry *entry, struct buf *out)
{
	if (list == LIST_SHA256)
		return sums_entry(entry, out);
	if (list == LIST_BODYFILE)
		return bodyfile_entry(entry, out);
	return mtree_entry(lists->mtree, entry, out);
}

int list_end(struct lists *lists, enum list list, struct buf *out)
{
	return list == LIST_MTREE ? mtree_end(lists->mtree, out) : 0;
}

int sums_entry(const struct entry *entry, struct buf *out)
{
	const uint32_t needed = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_CONTENT);
	struct bytes name = { entry->path.data + 1, entry->path.len - 1 };
	char hex[DIGEST_HEX];
	bool odd = false;

	/* the digest of a beginning is no sum of the file */
	if ((entry->value & needed) != needed || entry->type != TYPE_FILE ||
	    ((entry->value & ATTR_BIT(ATTR_SIZE)) && entry->size != entry->digest_bytes))
		return 0;
	digest_hex(entry->digest, hex);
	for (size_t i = 0; i < name.len; i++)
		odd |= name.data[i] == '\\' || name.data[i] == '\n' || name.data[i] == '\r';
	(void)buf_printf(out, "%s%s  ", odd ? "\\" : "", hex);
	if (bytes_equal(name, bytes_of("-"))) /* which would be sha256sum's own input */
		(void)buf_add_str(out, "./");
	for (size_t i = 0; i < name.len; i++) {
		unsigned char byte = name.data[i];

		if (odd && (byte == '\\' || byte == '\n' || byte == '\r')) {
			(void)buf_add_byte(out, '\\');
			byte = byte == '\n' ? 'n' : byte == '\r' ? 'r' : byte;
		}
		(void)buf_add_byte(out, byte);
	}
	return buf_add_byte(out, '\n') < 0 || buf_failed(out) ? -1 : 0;
}
