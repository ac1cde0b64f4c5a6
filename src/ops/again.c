/*
 * again.c - see again.h.
 *
 * The kernel holds back metadata for a journal's commit interval (5 s by default) and contents for half a minute, so the looks
 * reach past both.
 */
#include "ops/again.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "crypto/hash.h"

/* Seconds before each further look: 46 in all. */
static const unsigned pauses_s[] = { 2, 4, 8, 14, 18 };

/* More paths than these are not in flight. */
enum { AGAIN_MAX = 100000 };

/* A path that differed, and what the device had there. */
struct suspect {
	struct bytes path;
	unsigned char hash[HASH_BYTES];
};

struct round {
	struct texts *texts; /* owner of the paths */
	struct buf suspects; /* struct suspect[], sorted */
	struct path_list paths; /* of them: what to look at next */
};

static void round_done(struct round *round)
{
	buf_done(&round->suspects);
	path_list_done(&round->paths);
	texts_freep(&round->texts);
}

static int by_path(const void *a, const void *b)
{
	return path_compare(((const struct suspect *)a)->path, ((const struct suspect *)b)->path);
}

static int hash_entry(const struct entry *entry, unsigned char ret_hash[HASH_BYTES], struct err *err)
{
	CLEANUP(buf_done) struct buf bytes = BUF_INIT;
	struct hash_state state;

	if (entry && entry_encode(entry, &bytes) < 0)
		return err_nomem(err);
	hash_init(&state, "tallystick look again");
	hash_update(&state, bytes.data, bytes.len);
	hash_final(&state, ret_hash);
	return 0;
}

static int add_suspect(struct round *round, struct bytes path, const struct entry *entry, struct err *err)
{
	struct suspect suspect = { .path = { (const unsigned char *)texts_add_bytes(round->texts, path.data, path.len),
					     path.len } };
	int r = hash_entry(entry, suspect.hash, err);

	if (r >= 0 && (!suspect.path.data || buf_add(&round->suspects, &suspect, sizeof(suspect)) < 0))
		r = err_nomem(err);
	return r < 0 ? r : path_list_add(&round->paths, suspect.path, err);
}

static const struct entry *of_device(const struct looks *looks, const struct change *change)
{
	return looks->b->subject.kind == SUBJECT_IMAGE ? change->after : change->before;
}

static int collect(const struct looks *looks, struct comparison *comparison, struct round *round, struct err *err)
{
	struct change change;
	int r = texts_new(&round->texts, err);

	if (r >= 0)
		r = changes_rewind(comparison->changes, err);
	while (r >= 0 && (r = changes_next(comparison->changes, &change, err)) > 0) {
		r = add_suspect(round, change.path, of_device(looks, &change), err);
		if (r >= 0 && change.kind == CHANGE_MOVED)
			r = add_suspect(round, change.before->path, NULL, err);
	}
	if (r >= 0)
		qsort(round->suspects.data, round->suspects.len / sizeof(struct suspect), sizeof(struct suspect),
		      by_path);
	return r;
}

/* Had the device something else there at the look before? */
static bool has_moved(const struct round *before, struct bytes path, const struct entry *entry)
{
	const struct suspect wanted = { .path = path };
	const struct suspect *suspect =
		bsearch(&wanted, before->suspects.data, before->suspects.len / sizeof(struct suspect),
			sizeof(struct suspect), by_path);
	unsigned char hash[HASH_BYTES];
	struct err ignored;

	return suspect && hash_entry(entry, hash, &ignored) >= 0 && memcmp(hash, suspect->hash, sizeof(hash)) != 0;
}

/* ---- the sink of a look: what moves under our eyes is no verdict ---- */

struct settled {
	const struct looks *looks;
	const struct round *before;
	struct diff_sink next;
	struct diff_counts *counts;
	bool last; /* of the looks */
};

static int on_change(void *context, const struct change *change, struct err *err)
{
	struct settled *settled = context;
	const struct entry *entry = of_device(settled->looks, change);
	const struct unexamined busy = {
		.side = settled->looks->b->subject.kind == SUBJECT_IMAGE ? 'b' : 'a',
		.path = change->path,
		.reason = bytes_of("written to between all looks: what is in flight cannot be told from a change"),
	};

	if (!settled->last || change->kind != CHANGE_CHANGED || !has_moved(settled->before, change->path, entry))
		return settled->next.change(settled->next.context, change, err);
	settled->counts->changed--;
	settled->counts->unexamined++;
	return settled->next.unexamined(settled->next.context, &busy, err);
}

static int on_unexamined(void *context, const struct unexamined *unexamined, struct err *err)
{
	struct settled *settled = context;

	return settled->next.unexamined(settled->next.context, unexamined, err);
}

/* ---- rounds ---- */

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

/* The figures of the first look, and what could not be examined beside what is looked at again. */
static int keep_figures(struct comparison *from, const struct path_list *again, struct comparison *to, struct err *err)
{
	const struct diff_sink sink = changes_sink(to->changes);
	struct unexamined unexamined;
	int r = changes_rewind(from->changes, err);

	while (r >= 0 && (r = unexamined_next(from->changes, &unexamined, err)) > 0) {
		if (path_list_covers(again, unexamined.path))
			continue;
		to->summary.counts.unexamined++;
		r = sink.unexamined(sink.context, &unexamined, err);
	}
	return r;
}

static void keep_summary(struct comparison *first, struct comparison *last)
{
	struct diff_counts counts = last->summary.counts;

	counts.examined = first->summary.counts.examined;
	counts.followed = first->summary.counts.followed;
	counts.not_in_baseline = first->summary.counts.not_in_baseline;
	memcpy(counts.incomparable, first->summary.counts.incomparable, sizeof(counts.incomparable));
	last->summary = first->summary;
	last->summary.counts = counts;
	/* the summary's strings go with their owner */
	struct texts *texts = last->texts;

	last->texts = first->texts;
	first->texts = texts;
}

static int look_again(struct looks *looks, const char *tmp, const struct round *before, bool last,
		      struct comparison **comparison, struct err *err)
{
	CLEANUP(comparison_freep) struct comparison *next = NULL;
	struct settled settled = { looks, before, { 0 }, NULL, last };
	bool limited;
	int r = comparison_new(tmp, &next, err);

	if (r < 0)
		return r;
	settled.next = changes_sink(next->changes);
	settled.counts = &next->summary.counts;
	looks->sink = (struct diff_sink){ on_change, on_unexamined, &settled };
	r = look_once(looks, &before->paths, next, err);
	looks->sink = (struct diff_sink){ .change = NULL };
	side_end(looks->a);
	side_end(looks->b);
	if (r >= 0)
		r = keep_figures(*comparison, &before->paths, next, err);
	if (r >= 0)
		r = changes_finish(next->changes, &next->summary.counts, &limited, err);
	if (r < 0)
		return r;
	keep_summary(*comparison, next);
	comparison_freep(comparison);
	*comparison = STEAL(next);
	return 0;
}

static uint64_t differing(const struct comparison *comparison)
{
	const struct diff_counts *counts = &comparison->summary.counts;

	return counts->added + counts->removed + counts->changed + counts->moved;
}

int again_look(struct looks *looks, const char *tmp, struct comparison **comparison, struct err *err)
{
	uint64_t first = differing(*comparison);
	uint64_t left;
	int r = 0;

	if (first > AGAIN_MAX)
		return comparison_note(*comparison, err, "more than %d differences: none of them was looked at again",
				       AGAIN_MAX);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(pauses_s) && differing(*comparison); i++) {
		CLEANUP(round_done) struct round round = { .texts = NULL };

		r = collect(looks, *comparison, &round, err);
		if (r >= 0)
			r = pause_for(pauses_s[i], looks->talk, err);
		if (r >= 0)
			r = look_again(looks, tmp, &round, i + 1 == ARRAY_SIZE(pauses_s), comparison, err);
	}
	if (r < 0)
		return r;
	left = differing(*comparison);
	if (first > left)
		r = comparison_note(
			*comparison, err,
			"%llu of %llu differences were in flight: gone, or still being written, when looked at again",
			(unsigned long long)(first - left), (unsigned long long)first);
	return r;
}
