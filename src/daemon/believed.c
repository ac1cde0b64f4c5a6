/*
 * believed.c - see believed.h.
 *
 * One cursor goes over all rows and all of the drift, merged by path. Where a row was not asked for, the cursor is placed anew, on
 * the next path that may have been: a path asked for ("/a"), the beginning of what is in it ("/a/", which in path order comes after
 * "/a-b"), or, when only names in directories are wanted, what comes behind a name's own contents.
 */
#include "daemon/believed.h"

#include <stdlib.h>

#include "base/cleanup.h"

enum { NAME_BOUND = 4096 }; /* bytes; far more than any file system allows a name */

/* Where something that is wanted may begin. */
struct start {
	struct bytes key; /* "/a", or "/a/" */
	bool inside; /* the latter */
};

struct believed {
	struct tree tree; /* first */
	struct believed_options options;
	struct start *starts; /* sorted */
	size_t start_count;
	unsigned char *text; /* of the starts */

	struct tree *rows;
	struct drift_walk *walk;
	const struct entry *row; /* the next one of each, not taken; NULL: to be fetched */
	struct drift_row held; /* path.len 0: to be fetched */
	bool rows_ended, walk_ended;

	struct buf behind; /* where the cursor is to be placed */
	bool misplaced; /* it is not there yet */
	const struct start *point; /* to be looked up before the cursor goes on */
	struct entry_copy *found;
	struct bytes above; /* the path asked for that covered the last entry; len 0: none */
	bool ended;
};

static const struct bytes *asked(const struct believed *believed, struct bytes path)
{
	size_t low = 0, high = believed->options.path_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = path_compare(believed->options.paths[middle], path);

		if (order == 0)
			return &believed->options.paths[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool is_wanted(struct believed *believed, struct bytes path)
{
	if (!believed->options.paths || asked(believed, path))
		return true;
	switch (believed->options.depth) {
	case SCAN_SELF:
		return false;
	case SCAN_CHILDREN:
		return asked(believed, path_parent(path)) != NULL;
	case SCAN_BELOW:
	default:
		break;
	}
	if (believed->above.len && path_covers(believed->above, path))
		return true;
	while (path.len > 1) {
		const struct bytes *above;

		path = path_parent(path);
		above = asked(believed, path);
		if (above) {
			believed->above = *above;
			return true;
		}
	}
	return false;
}

/* --- placing the cursor --- */

static int place(struct believed *believed, struct bytes behind, struct err *err)
{
	buf_clear(&believed->behind);
	if (buf_add(&believed->behind, behind.data, behind.len) < 0)
		return err_nomem(err);
	believed->misplaced = true;
	return 0;
}

static int place_at(struct believed *believed, const struct start *start, struct err *err)
{
	believed->point = start->inside ? NULL : start;
	return place(believed, start->key, err);
}

/* Behind the name CHILD and all that is in it: no name can begin with that many bytes of 0xff. */
static int place_behind(struct believed *believed, struct bytes child, struct err *err)
{
	unsigned char bound[NAME_BOUND];

	memset(bound, 0xff, sizeof(bound));
	buf_clear(&believed->behind);
	if (buf_add(&believed->behind, child.data, child.len) < 0 || buf_add_byte(&believed->behind, '/') < 0 ||
	    buf_add(&believed->behind, bound, sizeof(bound)) < 0)
		return err_nomem(err);
	believed->misplaced = true;
	return 0;
}

static const struct start *start_behind(const struct believed *believed, struct bytes path)
{
	size_t low = 0, high = believed->start_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (path_compare(believed->starts[middle].key, path) > 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low < believed->start_count ? &believed->starts[low] : NULL;
}

/* The name on the way to PATH in the innermost directory above it that was asked for; len 0: there is none. */
static struct bytes child_above(const struct believed *believed, struct bytes path)
{
	while (path.len > 1) {
		struct bytes parent = path_parent(path);

		if (asked(believed, parent))
			return path;
		path = parent;
	}
	return (struct bytes){ NULL, 0 };
}

/* PATH was not asked for: the cursor goes on where something may be. */
static int skip(struct believed *believed, struct bytes path, struct err *err)
{
	const struct start *start = start_behind(believed, path);
	struct bytes child = { NULL, 0 };

	if (believed->options.depth == SCAN_CHILDREN)
		child = child_above(believed, path);
	if (child.len && !(start && path_covers(child, start->key)))
		return place_behind(believed, child, err);
	if (start)
		return place_at(believed, start, err);
	believed->ended = true;
	return 0;
}

/* --- reading --- */

static void cursor_done(struct believed *believed)
{
	tree_freep(&believed->rows);
	drift_walk_freep(&believed->walk);
	believed->row = NULL;
	believed->held = (struct drift_row){ .present = NULL };
	believed->rows_ended = believed->walk_ended = false;
}

static int cursor_place(struct believed *believed, struct err *err)
{
	const struct bytes everything = bytes_of("/");
	struct bytes behind = { believed->behind.data, believed->behind.len };
	int r;

	cursor_done(believed);
	r = baseline_rows(believed->options.baseline, everything, behind, &believed->rows, err);
	if (r == 0)
		r = drift_walk_new(believed->options.drift, everything, behind, &believed->walk, err);
	if (r == 0)
		believed->misplaced = false;
	return r;
}

static int fetch(struct believed *believed, struct err *err)
{
	int r;

	if (!believed->row && !believed->rows_ended) {
		r = tree_next(believed->rows, &believed->row, err);
		if (r < 0)
			return r;
		believed->rows_ended = r == 0;
		if (r == 0)
			believed->row = NULL;
	}
	if (!believed->held.path.len && !believed->walk_ended) {
		r = drift_walk_next(believed->walk, &believed->held, err);
		if (r < 0)
			return r;
		believed->walk_ended = r == 0;
		if (r == 0)
			believed->held.path.len = 0;
	}
	return 0;
}

/* The next entry of rows and drift: 1, 0 at their end. */
static int cursor_next(struct believed *believed, const struct entry **ret_entry, struct err *err)
{
	for (;;) {
		const struct entry *entry;
		int r = fetch(believed, err), order;

		if (r < 0)
			return r;
		if (!believed->row && !believed->held.path.len)
			return 0;
		if (believed->row && believed->held.path.len)
			order = path_compare(believed->row->path, believed->held.path);
		else
			order = believed->row ? -1 : 1;
		entry = order < 0 ? believed->row : believed->held.present;
		if (order <= 0)
			believed->row = NULL;
		if (order >= 0)
			believed->held.path.len = 0;
		if (!entry)
			continue;
		*ret_entry = entry;
		return 1;
	}
}

static int look_up(struct believed *believed, struct bytes path, const struct entry **ret_entry, struct err *err)
{
	int r;

	entry_copy_freep(&believed->found);
	r = drift_get(believed->options.drift, path, &believed->found, err);
	switch (r) {
	case DRIFT_PRESENT:
		*ret_entry = &believed->found->entry;
		return 1;
	case DRIFT_ABSENT:
		return 0;
	case DRIFT_NOTHING:
		return baseline_find(believed->options.baseline, path, ret_entry, err);
	default:
		return r;
	}
}

static int next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct believed *believed = (struct believed *)(void *)tree;
	const struct entry *entry = NULL;
	int r = 0;

	while (!believed->ended || believed->point) {
		if (believed->point) {
			struct bytes path = believed->point->key;

			believed->point = NULL;
			if (believed->options.depth == SCAN_SELF)
				r = skip(believed, path, err);
			if (r == 0)
				r = look_up(believed, path, &entry, err);
			if (r == 0)
				continue;
			if (r > 0)
				*ret_entry = entry;
			return r;
		}
		r = believed->misplaced ? cursor_place(believed, err) : 0;
		if (r == 0)
			r = cursor_next(believed, &entry, err);
		if (r <= 0)
			return r;
		if (is_wanted(believed, entry->path)) {
			*ret_entry = entry;
			return 1;
		}
		r = skip(believed, entry->path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- beginning and end --- */

static void tree_free(struct tree *tree)
{
	struct believed *believed = (struct believed *)(void *)tree;

	cursor_done(believed);
	entry_copy_freep(&believed->found);
	buf_done(&believed->behind);
	free(believed->starts);
	free(believed->text);
	free(believed);
}

static void believed_freep(struct believed **believed)
{
	if (*believed)
		tree_free(&(*believed)->tree);
	*believed = NULL;
}

static int by_key(const void *a, const void *b)
{
	const struct start *x = a, *y = b;
	int order = path_compare(x->key, y->key);

	return order ? order : x->inside - y->inside;
}

static int make_starts(struct believed *believed, struct err *err)
{
	const struct believed_options *options = &believed->options;
	size_t bytes = 0;
	unsigned char *at;

	for (size_t i = 0; i < options->path_count; i++)
		bytes += options->paths[i].len + 1;
	believed->starts = calloc(2 * options->path_count + 1, sizeof(*believed->starts));
	believed->text = at = malloc(bytes + 1);
	if (!believed->starts || !at)
		return err_nomem(err);
	for (size_t i = 0; i < options->path_count; i++) {
		size_t len = options->paths[i].len;

		memcpy(at, options->paths[i].data, len);
		believed->starts[believed->start_count++] = (struct start){ { at, len }, false };
		if (options->depth != SCAN_SELF && len > 1) {
			at[len] = '/';
			believed->starts[believed->start_count++] = (struct start){ { at, len + 1 }, true };
		}
		at += len + 1;
	}
	qsort(believed->starts, believed->start_count, sizeof(*believed->starts), by_key);
	return 0;
}

int believed_tree(const struct believed_options *options, struct tree **ret_tree, struct err *err)
{
	CLEANUP(believed_freep) struct believed *believed = calloc(1, sizeof(*believed));
	int r;

	if (!believed)
		return err_nomem(err);
	believed->tree = (struct tree){ "baseline", "", ATTR_ALL, next, tree_free };
	believed->options = *options;
	r = make_starts(believed, err);
	if (r == 0 && options->paths && options->after.len == 0)
		r = skip(believed, options->after, err);
	else if (r == 0)
		r = place(believed, options->after, err);
	if (r < 0)
		return r;
	*ret_tree = &STEAL(believed)->tree;
	return 0;
}
