/*
 * verdicts.c - what the judges answer: the drift is kept, and events are written.
 *
 * A batch is gone through twice: first the names that are there, then those that are not, so that a rename is told by the name
 * that came, as one event.
 */
#include <stdlib.h>
#include <sys/inotify.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "daemon/apply.h"
#include "daemon/engine_inner.h"
#include "diff/judge.h"
#include "ops/rotation.h"

enum { ATTEMPTS_MAX = 3 };
/* How long a name that came and went may have been a link to something that changed through it, at most. */
#define DOUBT_NS (UINT64_C(600) * 1000 * 1000 * 1000)

/* ---- handing over ---- */

static int ask_lane(struct engine *engine, bool large, uint64_t now_ns, struct err *err)
{
	struct lane_state *lane = &engine->lanes[large];
	struct dirty_item *items[JUDGE_BATCH_MAX];
	struct judged_batch *batch;
	uint64_t oldest = UINT64_MAX;
	size_t count = 0, most = large ? 1 : JUDGE_BATCH_MAX;

	while (count < most && (items[count] = dirty_take(engine->dirty, large, engine->barrier.force, now_ns))) {
		if (items[count]->number < oldest)
			oldest = items[count]->number;
		count++;
	}
	if (count == 0)
		return 0;
	/* without a baseline there is nothing to judge by: that the names were observed is all that can be said */
	batch = engine->rows ? judged_batch_new(engine->view, large, items, count) : NULL;
	if (!batch) {
		for (size_t i = 0; i < count; i++)
			free(items[i]);
		return engine->rows ? err_nomem(err) : 0;
	}
	lane->batch = batch;
	lane->oldest = oldest;
	lane->doubtful = false;
	lane->since_ns = now_ns;
	judge_ask(lane->judge, batch);
	return 0;
}

int verdicts_ask(struct engine *engine, struct err *err)
{
	uint64_t now_ns = time_monotonic_ns();
	int r = 0;

	for (unsigned large = 0; r >= 0 && large < 2; large++) {
		if (!engine->lanes[large].batch)
			r = ask_lane(engine, large, now_ns, err);
	}
	return r;
}

/* The answer does not stand: the name is as dirty as before. */
static int touch_again(struct engine *engine, const struct judged_name *name, unsigned flags, struct err *err)
{
	const struct dirty_item *item = name->item;
	struct dirty_touch touch = { .path = item->path,
				     .mask = item->mask,
				     .flags = (item->flags & ~(unsigned)DIRTY_LARGE) | flags,
				     .found = item->found,
				     .number = item->number };
	struct dirty_item *again;

	if (dirty_touch(engine->dirty, &touch, time_monotonic_ns(), &again, err) < 0)
		return err->code;
	again->attempts = item->attempts;
	return 0;
}

/* ---- one name ---- */

struct verdict_of {
	const struct judged_name *name;
	const struct entry *row, *believed, *now;
	struct entry_copy *held; /* owner of believed, when the drift has it */
	struct entry_copy *recorded; /* owner of row */
	struct decision decision;
	struct apply_out out;
};

static void verdict_done(struct verdict_of *verdict)
{
	entry_copy_freep(&verdict->held);
	entry_copy_freep(&verdict->recorded);
}

/* The row is copied: the connection's own goes with the next question. */
static int find_row(struct engine *engine, struct bytes path, struct entry_copy **ret_row, struct err *err)
{
	const struct entry *row = NULL;
	int r = baseline_find(engine->rows, path, &row, err);

	return r > 0 ? entry_copy(row, ret_row, err) : r;
}

static int find_believed(struct engine *engine, struct bytes path, struct verdict_of *verdict, struct err *err)
{
	int r = find_row(engine, path, &verdict->recorded, err);

	if (r < 0)
		return r;
	verdict->row = verdict->believed = verdict->recorded ? &verdict->recorded->entry : NULL;
	r = drift_get(engine->setup->drift, path, &verdict->held, err);
	if (r == DRIFT_PRESENT)
		verdict->believed = &verdict->held->entry;
	else if (r == DRIFT_ABSENT)
		verdict->believed = NULL;
	return r < 0 ? r : 0;
}

static int decide(struct engine *engine, struct verdict_of *verdict, struct err *err)
{
	struct bytes path = verdict->name->item->path;
	const struct entry *known = verdict->now ? verdict->now : verdict->believed ? verdict->believed : verdict->row;
	bool is_dir = known ? (known->value & ATTR_BIT(ATTR_TYPE)) && known->type == TYPE_DIR
			    : (verdict->name->item->flags & DIRTY_IS_DIR) != 0;
	int r = policy_walk_decide(engine->walk, path, is_dir, &verdict->decision, err);

	/* it became another type, for which no rule speaks: then that of before (as diff.c does) */
	if (r >= 0 && !verdict->decision.in_scope)
		r = policy_walk_decide(engine->walk, path, !is_dir, &verdict->decision, err);
	return r;
}

static int keep(struct engine *engine, const struct verdict_of *verdict, struct err *err)
{
	struct drift *drift = engine->setup->drift;
	struct bytes path = verdict->name->item->path;

	switch (verdict->out.store) {
	case APPLY_REMOVE:
		return drift_remove(drift, path, err);
	case APPLY_PUT:
		return drift_put(drift, verdict->now, err);
	case APPLY_PUT_ABSENT:
		return drift_put_absent(drift, path, err);
	case APPLY_SAME:
	default:
		return 0;
	}
}

/* ---- the event ---- */

/* The name that this one had before a rename, if what was believed to be there is what is here now. */
static int find_origin(struct engine *engine, const struct verdict_of *verdict, struct verdict_of *ret_from,
		       struct buf *ret_path, struct err *err)
{
	const uint32_t inode = ATTR_BIT(ATTR_INODE);
	int r = renames_origin(engine->renames, verdict->name->item->path, time_monotonic_ns(), ret_path, err);

	if (r <= 0)
		return r;
	r = find_believed(engine, (struct bytes){ ret_path->data, ret_path->len }, ret_from, err);
	if (r < 0)
		return r;
	return ret_from->believed && (ret_from->believed->value & verdict->now->value & inode) &&
	       ret_from->believed->inode == verdict->now->inode && ret_from->believed->type == verdict->now->type;
}

static int tell_move(struct engine *engine, const struct verdict_of *verdict, struct happened *happened, bool *ret_told,
		     struct err *err)
{
	CLEANUP(verdict_done) struct verdict_of from = { .name = NULL };
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	struct entry before;
	int r = find_origin(engine, verdict, &from, &path, err);

	if (r <= 0)
		return r;
	before = *from.believed;
	before.path = (struct bytes){ path.data, path.len };
	happened->kind = "moved";
	happened->change.kind = CHANGE_MOVED;
	happened->change.before = &before;
	happened->change.attributes =
		entry_differs(&before, verdict->now) & verdict->decision.profile->attributes & ~ATTR_BIT(ATTR_CTIME);
	r = events_change(&engine->events, happened, err);
	happened->change.before = NULL;
	*ret_told = true;
	return r < 0 ? r : renames_tell(engine->renames, before.path, time_monotonic_ns(), err);
}

static int hear_nothing(void *context, const struct change *change, struct err *err)
{
	(void)context;
	(void)change;
	(void)err;
	return 0;
}

/* A log that was rotated, with what was recorded of it beside it under another name, is no event: nor is it drift. */
static int is_rotated(const struct verdict_of *verdict, const struct change *change, bool *ret_rotated, struct err *err)
{
	struct rotation rotation = { .next = { .change = hear_nothing }, .quick = true };
	struct diff_sink sink = rotation_sink(&rotation);
	struct change against = *change;
	int r;

	*ret_rotated = false;
	if (verdict->out.event != APPLY_CHANGED || !(verdict->out.log & LOG_REPLACED) || !verdict->row)
		return 0;
	against.before = verdict->row;
	against.attributes = judge_both(verdict->row, verdict->now, verdict->decision.profile,
					&(struct diff_options){ .policy = NULL })
				     .differs;
	r = sink.change(sink.context, &against, err);
	*ret_rotated = rotation.logs > 0;
	return r;
}

static int tell(struct engine *engine, const struct verdict_of *verdict, struct err *err)
{
	static const char *const kinds[] = { NULL, "added", "removed", "changed", "restored" };
	static const enum change_kind changes[] = { CHANGE_CHANGED, CHANGE_ADDED, CHANGE_REMOVED, CHANGE_CHANGED,
						    CHANGE_CHANGED };
	const struct decision *decision = &verdict->decision;
	const struct dirty_item *item = verdict->name->item;
	bool told = false;
	struct happened happened = {
		.kind = kinds[verdict->out.event],
		.change = {
			.kind = changes[verdict->out.event],
			.attributes = verdict->out.attributes,
			.before = verdict->believed,
			.after = verdict->now,
			.severity = decision->severity,
			.rule = decision->rule ? decision->rule->origin : NULL,
			.log = verdict->out.log,
			.path = item->path,
		},
		.found = item->found,
		.baseline = verdict->out.event == APPLY_RESTORED,
	};
	int r;

	if (verdict->out.event == APPLY_NONE)
		return 0;
	r = is_rotated(verdict, &happened.change, &told, err);
	if (r < 0 || told)
		return r;
	if (verdict->out.event == APPLY_ADDED)
		r = tell_move(engine, verdict, &happened, &told, err);
	else if (!verdict->now && renames_told(engine->renames, item->path))
		return 0;
	return r < 0 || told ? r : events_change(&engine->events, &happened, err);
}

/* It came and went before anybody could look. */
static int tell_transient(struct engine *engine, const struct verdict_of *verdict, struct err *err)
{
	const struct dirty_item *item = verdict->name->item;

	if (verdict->now || verdict->believed || !(item->flags & DIRTY_OBSERVED) || !item->mask ||
	    renames_left(engine->renames, item->path, time_monotonic_ns()))
		return 0;
	return events_transient(&engine->events, item->path, item->mask, err);
}

/* It may have been another name of something that is there. */
static void note_unseen(struct engine *engine, const struct dirty_item *item)
{
	engine->unseen = item;
	if (!(item->flags & DIRTY_IS_DIR) && (item->mask & (IN_CREATE | IN_MOVED_TO)) && !engine->doubt_ns)
		engine->doubt_ns = time_monotonic_ns() + DOUBT_NS;
}

static int apply(struct engine *engine, const struct judged_batch *batch, const struct judged_name *name,
		 struct err *err)
{
	const struct diff_options options = { .policy = batch->view->policy,
					      .strangers = batch->view->stand->reference.mount_count == 0 };
	CLEANUP(verdict_done) struct verdict_of verdict = { .name = name };
	struct apply_in in;
	int r;

	verdict.now = name->now ? &name->now->entry : NULL;
	r = find_believed(engine, name->item->path, &verdict, err);
	if (r >= 0)
		r = decide(engine, &verdict, err);
	if (r < 0 || !verdict.decision.in_scope)
		return r;
	in = (struct apply_in){ .row = verdict.row,
				.believed = verdict.believed,
				.now = verdict.now,
				.decision = &verdict.decision,
				.options = &options,
				.children = (name->item->flags & DIRTY_CHILDREN) != 0 };
	verdict.out = apply_judge(&in);
	r = tell(engine, &verdict, err);
	if (r >= 0)
		r = tell_transient(engine, &verdict, err);
	if (r >= 0)
		r = spread_dead(engine, name->item, err);
	if (r >= 0 && verdict.out.moved_on)
		r = spread_judged(engine, name->item, verdict.believed, verdict.now, err);
	else if (r >= 0 && !verdict.now)
		note_unseen(engine, name->item);
	return r < 0 ? r : keep(engine, &verdict, err);
}

/* ---- the batch ---- */

/* Nothing could be seen of it, not even its type: as when its directory was moved away in that moment. */
static bool is_worth_another_look(const struct judged_name *name)
{
	bool nothing = name->state == JUDGED_UNKNOWN ||
		       (name->state == JUDGED_PRESENT && (name->now->entry.failed & ATTR_BIT(ATTR_TYPE)));

	return nothing && name->item->attempts++ < ATTEMPTS_MAX;
}

static int take_name(struct engine *engine, const struct judged_batch *batch, const struct judged_name *name,
		     struct err *err)
{
	if (is_worth_another_look(name))
		return touch_again(engine, name, 0, err);
	dirty_costly(engine->dirty, name->item->path, name->cost_ns, time_monotonic_ns());
	switch (name->state) {
	case JUDGED_LARGE:
		return touch_again(engine, name, DIRTY_LARGE, err);
	case JUDGED_UNKNOWN:
		engine->unknown++;
		return 0;
	case JUDGED_ABSENT:
	case JUDGED_PRESENT:
	default:
		return view_is_blind(engine->view, name->item->path) ? 0 : apply(engine, batch, name, err);
	}
}

/* Nothing was judged: because it was judged by rules that hold no more, or because something failed. */
static int put_back(struct engine *engine, const struct judged_batch *batch, struct err *err)
{
	int r = 0;

	if (batch->err.code < 0 && batch->err.code != ERR_INTERRUPTED) {
		(void)snprintf(engine->trouble, sizeof(engine->trouble), "cannot judge: %.200s", batch->err.message);
		barrier_unjudged(engine);
	}
	for (size_t i = 0; r >= 0 && i < batch->count; i++) {
		/* not at once again: as if it had taken long */
		if (batch->err.code < 0)
			dirty_costly(engine->dirty, batch->names[i].item->path, DIRTY_COSTLY_NS, time_monotonic_ns());
		r = touch_again(engine, &batch->names[i], batch->large ? DIRTY_LARGE : 0, err);
	}
	return r;
}

int verdicts_take(struct engine *engine, struct judged_batch *batch, struct err *err)
{
	uint64_t oldest = engine->lanes[batch->large].oldest;
	int r = 0;

	engine->lanes[batch->large].batch = NULL;
	engine->unseen = NULL;
	if (batch->view != engine->view || batch->err.code < 0)
		return put_back(engine, batch, err);
	for (size_t i = 0; r >= 0 && i < batch->count; i++) {
		if (batch->names[i].state != JUDGED_ABSENT)
			r = take_name(engine, batch, &batch->names[i], err);
	}
	for (size_t i = 0; r >= 0 && i < batch->count; i++) {
		if (batch->names[i].state == JUDGED_ABSENT)
			r = take_name(engine, batch, &batch->names[i], err);
	}
	for (size_t i = 0; r >= 0 && engine->lanes[batch->large].doubtful && i < batch->count; i++) {
		batch->names[i].item->mask = 0; /* its events were told, as a transient too */
		r = touch_again(engine, &batch->names[i], batch->large ? DIRTY_LARGE : 0, err);
	}
	if (r >= 0 && engine->unseen)
		r = spread_unseen(engine, engine->unseen, oldest, err);
	return r < 0 ? r : drift_commit(engine->setup->drift, err);
}
