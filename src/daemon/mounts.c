/*
 * mounts.c - mounts that come and go while we watch: each is told, what a mount hides is a gap, and is looked at when it shows again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/engine_inner.h"

/* Where something was mounted or unmounted. */
struct changed {
	struct engine *engine;
	char **points;
	size_t count;
};

static void changed_done(struct changed *changed)
{
	for (size_t i = 0; i < changed->count; i++)
		free(changed->points[i]);
	free(changed->points);
}

static int on_mount(void *context, const struct change *change, struct err *err)
{
	struct changed *changed = context;
	struct happened happened = { .kind = change_kind_name(change->kind), .change = *change };
	char **grown = realloc(changed->points, (changed->count + 1) * sizeof(*grown));

	if (!grown)
		return err_nomem(err);
	changed->points = grown;
	grown[changed->count] = strndup((const char *)change->path.data, change->path.len);
	if (!grown[changed->count++])
		return err_nomem(err);
	return events_change(&changed->engine->events, &happened, err);
}

static int on_unexamined(void *context, const struct unexamined *unexamined, struct err *err)
{
	(void)context;
	(void)unexamined;
	(void)err;
	return 0;
}

static int tell_mounts(struct engine *engine, const struct view *now, struct changed *changed, struct err *err)
{
	const struct view *before = engine->view;
	const struct diff_sink sink = { on_mount, on_unexamined, changed };
	CLEANUP(buf_done) struct buf blind = BUF_INIT;
	struct diff_counts counts = { 0 };

	return diff_mounts(now->policy, before->mounts, before->mount_count, now->mounts, now->mount_count, &sink,
			   &blind, &counts, err);
}

/* Since when a mount hides PATH; since the table was last known to be the old one, for one that begins to. */
static struct timestamp hidden_since(const struct engine *engine, struct bytes path)
{
	size_t count;
	const struct bytes *blind = view_blind(engine->view, &count);

	for (size_t i = 0; engine->hidden_since && i < count; i++) {
		if (bytes_equal(blind[i], path))
			return engine->hidden_since[i];
	}
	return engine->table_known.sec ? engine->table_known : time_now();
}

/* The times that go with the blind points of NOW. */
static int keep_times(struct engine *engine, const struct view *now, struct timestamp **ret_times, struct err *err)
{
	size_t count;
	const struct bytes *blind = view_blind(now, &count);
	struct timestamp *times = calloc(count + 1, sizeof(*times));

	if (!times)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++)
		times[i] = hidden_since(engine, blind[i]);
	*ret_times = times;
	return 0;
}

/* What mounts hid, and since when. */
struct hidden {
	struct view *view; /* a reference */
	struct timestamp *since;
};

static void hidden_done(struct hidden *hidden)
{
	if (hidden->view)
		view_unrefp(&hidden->view);
	free(hidden->since);
}

/*
 * What lay below a mount that is as recorded again may be anything, and what came and went there nobody knows. The watches are
 * there again by now: the gap ends with them.
 */
static int look_below(struct engine *engine, const struct hidden *before, struct err *err)
{
	struct gap gap = { .to = time_now(), .reason = "a mount that is not as recorded hid it" };
	size_t count;
	const struct bytes *blind = view_blind(before->view, &count);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		if (view_is_blind(engine->view, blind[i]))
			continue;
		gap.from = before->since[i];
		gap.subtree = blind[i];
		r = gap_tell(engine, &gap, err);
		if (r >= 0)
			r = looks_add(engine, blind[i], true, err);
	}
	return r;
}

int mounts_begin(struct engine *engine, struct err *err)
{
	return keep_times(engine, engine->view, &engine->hidden_since, err);
}

int mounts_change(struct engine *engine, struct view *view, struct err *err)
{
	CLEANUP(hidden_done) struct hidden before = { .since = NULL };
	struct timestamp *times = NULL;
	int r = keep_times(engine, view, &times, err);

	if (r < 0) {
		view_unrefp(&view);
		return r;
	}
	before = (struct hidden){ view_ref(engine->view), engine->hidden_since };
	engine->hidden_since = times;
	r = renew_use(engine, view, err);
	if (engine->view != view) { /* refused: all is as it was */
		engine->hidden_since = before.since;
		before.since = times;
		view_unrefp(&view);
	}
	return r < 0 ? r : look_below(engine, &before, err);
}

/* What came and went on a file system before it was watched, or while the other one lay there. */
static int tell_gaps(struct engine *engine, const struct changed *changed, struct timestamp from, struct err *err)
{
	struct gap gap = { .from = from, .to = time_now(), .reason = "another file system was mounted here" };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < changed->count; i++) {
		gap.subtree = bytes_of(changed->points[i]);
		r = gap_tell(engine, &gap, err);
		if (r >= 0)
			r = looks_add(engine, gap.subtree, true, err);
	}
	return r;
}

/* What is or was hidden has a gap of its own, from beginning to end. */
static void leave_hidden(struct changed *changed, const struct view *before, const struct view *now)
{
	size_t kept = 0;

	for (size_t i = 0; i < changed->count; i++) {
		struct bytes point = bytes_of(changed->points[i]);

		if (view_is_blind(before, point) || view_is_blind(now, point))
			free(changed->points[i]);
		else
			changed->points[kept++] = changed->points[i];
	}
	changed->count = kept;
}

int mounts_renew(struct engine *engine, struct err *err)
{
	CLEANUP(changed_done) struct changed changed = { .engine = engine };
	struct timestamp known = hidden_since(engine, (struct bytes){ NULL, 0 });
	struct view *view = NULL;
	struct stand *stand = engine->view->stand;
	int r = renew_view(engine, stand ? stand_ref(stand) : NULL, &view, err);

	engine->mounts_ns = 0;
	if (r < 0)
		return r;
	if (view_same_mounts(engine->view, view)) {
		view_unrefp(&view);
		return 0;
	}
	r = tell_mounts(engine, view, &changed, err);
	if (r < 0) {
		view_unrefp(&view);
		return r;
	}
	leave_hidden(&changed, engine->view, view);
	r = mounts_change(engine, view, err);
	if (r >= 0)
		r = tell_gaps(engine, &changed, known, err);
	return r < 0 ? r : status_coverage(engine, err);
}
