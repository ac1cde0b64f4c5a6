/*
 * names.c - what the watch tells: names become dirty, and the first event of a clean name is observed before it is looked at.
 *
 * Nothing is judged here. Names outside the scope, and below mounts that are not as recorded, are passed over.
 */
#include <sys/inotify.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "daemon/engine_inner.h"

#define CAME_OR_WENT (uint32_t)(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)

/* A name that was a directory and is none any more is still of the scope that the directory had. */
static int decide(struct engine *engine, struct bytes path, bool is_dir, struct decision *ret_decision, struct err *err)
{
	int r = policy_walk_decide(engine->walk, path, is_dir, ret_decision, err);

	if (r >= 0 && !ret_decision->in_scope)
		r = policy_walk_decide(engine->walk, path, !is_dir, ret_decision, err);
	return r;
}

static bool expects_change(const struct decision *decision)
{
	return decision->profile->kind != PROFILE_PLAIN || decision->profile->attributes == 0;
}

int names_touch(struct engine *engine, const struct dirty_touch *touch, struct err *err)
{
	struct dirty_item *item = NULL;
	struct decision decision;
	int r;

	r = decide(engine, touch->path, touch->flags & DIRTY_IS_DIR, &decision, err);
	if (r < 0 || !decision.in_scope)
		return r < 0 ? r : 0;
	/* an event may be older than the mount: it is observed, though it can't be judged */
	if (touch->found != FOUND_EVENT && view_is_blind(engine->view, touch->path))
		return 0;
	r = dirty_touch(engine->dirty, touch, time_monotonic_ns(), &item, err);
	if (r < 0)
		return r;
	/* its own event, not merely that of a name in it, and not for the first time */
	if (touch->found != FOUND_EVENT || touch->mask == 0 || (touch->flags & DIRTY_CHILDREN) ||
	    (item->flags & DIRTY_OBSERVED) || expects_change(&decision))
		return 0;
	item->flags |= DIRTY_OBSERVED;
	return events_observed(&engine->events, touch->path, touch->mask, err);
}

/* ---- what the watch tells ---- */

/* The directory of a name that came or went is told right after the name. */
static bool is_folder_of_last(struct engine *engine, struct bytes path, uint32_t mask)
{
	struct bytes last = { engine->last_name.data, engine->last_name.len };
	bool is =
		last.len && mask == engine->last_mask && (mask & CAME_OR_WENT) && bytes_equal(path_parent(last), path);

	buf_clear(&engine->last_name);
	return is;
}

static int on_dirty(void *context, struct bytes path, uint32_t mask, bool is_dir, struct err *err)
{
	struct engine *engine = context;
	struct dirty_touch touch = { .path = path, .mask = mask, .flags = is_dir ? DIRTY_IS_DIR : 0 };

	if (is_dir && is_folder_of_last(engine, path, mask)) {
		touch.flags |= DIRTY_CHILDREN;
		touch.mask = 0;
	} else {
		buf_clear(&engine->last_name);
		engine->last_mask = mask;
		if (buf_add(&engine->last_name, path.data, path.len) < 0)
			return err_nomem(err);
	}
	return names_touch(engine, &touch, err);
}

static int on_renamed(void *context, struct bytes from, struct bytes to, bool is_dir, struct err *err)
{
	struct engine *engine = context;

	return renames_add(engine->renames, from, to, is_dir, time_monotonic_ns(), err);
}

static int touch_known(struct engine *engine, struct bytes path, const struct entry *entry, enum found found,
		       struct err *err)
{
	bool is_dir = entry && (entry->value & ATTR_BIT(ATTR_TYPE)) && entry->type == TYPE_DIR;
	struct dirty_touch touch = { .path = path, .flags = is_dir ? DIRTY_IS_DIR : 0, .found = found };

	return names_touch(engine, &touch, err);
}

static int rows_gone(struct engine *engine, struct bytes path, enum found found, struct err *err)
{
	CLEANUP(tree_freep) struct tree *rows = NULL;
	const struct entry *entry;
	int r;

	r = baseline_rows(engine->rows, path, (struct bytes){ NULL, 0 }, &rows, err);
	while (r >= 0 && (r = tree_next(rows, &entry, err)) > 0)
		r = touch_known(engine, entry->path, entry, found, err);
	return r;
}

/* Names that are being judged may have been seen before they went. */
static int judged_gone(struct engine *engine, struct bytes path, enum found found, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < 2; i++) {
		const struct judged_batch *batch = engine->lanes[i].batch;

		for (size_t k = 0; r >= 0 && batch && k < batch->count; k++) {
			const struct dirty_item *item = batch->names[k].item;

			if (path_covers(path, item->path))
				r = touch_known(engine, item->path, NULL, found, err);
		}
	}
	return r;
}

int names_gone(struct engine *engine, struct bytes path, enum found found, struct err *err)
{
	CLEANUP(drift_walk_freep) struct drift_walk *walk = NULL;
	struct drift_row row;
	int r;

	if (!engine->rows)
		return 0;
	r = rows_gone(engine, path, found, err);
	if (r >= 0)
		r = judged_gone(engine, path, found, err);
	if (r >= 0)
		r = drift_walk_new(engine->setup->drift, path, (struct bytes){ NULL, 0 }, &walk, err);
	while (r >= 0 && (r = drift_walk_next(walk, &row, err)) > 0)
		r = touch_known(engine, row.path, row.present, found, err);
	return r;
}

static int on_gone(void *context, struct bytes path, struct err *err)
{
	return names_gone(context, path, FOUND_EVENT, err);
}

static int on_look(void *context, struct bytes path, bool below, struct err *err)
{
	return looks_add(context, path, below, err);
}

static int on_lost(void *context, const struct watch_loss *loss, struct err *err)
{
	struct engine *engine = context;
	CLEANUP(buf_done) struct buf reason = BUF_INIT;

	(void)buf_printf(&reason, "%s (folders that %s)", loss->reason,
			 loss->class == WATCH_ROOT ? "only root can write to" : "others than root can write to");
	if (!buf_str(&reason))
		return err_nomem(err);
	return gap_tell(engine, &(struct gap){ loss->from, loss->to, (char *)reason.data, bytes_of("/") }, err);
}

static int on_marked(void *context, uint64_t number, struct err *err)
{
	(void)err;
	barrier_marked(context, number);
	return 0;
}

struct watch_sink names_sink(struct engine *engine)
{
	return (struct watch_sink){
		.dirty = on_dirty,
		.renamed = on_renamed,
		.gone = on_gone,
		.look = on_look,
		.lost = on_lost,
		.marked = on_marked,
		.context = engine,
	};
}
