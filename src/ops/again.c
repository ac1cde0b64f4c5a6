/*
 * again.c - see again.h.
 *
 * The kernel holds back metadata for a journal's commit interval (5 s by default) and contents for half a minute, so the looks
 * reach past both. Names that one side lacks and files that differ are two questions: the first is asked by listing everything without
 * reading contents, the second of the files themselves.
 */
#include "ops/again.h"

#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "ops/suspects.h"

/* Seconds before each further look: 46 in all. */
static const unsigned pauses_s[] = { 2, 4, 8, 14, 18 };

/* More paths than these are not in flight. */
enum { AGAIN_MAX = 20000 };

struct again {
	struct looks *looks;
	const struct path_list *whole; /* what the comparison is of */
	const char *tmp;
	struct suspects *names; /* that one side lacks */
	struct suspects *files; /* that differ */
	struct comparison *latest; /* of the files; NULL before the second look */
	bool last; /* of the looks */
};

static void again_done(struct again *again)
{
	suspects_freep(&again->names);
	suspects_freep(&again->files);
	comparison_freep(&again->latest);
}

static const struct entry *of_device(const struct looks *looks, const struct change *change)
{
	return looks->b->subject.kind == SUBJECT_IMAGE ? change->after : change->before;
}

static char device_side(const struct looks *looks)
{
	return looks->b->subject.kind == SUBJECT_IMAGE ? 'b' : 'a';
}

static int pause_for(unsigned seconds, const struct talk *talk, struct err *err)
{
	const struct timespec moment = { .tv_nsec = 100 * 1000 * 1000 };

	for (unsigned i = 0; i < seconds * 10; i++) {
		if (talk && talk->interrupted && atomic_load(talk->interrupted))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		(void)nanosleep(&moment, NULL);
	}
	return 0;
}

/* What the first look found. */
static int begin(struct again *again, struct comparison *first, struct err *err)
{
	struct change change;
	int r = suspects_new(&again->names, err);

	if (r >= 0)
		r = suspects_new(&again->files, err);
	if (r >= 0)
		r = changes_rewind(first->changes, err);
	while (r >= 0 && (r = changes_next(first->changes, &change, err)) > 0) {
		if (change.kind == CHANGE_CHANGED)
			r = suspects_add(again->files, change.path, of_device(again->looks, &change), err);
		else
			r = suspects_add(again->names, change.path, NULL, err);
		if (r >= 0 && change.kind == CHANGE_MOVED)
			r = suspects_add(again->names, change.before->path, NULL, err);
	}
	suspects_sort(again->names);
	suspects_sort(again->files);
	return r;
}

/* ---- names: the folders listed again ---- */

struct naming {
	struct suspects *before;
	struct suspects *still;
};

static int on_name(void *context, const struct change *change, struct err *err)
{
	struct naming *naming = context;

	if (change->kind == CHANGE_CHANGED || !suspects_find(naming->before, change->path))
		return 0;
	return suspects_add(naming->still, change->path, NULL, err);
}

/* What could not be listed any more is as suspect as before. */
static int on_unlisted(void *context, const struct unexamined *unexamined, struct err *err)
{
	struct naming *naming = context;

	return suspects_keep_below(naming->before, unexamined->path, naming->still, err);
}

static int look_at_names(struct again *again, struct err *err)
{
	CLEANUP(comparison_freep) struct comparison *unused = NULL;
	CLEANUP(suspects_freep) struct suspects *still = NULL;
	struct naming naming = { .before = again->names };
	int r;

	if (suspects_count(again->names) == 0)
		return 0;
	r = suspects_new(&still, err);
	if (r >= 0)
		r = comparison_new(again->tmp, &unused, err);
	if (r < 0)
		return r;
	naming.still = still;
	again->looks->metadata_only = true;
	again->looks->sink = (struct diff_sink){ on_name, on_unlisted, &naming };
	r = look_once(again->looks, again->whole, unused, err);
	again->looks->metadata_only = false;
	if (r < 0)
		return r;
	suspects_sort(still);
	/* what both sides have now was not compared yet: it may be there in another form */
	r = suspects_add_missing(again->names, still, again->files, err);
	if (r < 0)
		return r;
	suspects_sort(again->files);
	suspects_freep(&again->names);
	again->names = STEAL(still);
	return 0;
}

/* ---- files: compared again ---- */

static int on_file(void *context, const struct change *change, struct err *err)
{
	struct again *again = context;
	const struct diff_sink next = changes_sink(again->latest->changes);
	const struct unexamined busy = {
		.side = device_side(again->looks),
		.path = change->path,
		.reason = bytes_of("written to between all looks: what is in flight cannot be told from a change"),
	};
	const struct suspect *before = suspects_find(again->files, change->path);
	bool moved = false;
	int r = 0;

	if (again->last && change->kind == CHANGE_CHANGED && before)
		r = suspect_differs(before, of_device(again->looks, change), &moved, err);
	if (r < 0)
		return r;
	if (!moved)
		return next.change(next.context, change, err);
	again->latest->summary.counts.changed--;
	again->latest->summary.counts.unexamined++;
	return next.unexamined(next.context, &busy, err);
}

static int on_unexamined(void *context, const struct unexamined *unexamined, struct err *err)
{
	struct again *again = context;
	const struct diff_sink next = changes_sink(again->latest->changes);

	return next.unexamined(next.context, unexamined, err);
}

static int still_differing(struct again *again, struct err *err)
{
	CLEANUP(suspects_freep) struct suspects *still = NULL;
	struct change change;
	int r = suspects_new(&still, err);

	if (r >= 0)
		r = changes_rewind(again->latest->changes, err);
	while (r >= 0 && (r = changes_next(again->latest->changes, &change, err)) > 0)
		r = suspects_add(still, change.path, of_device(again->looks, &change), err);
	if (r < 0)
		return r;
	suspects_sort(still);
	suspects_freep(&again->files);
	again->files = STEAL(still);
	return 0;
}

static int look_at_files(struct again *again, struct err *err)
{
	CLEANUP(path_list_done) struct path_list paths = PATH_LIST_INIT;
	int r;

	if (suspects_count(again->files) == 0)
		return 0;
	comparison_freep(&again->latest);
	r = comparison_new(again->tmp, &again->latest, err);
	if (r >= 0)
		r = suspects_paths(again->files, &paths, err);
	if (r < 0)
		return r;
	again->looks->sink = (struct diff_sink){ on_file, on_unexamined, again };
	r = look_once(again->looks, &paths, again->latest, err);
	side_end(again->looks->a);
	side_end(again->looks->b);
	if (r >= 0)
		r = changes_sort(again->latest->changes, err);
	return r < 0 ? r : still_differing(again, err);
}

static int look_again(struct again *again, struct err *err)
{
	int r = look_at_names(again, err);

	side_end(again->looks->a);
	side_end(again->looks->b);
	if (r >= 0)
		r = look_at_files(again, err);
	again->looks->sink = (struct diff_sink){ .change = NULL };
	return r;
}

/* ---- what is left of it ---- */

static int put(struct comparison *to, const struct change *change, struct err *err)
{
	const struct diff_sink sink = changes_sink(to->changes);
	struct diff_counts *counts = &to->summary.counts;

	counts->added += change->kind == CHANGE_ADDED;
	counts->removed += change->kind == CHANGE_REMOVED;
	counts->changed += change->kind == CHANGE_CHANGED;
	return sink.change(sink.context, change, err);
}

/* A name of the first look that is still on one side only; a move comes apart, and together again where both its ends are. */
static int put_name(const struct again *again, const struct change *change, struct comparison *to, struct err *err)
{
	struct change one = *change;
	int r = 0;

	if (change->kind != CHANGE_MOVED)
		return suspects_find(again->names, change->path) ? put(to, change, err) : 0;
	one.attributes = 0;
	if (suspects_find(again->names, change->before->path)) {
		one = (struct change){ .kind = CHANGE_REMOVED,
				       .before = change->before,
				       .severity = change->severity,
				       .rule = change->rule,
				       .path = change->before->path };
		r = put(to, &one, err);
	}
	if (r >= 0 && suspects_find(again->names, change->path)) {
		one = (struct change){ .kind = CHANGE_ADDED,
				       .after = change->after,
				       .severity = change->severity,
				       .rule = change->rule,
				       .path = change->path };
		r = put(to, &one, err);
	}
	return r;
}

static int put_unexamined(struct comparison *from, struct comparison *to, struct err *err)
{
	const struct diff_sink sink = changes_sink(to->changes);
	struct unexamined unexamined;
	int r = changes_rewind(from->changes, err);

	while (r >= 0 && (r = unexamined_next(from->changes, &unexamined, err)) > 0) {
		to->summary.counts.unexamined++;
		r = sink.unexamined(sink.context, &unexamined, err);
	}
	return r;
}

static int put_all(const struct again *again, struct comparison *first, struct comparison *to, struct err *err)
{
	struct change change;
	int r = changes_rewind(first->changes, err);

	while (r >= 0 && (r = changes_next(first->changes, &change, err)) > 0) {
		if (change.kind != CHANGE_CHANGED)
			r = put_name(again, &change, to, err);
	}
	if (r >= 0)
		r = put_unexamined(first, to, err);
	if (r < 0 || !again->latest)
		return r;
	r = changes_rewind(again->latest->changes, err);
	while (r >= 0 && (r = changes_next(again->latest->changes, &change, err)) > 0)
		r = put(to, &change, err);
	return r < 0 ? r : put_unexamined(again->latest, to, err);
}

/* The figures of the first look, the changes that are left. */
static int conclude(const struct again *again, struct comparison **comparison, struct err *err)
{
	CLEANUP(comparison_freep) struct comparison *left = NULL;
	struct comparison *first = *comparison;
	struct texts *texts;
	int r = comparison_new(again->tmp, &left, err);

	if (r < 0)
		return r;
	left->summary = first->summary;
	left->summary.counts.added = left->summary.counts.removed = left->summary.counts.changed = 0;
	left->summary.counts.moved = left->summary.counts.unexamined = 0;
	r = put_all(again, first, left, err);
	if (r >= 0)
		r = changes_finish(left->changes, &left->summary.counts, &left->summary.moves_limited, err);
	if (r < 0)
		return r;
	/* the summary's strings go with their owner */
	texts = left->texts;
	left->texts = first->texts;
	first->texts = texts;
	*comparison = STEAL(left);
	comparison_freep(&first);
	return 0;
}

static uint64_t differing(const struct comparison *comparison)
{
	const struct diff_counts *counts = &comparison->summary.counts;

	return counts->added + counts->removed + counts->changed + counts->moved;
}

int again_look(struct looks *looks, const struct path_list *paths, const char *tmp, struct comparison **comparison,
	       struct err *err)
{
	CLEANUP(again_done) struct again again = { .looks = looks, .whole = paths, .tmp = tmp };
	uint64_t first = differing(*comparison);
	int r;

	if (first == 0)
		return 0;
	if (first > AGAIN_MAX)
		return comparison_note(*comparison, err, "more than %d differences: none of them was looked at again",
				       AGAIN_MAX);
	r = begin(&again, *comparison, err);
	for (size_t i = 0;
	     r >= 0 && i < ARRAY_SIZE(pauses_s) && suspects_count(again.names) + suspects_count(again.files); i++) {
		again.last = i + 1 == ARRAY_SIZE(pauses_s);
		r = pause_for(pauses_s[i], looks->talk, err);
		if (r >= 0)
			r = look_again(&again, err);
	}
	if (r >= 0)
		r = conclude(&again, comparison, err);
	if (r >= 0 && differing(*comparison) < first)
		r = comparison_note(
			*comparison, err,
			"%llu of %llu differences were in flight: gone, or still being written, when looked at again",
			(unsigned long long)(first - differing(*comparison)), (unsigned long long)first);
	return r;
}
