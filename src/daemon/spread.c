/*
 * spread.c - names that share an inode: what was done through one was done to all, and the kernel tells of the one only.
 */
#include "base/cleanup.h"
#include "daemon/engine_inner.h"

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

static bool is_linked(const struct entry *entry)
{
	const uint32_t both = ATTR_BIT(ATTR_LINKS) | ATTR_BIT(ATTR_INODE);

	return entry && (entry->value & both) == both && entry->type != TYPE_DIR && entry->links > 1;
}

static int note_partial(struct engine *engine, const struct dirty_item *item, const struct entry *now, struct err *err)
{
	struct spreading counting = { .engine = engine, .item = item };
	int r = now ? links_each(engine->links, now->inode, count_other, &counting, err) : 0;

	return r < 0 ? r : partial_set(engine->partial, item->path, now && now->links > counting.others + 1, err);
}

int spread_judged(struct engine *engine, const struct dirty_item *item, const struct entry *believed,
		  const struct entry *present, struct err *err)
{
	const struct entry *before = is_linked(believed) ? believed : NULL;
	const struct entry *now = is_linked(present) ? present : NULL;
	struct spreading spreading = { .engine = engine, .item = item };
	bool same = before && now && before->inode == now->inode;
	int r = 0;

	if (before)
		r = links_each(engine->links, before->inode, touch_other, &spreading, err);
	if (r >= 0 && before && !same)
		links_remove(engine->links, item->path, before->inode);
	spreading.others = 0;
	if (r >= 0 && now && !same)
		r = links_each(engine->links, now->inode, touch_other, &spreading, err);
	if (r >= 0 && now && !same)
		r = links_add(engine->links, item->path, now->inode, err);
	/* what was written through the others while this one was not known to belong to them */
	if (r >= 0 && now && !same && spreading.others)
		r = touch(engine, item, item->path, item->number, err);
	return r < 0 ? r : note_partial(engine, item, now, err);
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
