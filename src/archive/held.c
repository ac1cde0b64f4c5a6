/* held.c - see held.h. <search.h> comes first: hsearch(3) has a struct of the name of our entry. */
#define entry search_entry
#include <search.h>
#undef entry

#include "archive/held.h"

#include "base/cleanup.h"

struct node {
	struct bytes path; /* the copy's */
	struct entry_copy *copy; /* owned */
};

static int by_path(const void *a, const void *b)
{
	return path_compare(((const struct node *)a)->path, ((const struct node *)b)->path);
}

static size_t bytes_of_entry(const struct entry *entry)
{
	size_t total = sizeof(struct node) + sizeof(*entry) + entry->path.len + entry->user.len + entry->group.len +
		       entry->target.len + entry->problem.len;

	for (size_t i = 0; i < entry->xattr_count; i++)
		total += sizeof(struct xattr) + entry->xattrs[i].name.len + entry->xattrs[i].value.len;
	return total;
}

/* Takes it out of the tree. */
static void drop(struct held *held, struct node *node)
{
	(void)tdelete(node, &held->tree, by_path);
	held->bytes -= bytes_of_entry(&node->copy->entry);
	entry_copy_freep(&node->copy);
	free(node);
}

/* The one that is easiest to come by; NULL: none is left. */
static struct node *any(const struct held *held)
{
	return held->tree ? *(struct node **)held->tree : NULL;
}

void held_done(struct held *held)
{
	struct node *node;

	while ((node = any(held)) != NULL)
		drop(held, node);
	buf_done(&held->passwd);
	buf_done(&held->group);
}

void held_pass(struct held *held, struct bytes path, struct buf **ret_text)
{
	const struct node key = { .path = path };
	void *found = held->tree ? tfind(&key, &held->tree, by_path) : NULL;

	if (found)
		drop(held, *(struct node **)found);
	*ret_text = bytes_equal(path, bytes_of("/etc/passwd"))  ? &held->passwd
		    : bytes_equal(path, bytes_of("/etc/group")) ? &held->group
								: NULL;
	if (*ret_text)
		buf_clear(*ret_text);
}

int held_add(struct held *held, const struct entry *entry, struct err *err)
{
	CLEANUP(entry_copy_freep) struct entry_copy *copy = NULL;
	CLEANUP(freep) struct node *node = NULL;
	size_t bytes = bytes_of_entry(entry);
	int r;

	if (bytes > HELD_BYTES_MAX - held->bytes)
		return 0;
	r = entry_copy(entry, &copy, err);
	if (r < 0)
		return r;
	node = malloc(sizeof(*node));
	if (!node)
		return err_nomem(err);
	*node = (struct node){ .path = copy->entry.path, .copy = copy };
	if (!tsearch(node, &held->tree, by_path))
		return err_nomem(err);
	(void)STEAL(node);
	(void)STEAL(copy);
	held->bytes += bytes;
	return 1;
}

int held_give(struct held *held, struct sink *sink, struct archive_info *info, struct err *err)
{
	CLEANUP(names_done) struct names names = { .users = BUF_INIT };
	CLEANUP(member_done) struct member member = MEMBER_INIT;
	struct node *node;

	if (held->tree && names_of_texts(&held->passwd, &held->group, &names) < 0)
		return err_nomem(err);
	while ((node = any(held)) != NULL) {
		const struct entry *entry = &member.entry;
		int r;

		if (member_find_names(&member, &node->copy->entry, &names) < 0)
			return err_nomem(err);
		info->gives |= entry->value | entry->none | entry->failed;
		info->by_name = info->by_name || (entry->value & ATTR_BIT(ATTR_ACL));
		r = entry_check(entry, err);
		if (r == 0)
			r = sink->entry(sink, entry, NULL, err);
		if (r < 0)
			return r;
		drop(held, node);
	}
	return 0;
}
