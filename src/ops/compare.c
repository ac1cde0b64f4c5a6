/*
 * compare.c - any two trees; see tally/compare.h. Who judges, what the sides stand on, one look, what the head says.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "ops/again.h"
#include "ops/compare_words.h"
#include "ops/look.h"
#include "ops/unreplayed.h"

enum { POLICY_MAX = 4 << 20 };

struct compare {
	const struct place *place;
	const struct compare_request *request;
	const struct talk *talk;
	struct texts *texts;
	struct side a, b;
	struct policy *own; /* of --policy, or the default */
	struct policy_verdict policy;
	char *at;
	struct path_list paths; /* --at, or what a mounted device backs */
	struct shadows shadows;
	struct buf lineages;
	struct prefixes prefixes;
	struct looks looks;
	struct unreplayed *unreplayed;
};

static void compare_done(struct compare *compare)
{
	side_done(&compare->a);
	side_done(&compare->b);
	unreplayed_freep(&compare->unreplayed);
	policy_freep(&compare->own);
	path_list_done(&compare->paths);
	shadows_done(&compare->shadows);
	buf_done(&compare->lineages);
	buf_done(&compare->prefixes.rows);
	free(compare->at);
	texts_freep(&compare->texts);
}

/* ---- who judges ---- */

static int read_policy(struct compare *compare, const char *name, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	const char *slash = strrchr(name, '/');
	struct policy_source source = { .name = slash ? slash + 1 : name };
	int r = fd_read_file(AT_FDCWD, name, POLICY_MAX, &text, NULL, err);

	if (r < 0)
		return r;
	source.text = text.data;
	source.len = text.len;
	return policy_parse(&source, 1, &compare->own, err);
}

static int choose_policy(struct compare *compare, struct err *err)
{
	const char *named = compare->request->policy;
	int r = 0;

	compare->policy = (struct policy_verdict){ NULL, "the built-in default policy" };
	if (named) {
		compare->policy.from = texts_printf(compare->texts, "the policy in %s", QUOTE(named));
		r = read_policy(compare, named, err);
	} else if (compare->a.subject.kind == SUBJECT_BASELINE) {
		compare->policy = (struct policy_verdict){ compare->a.reference.policy, "the signed policy of a" };
	} else if (compare->b.subject.kind == SUBJECT_BASELINE) {
		compare->policy = (struct policy_verdict){ compare->b.reference.policy, "the signed policy of b" };
	} else {
		r = policy_parse(&policy_default, 1, &compare->own, err);
	}
	if (!compare->policy.policy)
		compare->policy.policy = compare->own;
	return r < 0 || compare->policy.from ? r : err_nomem(err);
}

/* ---- where the sides stand ---- */

static int set_at(struct compare *compare, struct err *err)
{
	const char *at = compare->request->at;
	size_t len;

	compare->a.at = compare->b.at = bytes_of("/");
	if (!at)
		return 0;
	compare->at = strdup(at);
	if (!compare->at)
		return err_nomem(err);
	for (len = strlen(compare->at); len > 1 && compare->at[len - 1] == '/'; len--)
		compare->at[len - 1] = '\0';
	if (!path_valid(bytes_of(compare->at)))
		return err_set(err, ERR_USAGE, "--at wants an absolute path without '.' and '..', not '%s'", QUOTE(at));
	compare->b.at = bytes_of(compare->at);
	return path_list_add(&compare->paths, compare->b.at, err);
}

/* A device beside the running system: only what it backs is compared. */
static struct side *device_of(struct compare *compare)
{
	struct side *a = &compare->a, *b = &compare->b;

	if (a->subject.kind == SUBJECT_LIVE && b->subject.kind == SUBJECT_IMAGE && b->source.form == DISK_DEVICE)
		return b;
	if (b->subject.kind == SUBJECT_LIVE && a->subject.kind == SUBJECT_IMAGE && a->source.form == DISK_DEVICE)
		return a;
	return NULL;
}

static int restrict_to_device(struct compare *compare, const struct side *device, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < device->grounds.count; i++)
		r = path_list_add(&compare->paths, device->grounds.grounds[i].path, err);
	return r;
}

static int assemble(struct compare *compare, struct err *err)
{
	struct side *a = &compare->a, *b = &compare->b, *device = device_of(compare);
	bool image_first = a->subject.kind == SUBJECT_IMAGE;
	int r;

	if (device && device->mounted_at && !compare->request->at)
		device->at = bytes_of(device->mounted_at);
	/* an image needs the table of the other side */
	r = side_assemble(image_first ? b : a, image_first ? a : b, compare->policy.policy, err);
	if (r >= 0)
		r = side_assemble(image_first ? a : b, image_first ? b : a, compare->policy.policy, err);
	return r >= 0 && device ? restrict_to_device(compare, device, err) : r;
}

static int find_shadows(struct compare *compare, struct err *err)
{
	return shadows_find(&compare->a, &compare->b, compare->policy.policy, &compare->paths, &compare->shadows, err);
}

/* Of rows for file systems, the one that PATH lies on; COUNT when there is none. */
static size_t nearest(const struct lineage *rows, size_t count, struct bytes path)
{
	size_t best = count;

	for (size_t i = 0; i < count; i++) {
		if (path_covers(rows[i].path, path) && (best == count || rows[i].path.len > rows[best].path.len))
			best = i;
	}
	return best;
}

static bool is_asked(const struct path_list *paths, const struct lineage *rows, size_t count, size_t index)
{
	for (size_t i = 0; i < paths->count; i++) {
		if (path_covers(paths->paths[i], rows[index].path) || nearest(rows, count, paths->paths[i]) == index)
			return true;
	}
	return paths->count == 0;
}

/* Whose history is one: of what is compared only. */
static int find_lineages(struct compare *compare, struct err *err)
{
	CLEANUP(buf_done) struct buf all = BUF_INIT;
	const struct lineage *rows;
	size_t count;

	if (grounds_lineages(&compare->a.grounds, &compare->b.grounds, &all) < 0)
		return err_nomem(err);
	rows = (const struct lineage *)(const void *)all.data;
	count = all.len / sizeof(*rows);
	compare->looks.strangers = compare->a.grounds.count == 0 || compare->b.grounds.count == 0;
	for (size_t i = 0; i < count; i++) {
		if (!is_asked(&compare->paths, rows, count, i))
			continue;
		compare->looks.strangers = compare->looks.strangers || rows[i].strangers;
		if (buf_add(&compare->lineages, &rows[i], sizeof(rows[i])) < 0)
			return err_nomem(err);
	}
	return 0;
}

/* ---- the whole ---- */

static int prepare(struct compare *compare, struct err *err)
{
	struct look_options look = { .paths = &compare->paths };
	struct looks *looks = &compare->looks;
	int r = texts_new(&compare->texts, err);

	if (r < 0)
		return r;
	compare->a = (struct side){ .letter = 'a', .source = DISK_SOURCE_INIT, .reference = REFERENCE_INIT };
	compare->b = (struct side){ .letter = 'b', .source = DISK_SOURCE_INIT, .reference = REFERENCE_INIT };
	for (struct side *side = &compare->a;; side = &compare->b) {
		side->place = compare->place;
		side->request = compare->request;
		side->talk = compare->talk;
		side->texts = compare->prefixes.texts = compare->shadows.texts = compare->texts;
		if (side == &compare->b)
			break;
	}
	r = set_at(compare, err);
	if (r >= 0)
		r = side_open(&compare->a, compare->request->a, err);
	compare->b.beside_baseline = compare->a.subject.kind == SUBJECT_BASELINE;
	if (r >= 0)
		r = side_open(&compare->b, compare->request->b, err);
	if (r >= 0)
		r = choose_policy(compare, err);
	if (r >= 0)
		r = assemble(compare, err);
	if (r >= 0)
		r = find_shadows(compare, err);
	if (r >= 0)
		r = find_lineages(compare, err);
	if (r < 0)
		return r;
	*looks = (struct looks){
		.a = &compare->a,
		.b = &compare->b,
		.talk = compare->talk,
		.policy = compare->policy.policy,
		.lineages = (const struct lineage *)(const void *)compare->lineages.data,
		.lineage_count = compare->lineages.len / sizeof(struct lineage),
		.strangers = looks->strangers,
		.mounts = &compare->shadows,
		.shadows = (const struct bytes *)(const void *)compare->shadows.hidden.data,
		.shadow_count = compare->shadows.hidden.len / sizeof(struct bytes),
		.prefixes = &compare->prefixes,
		.what = "comparing",
	};
	look.policy = looks->policy;
	look.shadows = looks->shadows;
	look.shadow_count = looks->shadow_count;
	return side_is_scanned(&compare->b) ? 0 : prefixes_find(&compare->a, &look, &compare->prefixes, err);
}

static int nothing_examined(const struct comparison *comparison, struct err *err)
{
	const struct diff_counts *counts = &comparison->summary.counts;

	if (counts->examined || counts->removed || counts->changed || counts->unexamined)
		return 0;
	return err_set(err, ERR_NOINPUT, "nothing was in scope to examine: the policy covers nothing that is there");
}

/* An image that is not what it says of itself, or could not be read whole, is not examined whole, whatever its files are. */
static int tell_digest(const struct side *side, struct comparison *comparison, struct err *err)
{
	const struct diff_sink sink = changes_sink(comparison->changes);
	struct unexamined unexamined = { .side = side->letter, .path = bytes_of("/") };
	const struct evidence_result *result;
	int r = side->hash ? evidence_wait(side->hash, err) : 0;

	if (r < 0 || !side->hash)
		return r;
	result = evidence_result(side->hash);
	if (!result->whole || !result->digest)
		unexamined.reason = bytes_of("the image could not be hashed whole");
	else if (result->digest->stored_md5 == STORED_WRONG || result->digest->stored_sha1 == STORED_WRONG)
		unexamined.reason = bytes_of("the digest that the image states of itself is wrong");
	else if (result->digest->unreadable_bytes)
		unexamined.reason = bytes_of("not all bytes of the image could be read");
	else
		return 0;
	comparison->summary.counts.unexamined++;
	return sink.unexamined(sink.context, &unexamined, err);
}

/* Of logs whose length is not kept in mind, the beginning is compared only where they did not grow. */
static int tell_logs(const struct hoard *logs, struct comparison *comparison, struct err *err)
{
	const struct diff_sink sink = changes_sink(comparison->changes);
	char line[160];
	struct unexamined told = { .side = 'a', .path = bytes_of("/") };

	if (!logs->full)
		return 0;
	(void)snprintf(line, sizeof(line),
		       "more than %zu growing logs: the beginnings of those behind the first ones were not compared",
		       logs->count);
	told.reason = bytes_of(line);
	comparison->summary.counts.unexamined++;
	return sink.unexamined(sink.context, &told, err);
}

static int finish(struct compare *compare, struct comparison *comparison, struct err *err)
{
	struct report_summary *summary = &comparison->summary;
	int r = shadows_tell(&compare->shadows, comparison, err);

	if (r >= 0)
		r = tell_digest(&compare->a, comparison, err);
	if (r >= 0)
		r = tell_digest(&compare->b, comparison, err);
	if (r >= 0)
		r = tell_logs(&compare->prefixes.hoard, comparison, err);
	if (r >= 0)
		r = nothing_examined(comparison, err);
	if (r >= 0)
		r = changes_finish(comparison->changes, &summary->counts, &summary->moves_limited, err);
	if (r >= 0)
		r = compare_words(&compare->looks, &compare->policy, comparison, err);
	return r;
}

static int tell_unmarked(const struct hoard *paths, struct comparison *comparison, struct err *err)
{
	if (!paths->full)
		return 0;
	return comparison_note(
		comparison, err,
		"more than %zu paths look otherwise with a pending journal: changes of those behind the first "
		"ones are not marked",
		paths->count);
}

/* What a check is: with the mount tables, rotated logs and later generations, which a comparison in general does not have. */
static bool is_check(const struct compare_request *request, const struct subject *a, const struct subject *b)
{
	return a->kind == SUBJECT_BASELINE && b->kind == SUBJECT_LIVE && !request->at && !request->policy;
}

static int check_instead(const struct place *place, const struct compare_request *request, const struct talk *talk,
			 struct comparison **ret_comparison, bool *ret_done, struct err *err)
{
	CLEANUP(subject_done) struct subject a = { .file = NULL };
	CLEANUP(subject_done) struct subject b = { .file = NULL };
	const struct check_request check = { .paths = NULL };
	struct place there = *place;
	int r = subject_parse(request->a, &a, err);

	if (r >= 0)
		r = subject_parse(request->b, &b, err);
	*ret_done = r >= 0 && is_check(request, &a, &b);
	there.baseline = request->a;
	return *ret_done ? op_check(&there, &check, talk, ret_comparison, err) : r;
}

int op_compare(const struct place *place, const struct compare_request *request, const struct talk *talk,
	       struct comparison **ret_comparison, struct err *err)
{
	CLEANUP(compare_done) struct compare compare = { .place = place, .request = request, .talk = talk };
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	uint64_t started = time_monotonic_ns();
	bool done;
	int r;

	r = check_instead(place, request, talk, ret_comparison, &done, err);
	if (r < 0 || done)
		return r;
	r = prepare(&compare, err);
	if (r >= 0)
		r = comparison_new(place->tmp, &comparison, err);
	if (r >= 0)
		r = look_once(&compare.looks, &compare.paths, comparison, err);
	if (r >= 0)
		r = finish(&compare, comparison, err);
	side_end(&compare.a);
	side_end(&compare.b);
	if (r >= 0 && device_of(&compare))
		r = again_look(&compare.looks, &compare.paths, place->tmp, &comparison, err);
	if (r >= 0)
		r = unreplayed_find(&compare.looks, &compare.paths, &compare.unreplayed, err);
	if (r >= 0 && compare.unreplayed)
		r = tell_unmarked(&compare.unreplayed->hoard, comparison, err);
	if (r < 0)
		return r;
	if (compare.unreplayed)
		unreplayed_mark(&compare.unreplayed, comparison);
	comparison->summary.seconds = (double)(time_monotonic_ns() - started) / 1e9;
	*ret_comparison = STEAL(comparison);
	return 0;
}
