/*
 * dirty.c - see dirty.h.
 *
 * Two lists run through the items of each lane: by the last touch, whose head is the first to become quiet, and by the first
 * touch, whose head is the first to have waited too long. So what is due stands at a head, but for costly names, which
 * are passed over: there are few.
 */
#include "crypto/namehash.h"

#define HASH_NONFATAL_OOM             1
#define HASH_FUNCTION(key, len, hash) (hash) = (unsigned)name_hash((key), (len))

#include "daemon/dirty.h"

#include <stdlib.h>
#include <utlist.h>

enum { COSTLY_MAX = 1024, COSTLY_FACTOR = 20, PASSED_OVER_MAX = 8192 };

struct costly {
	UT_hash_handle hh;
	uint64_t until_ns;
	size_t len;
	unsigned char text[];
};

struct lane {
	struct dirty_item *quiet, *age; /* heads */
};

struct dirty {
	struct dirty_item *items; /* hash */
	struct lane lanes[2]; /* small, large */
	struct costly *costly; /* hash; the oldest first */
	size_t count;
	uint64_t number;
};

const char *found_name(enum found found)
{
	static const char *const names[] = { "event", "names", "loss", "start", "rule", "poll", "asked", "round" };

	return names[found];
}

int dirty_new(struct dirty **ret_dirty, struct err *err)
{
	struct dirty *dirty = calloc(1, sizeof(*dirty));

	if (!dirty)
		return err_nomem(err);
	*ret_dirty = dirty;
	return 0;
}

void dirty_freep(struct dirty **dirty)
{
	struct dirty_item *item, *next;
	struct costly *costly, *next_costly;

	if (!*dirty)
		return;
	HASH_ITER(hh, (*dirty)->items, item, next)
	{
		HASH_DEL((*dirty)->items, item);
		free(item);
	}
	HASH_ITER(hh, (*dirty)->costly, costly, next_costly)
	{
		HASH_DEL((*dirty)->costly, costly);
		free(costly);
	}
	free(*dirty);
	*dirty = NULL;
}

static struct lane *lane_of(struct dirty *dirty, const struct dirty_item *item)
{
	return &dirty->lanes[(item->flags & DIRTY_LARGE) != 0];
}

static uint64_t costly_until(struct dirty *dirty, struct bytes path, uint64_t now_ns)
{
	struct costly *costly = NULL;

	HASH_FIND(hh, dirty->costly, path.data, (unsigned)path.len, costly);
	return costly && costly->until_ns > now_ns ? costly->until_ns : 0;
}

static struct dirty_item *add(struct dirty *dirty, const struct dirty_touch *touch, uint64_t now_ns)
{
	struct dirty_item *item = calloc(1, sizeof(*item) + touch->path.len + 1);
	struct lane *lane;

	if (!item)
		return NULL;
	memcpy(item->text, touch->path.data, touch->path.len);
	item->path = (struct bytes){ item->text, touch->path.len };
	item->flags = touch->flags;
	item->found = touch->found;
	item->first_ns = now_ns;
	item->not_before_ns = costly_until(dirty, touch->path, now_ns);
	HASH_ADD_KEYPTR(hh, dirty->items, item->text, (unsigned)item->path.len, item);
	if (!item->hh.tbl) {
		free(item);
		return NULL;
	}
	/* a number of its own is always above all others, a borrowed one may be below: the age list stays by first_ns */
	item->number = touch->number ? touch->number : ++dirty->number;
	lane = lane_of(dirty, item);
	DL_APPEND2(lane->quiet, item, quiet_previous, quiet_next);
	DL_APPEND2(lane->age, item, age_previous, age_next);
	dirty->count++;
	return item;
}

int dirty_touch(struct dirty *dirty, const struct dirty_touch *touch, uint64_t now_ns, struct dirty_item **ret_item,
		struct err *err)
{
	struct dirty_item *item = NULL;
	struct lane *lane;
	int fresh;

	HASH_FIND(hh, dirty->items, touch->path.data, (unsigned)touch->path.len, item);
	fresh = !item;
	if (fresh) {
		item = add(dirty, touch, now_ns);
		if (!item)
			return err_nomem(err);
	} else {
		lane = lane_of(dirty, item);
		DL_DELETE2(lane->quiet, item, quiet_previous, quiet_next);
		DL_APPEND2(lane->quiet, item, quiet_previous, quiet_next);
		item->flags |= touch->flags & ~(unsigned)DIRTY_LARGE;
		if (touch->number && touch->number < item->number)
			item->number = touch->number;
	}
	item->mask |= touch->mask;
	item->last_ns = now_ns;
	*ret_item = item;
	return fresh;
}

static struct dirty_item *unlink_item(struct dirty *dirty, struct dirty_item *item)
{
	struct lane *lane = lane_of(dirty, item);

	HASH_DEL(dirty->items, item);
	DL_DELETE2(lane->quiet, item, quiet_previous, quiet_next);
	DL_DELETE2(lane->age, item, age_previous, age_next);
	dirty->count--;
	return item;
}

static uint64_t item_due(const struct dirty_item *item, uint64_t force)
{
	uint64_t quiet = item->last_ns + DIRTY_QUIET_NS, age = item->first_ns + DIRTY_MAX_NS;
	uint64_t due = quiet < age ? quiet : age;

	if (item->number <= force)
		return 0;
	return due > item->not_before_ns ? due : item->not_before_ns;
}

/* The first one due of one of the two lists. */
static struct dirty_item *first_due(struct lane *lane, bool by_age, uint64_t force, uint64_t now_ns)
{
	struct dirty_item *item = by_age ? lane->age : lane->quiet;

	for (unsigned passed = 0; item && passed < PASSED_OVER_MAX; passed++) {
		uint64_t when = by_age ? item->first_ns + DIRTY_MAX_NS : item->last_ns + DIRTY_QUIET_NS;

		if (item_due(item, force) <= now_ns)
			return item;
		/* all behind it have their time later; but a barrier may ask for any */
		if (!force && when > now_ns)
			return NULL;
		item = by_age ? item->age_next : item->quiet_next;
	}
	return NULL;
}

struct dirty_item *dirty_take(struct dirty *dirty, bool large, uint64_t force, uint64_t now_ns)
{
	struct lane *lane = &dirty->lanes[large];
	struct dirty_item *item = force ? NULL : first_due(lane, false, force, now_ns);

	if (!item)
		item = first_due(lane, true, force, now_ns);
	return item ? unlink_item(dirty, item) : NULL;
}

static uint64_t list_due(const struct lane *lane, bool by_age, uint64_t force)
{
	const struct dirty_item *item = by_age ? lane->age : lane->quiet;
	uint64_t due = UINT64_MAX;

	for (unsigned passed = 0; item && passed < PASSED_OVER_MAX; passed++) {
		uint64_t when = item_due(item, force);

		due = when < due ? when : due;
		/* those behind it come later, unless it waits for being costly */
		if (item->not_before_ns != when)
			break;
		item = by_age ? item->age_next : item->quiet_next;
	}
	return due;
}

uint64_t dirty_due_ns(const struct dirty *dirty, uint64_t force)
{
	uint64_t due = UINT64_MAX;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t when = list_due(&dirty->lanes[i / 2], i % 2, force);

		due = when < due ? when : due;
	}
	return due;
}

void dirty_costly(struct dirty *dirty, struct bytes path, uint64_t cost_ns, uint64_t now_ns)
{
	struct costly *costly = NULL;
	struct dirty_item *item = NULL;

	if (cost_ns < DIRTY_COSTLY_NS)
		return;
	HASH_FIND(hh, dirty->costly, path.data, (unsigned)path.len, costly);
	if (!costly && HASH_COUNT(dirty->costly) >= COSTLY_MAX) {
		struct costly *oldest = dirty->costly;

		HASH_DEL(dirty->costly, oldest);
		free(oldest);
	}
	if (!costly) {
		costly = calloc(1, sizeof(*costly) + path.len);
		if (!costly)
			return; /* it is only read again sooner */
		memcpy(costly->text, path.data, path.len);
		costly->len = path.len;
		HASH_ADD_KEYPTR(hh, dirty->costly, costly->text, (unsigned)costly->len, costly);
		if (!costly->hh.tbl) {
			free(costly);
			return;
		}
	}
	costly->until_ns = now_ns + COSTLY_FACTOR * cost_ns;
	HASH_FIND(hh, dirty->items, path.data, (unsigned)path.len, item);
	if (item)
		item->not_before_ns = costly->until_ns;
}

size_t dirty_count(const struct dirty *dirty)
{
	return dirty->count;
}

uint64_t dirty_number(const struct dirty *dirty)
{
	return dirty->number;
}

uint64_t dirty_oldest(const struct dirty *dirty)
{
	uint64_t oldest = UINT64_MAX;

	for (size_t i = 0; i < 2; i++) {
		for (const struct dirty_item *item = dirty->lanes[i].age; item; item = item->age_next)
			oldest = item->number < oldest ? item->number : oldest;
	}
	return oldest;
}
