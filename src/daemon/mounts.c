/*
 * mounts.c - mounts that come and go while we watch: each is told, what a mount hides is a gap, and is looked at when it shows again.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "daemon/engine_inner.h"

static int on_mount(void *context, const struct change *change, struct err *err)
{
	struct engine *engine = context;
	struct happened happened = { .kind = change_kind_name(change->kind), .change = *change };

	return events_change(&engine->events, &happened, err);
}

static int on_unexamined(void *context, const struct unexamined *unexamined, struct err *err)
{
	(void)context;
	(void)unexamined;
	(void)err;
	return 0;
}

static int tell_mounts(struct engine *engine, const struct view *now, struct err *err)
{
	const struct view *before = engine->view;
	const struct diff_sink sink = { on_mount, on_unexamined, engine };
	CLEANUP(buf_done) struct buf blind = BUF_INIT;
	struct diff_counts counts = { 0 };

	return diff_mounts(now->policy, before->mounts, before->mount_count, now->mounts, now->mount_count, &sink,
			   &blind, &counts, err);
}

/* Since when a mount hides PATH; now for one that begins to. */
static struct timestamp hidden_since(const struct engine *engine, struct bytes path)
{
	size_t count;
	const struct bytes *blind = view_blind(engine->view, &count);

	for (size_t i = 0; engine->hidden_since && i < count; i++) {
		if (bytes_equal(blind[i], path))
			return engine->hidden_since[i];
	}
	return time_now();
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
	return r < 0 ? r : look_below(engine, &before, err);
}

int mounts_renew(struct engine *engine, struct err *err)
{
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
	r = tell_mounts(engine, view, err);
	if (r < 0) {
		view_unrefp(&view);
		return r;
	}
	r = mounts_change(engine, view, err);
	return r < 0 ? r : status_coverage(engine, err);
}
