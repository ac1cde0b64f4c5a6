/*
 * spread.c - names that share an inode: what was done through one was done to all, and the kernel tells of the one only.
 */
#include <stdlib.h>

#include "crypto/namehash.h"

#define HASH_NONFATAL_OOM             1
#define HASH_FUNCTION(key, len, hash) (hash) = (unsigned)name_hash((key), (len))
#include <uthash.h>

#include "base/cleanup.h"
#include "daemon/engine_inner.h"

enum { SEARCHED_MAX = 65536 };

struct searched {
	UT_hash_handle hh;
	uint64_t inode;
};

struct spreading {
	struct engine *engine;
	const struct dirty_item *item;
	size_t others; /* names of the inode but this one */
	uint64_t number;
};

/* Nothing happened to that name: no event is observed for it. */
static int touch(struct engine *engine, const struct dirty_item *item, struct bytes path, uint64_t number,
		 struct err *err)
{
	struct dirty_touch touch = { .path = path, .number = number };

	touch.found = item->found == FOUND_EVENT ? FOUND_NAMES : item->found;
	return names_touch(engine, &touch, err);
}

static int touch_other(void *context, struct bytes path, struct err *err)
{
	struct spreading *spreading = context;

	if (bytes_equal(path, spreading->item->path))
		return 0;
	spreading->others++;
	return touch(spreading->engine, spreading->item, path, spreading->item->number, err);
}

static int count_other(void *context, struct bytes path, struct err *err)
{
	struct spreading *spreading = context;

	(void)err;
	spreading->others += !bytes_equal(path, spreading->item->path);
	return 0;
}

/* Has it an inode of which there may be other names? */
static bool is_inode(const struct entry *entry)
{
	const uint32_t both = ATTR_BIT(ATTR_LINKS) | ATTR_BIT(ATTR_INODE);

	return entry && (entry->value & both) == both && entry->type != TYPE_DIR;
}

/* Its other names may be those of files that had one link: no table has them. Once an inode: names that come later are seen. */
static int want_mates(struct engine *engine, const struct dirty_item *item, uint64_t inode, struct err *err)
{
	struct mates_wanted *wanted = &engine->mates;
	struct searched *searched = NULL;

	HASH_FIND(hh, wanted->searched, &inode, sizeof(inode), searched);
	if (searched)
		return 0;
	if (HASH_COUNT(wanted->searched) >= SEARCHED_MAX)
		spread_forget(engine);
	searched = calloc(1, sizeof(*searched));
	if (!searched)
		return err_nomem(err);
	searched->inode = inode;
	HASH_ADD(hh, wanted->searched, inode, sizeof(searched->inode), searched);
	if (!searched->hh.tbl) {
		free(searched);
		return err_nomem(err);
	}
	if (wanted->inodes.len == 0 || item->number < wanted->number)
		wanted->number = item->number;
	return buf_add(&wanted->inodes, &inode, sizeof(inode)) < 0 ? err_nomem(err) : 0;
}

static int note_partial(struct engine *engine, const struct dirty_item *item, const struct entry *now, struct err *err)
{
	struct spreading counting = { .engine = engine, .item = item };
	bool partial;
	int r = now ? links_each(engine->links, now->inode, count_other, &counting, err) : 0;

	if (r < 0)
		return r;
	partial = now && now->links > counting.others + 1;
	r = partial_set(engine->partial, item->path, partial, err);
	return r < 0 || !partial ? r : want_mates(engine, item, now->inode, err);
}

void spread_forget(struct engine *engine)
{
	struct searched *searched, *next;

	HASH_ITER(hh, engine->mates.searched, searched, next)
	{
		HASH_DEL(engine->mates.searched, searched);
		free(searched);
	}
}

static int by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

int spread_ask(struct engine *engine, struct err *err)
{
	struct mates_wanted *wanted = &engine->mates;
	struct clerk_inodes inodes = { .number = wanted->number };
	int r;

	if (wanted->open || wanted->inodes.len == 0 || !engine->rows)
		return 0;
	inodes.count = wanted->inodes.len / sizeof(uint64_t);
	inodes.inodes = (uint64_t *)(void *)wanted->inodes.data;
	wanted->inodes = BUF_INIT;
	qsort(inodes.inodes, inodes.count, sizeof(uint64_t), by_number);
	r = clerk_mates(engine->clerk, &inodes, engine->view, err);
	wanted->open = r >= 0;
	wanted->open_number = inodes.number;
	return r;
}

bool spread_is_open(const struct engine *engine, uint64_t number)
{
	const struct mates_wanted *wanted = &engine->mates;

	return (wanted->open && wanted->open_number <= number) ||
	       (wanted->inodes.len && engine->rows && wanted->number <= number);
}

int spread_found(struct engine *engine, const struct mates *mates, struct err *err)
{
	int r = 0;

	engine->mates.open = false;
	if (mates->err.code < 0)
		(void)snprintf(engine->trouble, sizeof(engine->trouble),
			       "cannot find the names of linked files: %.180s", mates->err.message);
	for (size_t i = 0; r >= 0 && i < mates->count; i++) {
		struct dirty_touch touch = { .path = bytes_of(mates->list[i].path),
					     .found = FOUND_NAMES,
					     .number = mates->number };

		r = links_add(engine->links, touch.path, mates->list[i].inode, err);
		if (r >= 0)
			r = names_touch(engine, &touch, err);
	}
	return r;
}

/* The name stands for this inode no more. The others stay known as names of it, even when only one is left. */
static int forget(struct engine *engine, const struct dirty_item *item, const struct entry *before, struct err *err)
{
	struct spreading counting = { .engine = engine, .item = item };
	int r = links_each(engine->links, before->inode, count_other, &counting, err);

	links_remove(engine->links, item->path, before->inode);
	return r < 0 || counting.others == 0 ? r : tombs_put(engine->tombs, item->path, before->inode, err);
}

int spread_judged(struct engine *engine, const struct dirty_item *item, const struct entry *believed,
		  const struct entry *present, struct err *err)
{
	const struct entry *before = is_inode(believed) ? believed : NULL;
	const struct entry *now = is_inode(present) ? present : NULL;
	struct spreading spreading = { .engine = engine, .item = item };
	bool same = before && now && before->inode == now->inode, linked = now && now->links > 1;
	bool first = linked && (!same || before->links < 2);
	int r = 0;

	/* also when it was believed to be the only one: another may have come, and be known, before this one was looked at again */
	if (before)
		r = links_each(engine->links, before->inode, touch_other, &spreading, err);
	if (r >= 0 && before && !same)
		r = forget(engine, item, before, err);
	spreading.others = 0;
	if (r >= 0 && first)
		r = links_each(engine->links, now->inode, touch_other, &spreading, err);
	if (r >= 0 && first)
		r = links_add(engine->links, item->path, now->inode, err);
	/* what was written through the others while this one was not known to belong to them */
	if (r >= 0 && first && spreading.others)
		r = touch(engine, item, item->path, item->number, err);
	return r < 0 ? r : note_partial(engine, item, linked ? now : NULL, err);
}

int spread_dead(struct engine *engine, const struct dirty_item *item, struct err *err)
{
	struct spreading spreading = { .engine = engine, .item = item };
	uint64_t inode;

	/* an event told of it, whatever made it dirty first */
	if (!item->mask || !tombs_find(engine->tombs, item->path, &inode))
		return 0;
	return links_each(engine->links, inode, touch_other, &spreading, err);
}

static int touch_partial(void *context, struct bytes path, struct err *err)
{
	const struct spreading *spreading = context;

	return touch(spreading->engine, spreading->item, path, spreading->number, err);
}

int spread_unseen(struct engine *engine, const struct dirty_item *item, uint64_t number, struct err *err)
{
	struct spreading spreading = { .engine = engine, .item = item, .number = number };

	return partial_each(engine->partial, touch_partial, &spreading, err);
}
