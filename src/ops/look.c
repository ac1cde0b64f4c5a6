/* look.c - see look.h. */
#include "ops/look.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/plural.h"
#include "base/quote.h"

/* ---- pairs of which neither side's blindness is the reason ---- */

struct kept {
	struct pairs pairs; /* first */
	struct pairs *from;
	struct looks *looks;
	const struct path_list *paths;
	uint64_t lost_a, lost_b; /* entries that the other side has, and this one could not be asked about any more */
};

static bool is_lost(struct kept *kept, const struct pair *pair)
{
	if (!pair->b && side_lost(kept->looks->b, pair->a->path)) {
		kept->lost_b++;
		return true;
	}
	if (!pair->a && side_lost(kept->looks->a, pair->b->path)) {
		kept->lost_a++;
		return true;
	}
	return false;
}

static int kept_next(struct pairs *pairs, struct pair *ret_pair, struct err *err)
{
	struct kept *kept = (struct kept *)(void *)pairs;
	int doubtful, r;

	while ((r = pairs_next(kept->from, ret_pair, err)) > 0) {
		const struct entry *entry = ret_pair->b ? ret_pair->b : ret_pair->a;

		if (kept->paths->count && !path_list_covers(kept->paths, entry->path))
			continue;
		doubtful = kept->looks->mounts ? shadows_doubt(kept->looks->mounts, ret_pair, err) : 0;
		if (doubtful < 0)
			return doubtful;
		if (doubtful)
			continue;
		(void)atomic_fetch_add_explicit(&kept->looks->stats.examined, 1, memory_order_relaxed);
		if (!is_lost(kept, ret_pair))
			return r;
	}
	return r;
}

/* ---- what could not be examined, beyond single entries ---- */

struct telling {
	const struct diff_sink *sink;
	struct diff_counts *counts;
	char side;
};

static int tell(const struct telling *telling, struct bytes path, const char *line, struct err *err)
{
	const struct unexamined unexamined = { telling->side, path, bytes_of(line) };

	telling->counts->unexamined++;
	return telling->sink->unexamined(telling->sink->context, &unexamined, err);
}

static int tell_problems(const struct telling *telling, const struct evidence *evidence, struct err *err)
{
	uint64_t told = evidence_result(evidence)->problems, i = 0;
	const char *line;
	struct bytes path;
	char more[96];
	int r = 0;

	for (; r >= 0 && evidence_problem(evidence, i, &path, &line); i++)
		r = tell(telling, path, line, err);
	if (r < 0 || told <= i)
		return r;
	(void)snprintf(more, sizeof(more), "%" PRIu64 " further problem%s, not listed", told - i, plural_s(told - i));
	telling->counts->unexamined += told - i - 1;
	return tell(telling, bytes_of("/"), more, err);
}

/* Changes that stand in a journal and cannot be had: no path can be named, and the verdict is not whole. */
static int tell_journal(const struct telling *telling, const struct side_part *part, struct err *err)
{
	const struct extfs_info *info = evidence_result(part->evidence)->extfs;
	const char *what = NULL;

	if (info && info->journal == JOURNAL_EXTERNAL)
		what = "its pending journal is on another device: what that holds was not compared";
	else if (info && info->journal == JOURNAL_DAMAGED)
		what = "its pending journal is damaged: not all that it holds was compared";
	else if (info && info->fast_commit_blocks)
		what = "its pending journal has fast commits: what they hold was not compared";
	return what ? tell(telling, part->assembled->ground.path, what, err) : 0;
}

static int tell_end(const struct telling *telling, const struct side_part *part, uint64_t lost, struct err *err)
{
	const struct evidence_result *result = evidence_result(part->evidence);
	struct bytes start = part->assembled ? part->assembled->ground.path : bytes_of("/");
	struct bytes where = result->last.len ? result->last : start;
	char line[512];

	if (result->archive && result->archive->problem[0]) {
		(void)snprintf(line, sizeof(line), "%s; %" PRIu64 " path%s of the other side not compared with it",
			       result->archive->problem, lost, plural_s(lost));
		return tell(telling, bytes_of("/"), line, err);
	}
	if (result->whole)
		return 0;
	(void)snprintf(line, sizeof(line),
		       "reading ended behind this path: %s; %" PRIu64 " path%s of the other side not compared",
		       result->ended, lost, plural_s(lost));
	return tell(telling, where, line, err);
}

static int tell_side(const struct side *side, uint64_t lost, const struct telling *telling, bool whole_look,
		     struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < side->part_count; i++) {
		const struct side_part *part = &side->parts[i];

		if (!part->evidence)
			continue;
		r = tell_problems(telling, part->evidence, err);
		if (r >= 0)
			r = tell_end(telling, part, lost, err);
		if (r >= 0 && whole_look && !side->mounted_at)
			r = tell_journal(telling, part, err);
	}
	for (size_t i = 0; whole_look && r >= 0 && i < side->assembly.left_count; i++)
		r = tell(telling, bytes_of("/"), side->assembly.left[i], err);
	return r;
}

static void add_figures(const struct side *side, struct report_summary *summary)
{
	for (size_t i = 0; i < side->part_count; i++) {
		const struct side_part *part = &side->parts[i];

		if (part->evidence) {
			summary->excluded += evidence_result(part->evidence)->excluded;
			summary->bytes_read += evidence_result(part->evidence)->bytes_read;
		} else if (part->scan) {
			summary->excluded += scan_stats(part->scan)->excluded;
			summary->bytes_read += scan_stats(part->scan)->bytes_read;
		}
	}
	if (side->scan) {
		summary->excluded += scan_stats(side->scan)->excluded;
		summary->mounts_skipped += scan_stats(side->scan)->mounts_skipped;
		summary->bytes_read += scan_stats(side->scan)->bytes_read;
	}
}

/* ---- the look ---- */

static int open_streams(struct looks *looks, const struct path_list *paths, struct pairs **ret_pairs, struct err *err)
{
	struct look_options of_a = {
		.policy = looks->policy,
		.paths = paths,
		.shadows = looks->shadows,
		.shadow_count = looks->shadow_count,
		.metadata_only = looks->metadata_only,
	};
	struct look_options of_b = of_a;
	int r;

	of_b.prefixes = (const struct prefix_of *)(const void *)looks->prefixes->rows.data;
	of_b.prefix_count = looks->prefixes->rows.len / sizeof(struct prefix_of);
	/* all that forks comes before all that has threads */
	r = side_start(looks->a, &of_a, err);
	if (r >= 0)
		r = side_start(looks->b, &of_b, err);
	if (r >= 0)
		r = side_tree(looks->a, &of_a, NULL, NULL, err);
	if (r >= 0)
		r = side_tree(looks->b, &of_b, looks->a->tree, ret_pairs, err);
	if (r >= 0 && !*ret_pairs)
		r = pairs_join(looks->a->tree, looks->b->tree, ret_pairs, err);
	return r;
}

static int run(struct looks *looks, struct kept *kept, struct comparison *comparison, struct err *err)
{
	const struct diff_sink sink = looks->sink.change ? looks->sink : changes_sink(comparison->changes);
	struct diff_counts *counts = &comparison->summary.counts;
	struct telling tell_a = { &sink, counts, 'a' }, tell_b = { &sink, counts, 'b' };
	bool whole = !looks->sink.change; /* further looks have a sink of their own, and keep what the first one said */
	const struct diff_options options = {
		.policy = looks->policy,
		.blind = looks->shadows,
		.blind_count = looks->shadow_count,
		.strangers = looks->strangers,
		.lineages = looks->lineages,
		.lineage_count = looks->lineage_count,
	};
	int r = diff_run(&kept->pairs, &options, &sink, counts, err);

	if (r >= 0)
		r = side_failed(looks->a, err);
	if (r >= 0)
		r = side_failed(looks->b, err);
	if (r >= 0)
		r = tell_side(looks->a, kept->lost_a, &tell_a, whole, err);
	return r < 0 ? r : tell_side(looks->b, kept->lost_b, &tell_b, whole, err);
}

int look_once(struct looks *looks, const struct path_list *paths, struct comparison *comparison, struct err *err)
{
	struct kept kept = { .pairs = { .next = kept_next }, .looks = looks, .paths = paths };
	const struct talk *talk = looks->talk;
	int r = open_streams(looks, paths, &kept.from, err);

	if (r >= 0) {
		if (talk && talk->begin)
			talk->begin(talk->context, looks->what, &looks->stats, 0, false);
		r = run(looks, &kept, comparison, err);
		survey_end(talk);
	}
	if (r >= 0) {
		add_figures(looks->a, &comparison->summary);
		add_figures(looks->b, &comparison->summary);
		comparison->summary.attributes_not_compared |=
			ATTR_ALL & ~(side_gives(looks->a) & side_gives(looks->b));
	}
	/* a scan that compared with a tree of ours is the pairs; one that is a tree goes with its side */
	if (looks->b->scan && kept.from == looks->b->scan)
		looks->b->scan = NULL;
	pairs_freep(&kept.from);
	return r;
}
