/*
 * overlay.c - see overlay.h.
 *
 * Two streams in path order are merged: what the drift holds, and the rows with something failed. The second costs a walk over
 * all rows, and only where the statement says that there are such rows.
 */
#include "daemon/overlay.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "diff/judge.h"

enum { STEPS_BETWEEN_LOOKS = 256 };

struct overlay {
	struct pairs pairs; /* first */
	struct overlay_options options;
	struct drift_walk *walk;
	struct drift_row held; /* the walk's next */
	bool has_held, held_given;
	struct tree *rows; /* NULL: no row has anything failed */
	const struct entry *failed; /* the rows' next */
	bool failed_given;
	struct buf tops; /* struct bytes[], owned: directories that nobody can look into now */
	uint64_t given; /* rows that made a pair, outside of what is hidden */
	uint64_t steps;
};

static struct overlay *overlay_of(struct pairs *pairs)
{
	return (struct overlay *)(void *)pairs;
}

static size_t top_count(const struct overlay *overlay)
{
	return overlay->tops.len / sizeof(struct bytes);
}

static const struct bytes *tops(const struct overlay *overlay)
{
	return (const struct bytes *)(const void *)overlay->tops.data;
}

static void overlay_free(struct pairs *pairs)
{
	struct overlay *overlay = overlay_of(pairs);

	for (size_t i = 0; i < top_count(overlay); i++)
		freep((void *)(uintptr_t)&tops(overlay)[i].data);
	buf_done(&overlay->tops);
	tree_freep(&overlay->rows);
	drift_walk_freep(&overlay->walk);
	free(overlay);
}

static bool covered(const struct bytes *list, size_t count, struct bytes path)
{
	for (size_t i = 0; i < count; i++) {
		if (path_covers(list[i], path))
			return true;
	}
	return false;
}

static bool is_asked(const struct overlay *overlay, struct bytes path)
{
	return overlay->options.paths->count == 0 || path_list_covers(overlay->options.paths, path);
}

static int look_up(struct overlay *overlay, struct err *err)
{
	if (++overlay->steps % STEPS_BETWEEN_LOOKS == 0 && atomic_load(overlay->options.interrupted))
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	return 0;
}

/* ---- the two streams ---- */

static int next_held(struct overlay *overlay, struct err *err)
{
	int r;

	do {
		r = look_up(overlay, err);
		if (r >= 0)
			r = drift_walk_next(overlay->walk, &overlay->held, err);
	} while (r > 0 && !is_asked(overlay, overlay->held.path));
	overlay->has_held = r > 0;
	return r;
}

static int next_failed(struct overlay *overlay, struct err *err)
{
	int r = 0;

	while (overlay->rows) {
		r = look_up(overlay, err);
		if (r >= 0)
			r = tree_next(overlay->rows, &overlay->failed, err);
		if (r <= 0)
			tree_freep(&overlay->rows);
		else if (overlay->failed->failed && is_asked(overlay, overlay->failed->path))
			return 1;
	}
	overlay->failed = NULL;
	return r;
}

/* ---- pairs ---- */

static bool hides_what_is_below(const struct entry *entry)
{
	return (entry->failed & ATTR_BIT(ATTR_TYPE)) ||
	       (judge_is(entry, TYPE_DIR) && (entry->failed & ATTR_BIT(ATTR_CONTENT)));
}

/* Keeps count of what the pair says about the rows that make none. */
static int account(struct overlay *overlay, const struct pair *pair, struct err *err)
{
	struct bytes path = pair->b ? pair->b->path : pair->a->path;
	struct bytes top = { .len = path.len };
	unsigned char *copy;

	if (covered(overlay->options.blind, overlay->options.blind_count, path) ||
	    covered(tops(overlay), top_count(overlay), path))
		return 0;
	overlay->given += pair->a != NULL;
	if (!pair->b || !hides_what_is_below(pair->b))
		return 0;
	copy = malloc(path.len);
	if (!copy)
		return err_nomem(err);
	memcpy(copy, path.data, path.len);
	top.data = copy;
	if (buf_add(&overlay->tops, &top, sizeof(top)) < 0) {
		free(copy);
		return err_nomem(err);
	}
	return 0;
}

static int advance(struct overlay *overlay, struct err *err)
{
	int r = 0;

	if (overlay->held_given)
		r = next_held(overlay, err);
	if (r >= 0 && overlay->failed_given)
		r = next_failed(overlay, err);
	if (r < 0)
		return r;
	overlay->held_given = overlay->failed_given = false;
	return 0;
}

/* The lesser of the two; of one path what the drift holds. */
static int choose(struct overlay *overlay, struct pair *ret_pair, struct err *err)
{
	int order = -1, r;

	if (!overlay->has_held && !overlay->failed)
		return 0;
	if (overlay->failed)
		order = overlay->has_held ? path_compare(overlay->held.path, overlay->failed->path) : 1;
	overlay->held_given = order <= 0;
	overlay->failed_given = order >= 0;
	*ret_pair = (struct pair){ overlay->failed, overlay->failed };
	if (order > 0)
		return 1;
	*ret_pair = (struct pair){ NULL, overlay->held.present };
	r = baseline_find(overlay->options.baseline, overlay->held.path, &ret_pair->a, err);
	return r < 0 ? r : 1;
}

static int overlay_next(struct pairs *pairs, struct pair *ret_pair, struct err *err)
{
	struct overlay *overlay = overlay_of(pairs);
	struct pair pair;
	int r;

	do {
		r = advance(overlay, err);
		if (r >= 0)
			r = choose(overlay, &pair, err);
		/* gone, and not recorded either: left over from an earlier generation */
	} while (r > 0 && !pair.a && !pair.b);
	if (r > 0 && account(overlay, &pair, err) < 0)
		return err->code;
	if (r > 0)
		*ret_pair = pair;
	return r;
}

int overlay_new(const struct overlay_options *options, struct pairs **ret_pairs, struct err *err)
{
	const struct bytes everything = { (const unsigned char *)"/", 1 }, beginning = { NULL, 0 };
	struct overlay *overlay = calloc(1, sizeof(*overlay));
	CLEANUP(pairs_freep) struct pairs *pairs = NULL;
	int r;

	if (!overlay)
		return err_nomem(err);
	overlay->pairs = (struct pairs){ .next = overlay_next, .free = overlay_free };
	pairs = &overlay->pairs;
	overlay->options = *options;
	overlay->held_given = overlay->failed_given = true;
	r = drift_walk_new(options->drift, everything, beginning, &overlay->walk, err);
	if (r >= 0 && baseline_statement(options->baseline, 0)->unexamined)
		r = baseline_rows(options->baseline, everything, beginning, &overlay->rows, err);
	if (r < 0)
		return r;
	*ret_pairs = STEAL(pairs);
	return 0;
}

/* ---- the rest ---- */

/* Rows at or below WITHIN; without WITHIN itself when only what is BELOW counts. */
static int count_rows(struct overlay *overlay, struct bytes within, bool below, uint64_t *ret_count, struct err *err)
{
	CLEANUP(tree_freep) struct tree *rows = NULL;
	const struct entry *row;
	uint64_t count = 0;
	int r;

	if (within.len == 1 && !below) {
		*ret_count = baseline_statement(overlay->options.baseline, 0)->entries;
		return 0;
	}
	r = baseline_rows(overlay->options.baseline, within, (struct bytes){ NULL, 0 }, &rows, err);
	while (r >= 0 && (r = tree_next(rows, &row, err)) > 0) {
		count += !below || row->path.len != within.len;
		r = look_up(overlay, err);
	}
	*ret_count = count;
	return r;
}

/* Rows of what was asked for, at or below PLACE. */
static int count_asked(struct overlay *overlay, struct bytes place, uint64_t *ret_count, struct err *err)
{
	const struct path_list *paths = overlay->options.paths;
	uint64_t count;
	int r = 0;

	*ret_count = 0;
	if (is_asked(overlay, place))
		return count_rows(overlay, place, false, ret_count, err);
	for (size_t i = 0; r >= 0 && i < paths->count; i++) {
		if (!path_covers(place, paths->paths[i]))
			continue;
		r = count_rows(overlay, paths->paths[i], false, &count, err);
		*ret_count += r < 0 ? 0 : count;
	}
	return r;
}

int overlay_rest(struct pairs *pairs, uint64_t *ret_rows, struct err *err)
{
	struct overlay *overlay = overlay_of(pairs);
	const struct bytes *blind = overlay->options.blind;
	uint64_t rows, hidden = overlay->given, count;
	int r;

	r = count_asked(overlay, (struct bytes){ (const unsigned char *)"/", 1 }, &rows, err);
	for (size_t i = 0; r >= 0 && i < overlay->options.blind_count; i++) {
		if (covered(blind, i, blind[i]))
			continue;
		r = count_asked(overlay, blind[i], &count, err);
		hidden += r < 0 ? 0 : count;
	}
	for (size_t i = 0; r >= 0 && i < top_count(overlay); i++) {
		r = count_rows(overlay, tops(overlay)[i], true, &count, err);
		hidden += r < 0 ? 0 : count;
	}
	if (r < 0)
		return r;
	*ret_rows = rows > hidden ? rows - hidden : 0;
	return 0;
}
