/*
 * links.c - see links.h.
 *
 * A table of names, each with its inode, and a table of inodes, each with the list of its names: so that neither many names of
 * one inode nor many inodes make anything slow. Whoever can make links chooses both.
 */
#include "daemon/links.h"

#include <stdlib.h>

#include "crypto/namehash.h"

#define HASH_NONFATAL_OOM             1
#define HASH_FUNCTION(key, len, hash) (hash) = (unsigned)name_hash((key), (len))
#include <uthash.h>

#include "base/cleanup.h"

struct link {
	UT_hash_handle hh; /* by the bytes from inode on */
	struct link *next, *previous; /* of the same inode */
	size_t key_len;
	struct key {
		uint64_t inode;
		unsigned char path[]; /* not terminated */
	} key;
};

struct inode {
	UT_hash_handle hh;
	uint64_t number;
	struct link *first;
};

struct links {
	struct link *links;
	struct inode *inodes;
	struct buf key; /* scratch */
	bool incomplete;
};

int links_new(struct links **ret_links, struct err *err)
{
	struct links *links = calloc(1, sizeof(*links));

	if (!links)
		return err_nomem(err);
	*ret_links = links;
	return 0;
}

void links_freep(struct links **links)
{
	struct link *link, *next_link;
	struct inode *inode, *next_inode;

	if (!*links)
		return;
	HASH_ITER(hh, (*links)->links, link, next_link)
	{
		HASH_DEL((*links)->links, link);
		free(link);
	}
	HASH_ITER(hh, (*links)->inodes, inode, next_inode)
	{
		HASH_DEL((*links)->inodes, inode);
		free(inode);
	}
	buf_done(&(*links)->key);
	free(*links);
	*links = NULL;
}

static struct inode *find_inode(const struct links *links, uint64_t number)
{
	struct inode *inode;

	HASH_FIND(hh, links->inodes, &number, sizeof(number), inode);
	return inode;
}

/* 0, or -1 when memory is short. */
static int find_link(struct links *links, struct bytes path, uint64_t inode, struct link **ret_link)
{
	buf_clear(&links->key);
	(void)buf_add(&links->key, &inode, sizeof(inode));
	if (buf_add(&links->key, path.data, path.len) < 0)
		return -1;
	HASH_FIND(hh, links->links, links->key.data, (unsigned)links->key.len, *ret_link);
	return 0;
}

static struct inode *add_inode(struct links *links, uint64_t number)
{
	struct inode *inode = calloc(1, sizeof(*inode));

	if (!inode)
		return NULL;
	inode->number = number;
	HASH_ADD(hh, links->inodes, number, sizeof(inode->number), inode);
	if (inode->hh.tbl)
		return inode;
	free(inode);
	return NULL;
}

static void drop_inode(struct links *links, struct inode *inode)
{
	if (inode->first)
		return;
	HASH_DEL(links->inodes, inode);
	free(inode);
}

/* The scratch key as an entry of the table. */
static struct link *add_link(struct links *links)
{
	struct link *link = calloc(1, sizeof(*link) + links->key.len);

	if (!link)
		return NULL;
	link->key_len = links->key.len;
	memcpy(&link->key, links->key.data, links->key.len);
	HASH_ADD_KEYPTR(hh, links->links, &link->key, (unsigned)link->key_len, link);
	if (link->hh.tbl)
		return link;
	free(link);
	return NULL;
}

int links_add(struct links *links, struct bytes path, uint64_t inode, struct err *err)
{
	struct inode *known;
	struct link *link;

	if (find_link(links, path, inode, &link) < 0)
		return err_nomem(err);
	if (link)
		return 0;
	if (HASH_COUNT(links->links) >= LINKS_MAX) {
		links->incomplete = true;
		return 0;
	}
	known = find_inode(links, inode);
	if (!known)
		known = add_inode(links, inode);
	if (!known)
		return err_nomem(err);
	link = add_link(links);
	if (!link) {
		drop_inode(links, known);
		return err_nomem(err);
	}
	link->next = known->first;
	if (link->next)
		link->next->previous = link;
	known->first = link;
	return 0;
}

void links_remove(struct links *links, struct bytes path, uint64_t inode)
{
	struct inode *known = find_inode(links, inode);
	struct link *link;

	/* without memory to look for it it stays: one look too many some day */
	if (!known || find_link(links, path, inode, &link) < 0 || !link)
		return;
	if (link->next)
		link->next->previous = link->previous;
	if (link->previous)
		link->previous->next = link->next;
	else
		known->first = link->next;
	HASH_DEL(links->links, link);
	free(link);
	drop_inode(links, known);
}

int links_each(const struct links *links, uint64_t inode, int (*fn)(void *context, struct bytes path, struct err *err),
	       void *context, struct err *err)
{
	const struct inode *known = find_inode(links, inode);

	for (const struct link *link = known ? known->first : NULL; link; link = link->next) {
		struct bytes path = { link->key.path, link->key_len - sizeof(link->key.inode) };
		int r = fn(context, path, err);

		if (r < 0)
			return r;
	}
	return 0;
}

bool links_complete(const struct links *links)
{
	return !links->incomplete;
}

/* ---- from the records ---- */

static int take(void *context, const struct entry *entry, struct err *err)
{
	const uint32_t needed = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_LINKS) | ATTR_BIT(ATTR_INODE);

	if ((entry->value & needed) != needed || entry->type == TYPE_DIR || entry->links < 2)
		return 0;
	return links_add(context, entry->path, entry->inode, err);
}

int links_load(struct links *links, struct baseline *baseline, struct drift *drift, struct err *err)
{
	CLEANUP(drift_walk_freep) struct drift_walk *walk = NULL;
	struct drift_row row;
	int r = 0;

	if (baseline)
		r = baseline_linked(baseline, take, links, err);
	if (r >= 0)
		r = drift_walk_new(drift, bytes_of("/"), (struct bytes){ NULL, 0 }, &walk, err);
	while (r >= 0 && (r = drift_walk_next(walk, &row, err)) > 0) {
		if (row.present)
			r = take(links, row.present, err);
	}
	return r;
}
