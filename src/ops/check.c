/*
 * check.c - this system against its baseline, or against another one.
 *
 * One pass: the rows prove themselves while they are compared, and nothing is handed out before they have.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "ops/later.h"
#include "ops/survey.h"
#include "ops/weighing.h"

struct check {
	struct reference reference;
	struct path_list paths, asked;
	struct sys_mounts system;
	struct mount *mounts;
	struct weighing weighing;
	struct tree *rows;
	struct pairs *scan;
};

static void check_done(struct check *check)
{
	pairs_freep(&check->scan);
	tree_freep(&check->rows);
	weighing_done(&check->weighing);
	free(check->mounts);
	sys_mounts_done(&check->system);
	path_list_done(&check->asked);
	path_list_done(&check->paths);
	reference_done(&check->reference);
}

/* Opens the baseline, and holds policy files and mounts against it. */
static int begin(struct check *check, const struct place *place, const struct check_request *request,
		 const struct talk *talk, struct err *err)
{
	struct weighing *weighing = &check->weighing;
	int r;

	*weighing = (struct weighing){ .place = place,
				       .reference = &check->reference,
				       .paths = &check->paths,
				       .asked = &check->asked,
				       .quick = request->quick,
				       .believe_rotated = request->quick,
				       .interrupted = talk ? talk->interrupted : NULL };
	r = path_list_make(request->paths, request->path_count, true, &check->paths, err);
	if (r >= 0)
		r = path_list_make(request->paths, request->path_count, false, &check->asked, err);
	if (r >= 0)
		r = reference_open(place, &check->reference, err);
	if (r >= 0)
		r = sys_mounts_load(NULL, &check->system, err);
	if (r >= 0)
		r = survey_mounts(&check->system, check->reference.policy, &check->mounts, &weighing->mounts.count,
				  err);
	weighing->mounts.mounts = check->mounts;
	return r < 0 ? r : weighing_begin(weighing, err);
}

static int start_scan(struct check *check, const struct check_request *request, const struct talk *talk,
		      struct err *err)
{
	struct tree *all = NULL;
	struct scan_options options = {
		.root = "/",
		.policy = check->reference.policy,
		.paths = check->paths.count ? check->paths.paths : NULL,
		.path_count = check->paths.count,
		.mounts = &check->system,
		.reference_mounts = check->reference.mounts,
		.reference_mount_count = check->reference.mount_count,
		.quick = request->quick,
		.interrupted = talk ? talk->interrupted : NULL,
	};
	int r;

	options.blind = weighing_blind(&check->weighing, &options.blind_count);
	r = reference_tree(&check->reference, &all, err);
	if (r < 0)
		return r;
	r = survey_filter(all, &check->paths, &check->rows, err);
	if (r < 0) {
		tree_freep(&all);
		return r;
	}
	options.reference = check->rows;
	return scan_new(&options, &check->scan, err);
}

static int judge(struct check *check, const struct check_request *request, const struct talk *talk, struct err *err)
{
	struct forecast forecast = { .entries = check->paths.count ? 0 : check->reference.statement->entries };
	int r;

	survey_begin(talk, request->quick ? "checking (quick)" : "checking", check->scan, forecast);
	r = weighing_run(&check->weighing, check->scan, err);
	survey_end(talk);
	return r;
}

static void summarise_scan(const struct check *check, struct report_summary *summary)
{
	const struct scan_stats *stats = scan_stats(check->scan);

	summary->excluded = stats->excluded;
	summary->mounts_skipped = stats->mounts_skipped;
	summary->bytes_read += stats->bytes_read;
	summary->skipped = stats->skipped + check->weighing.rotation.skipped;
	summary->attributes_not_compared = check->rows->gives & ~scan_gives(check->scan) & ATTR_ALL;
}

int op_check(const struct place *place, const struct check_request *request, const struct talk *talk,
	     struct comparison **ret_comparison, struct err *err)
{
	CLEANUP(check_done) struct check check = { .reference = REFERENCE_INIT };
	uint64_t started = time_monotonic_ns();
	int64_t now = time_now().sec;
	struct comparison *comparison;
	int r;

	r = begin(&check, place, request, talk, err);
	if (r >= 0)
		r = start_scan(&check, request, talk, err);
	if (r >= 0)
		r = judge(&check, request, talk, err);
	if (r >= 0)
		r = weighing_end(&check.weighing, true, &comparison, err);
	if (r < 0)
		return r;
	summarise_scan(&check, &comparison->summary);
	r = later_explain(&check.reference, place, comparison, &comparison->later, err);
	if (r < 0) {
		comparison_freep(&comparison);
		return r;
	}
	comparison->summary.seconds = (double)(time_monotonic_ns() - started) / 1e9;
	reference_remember(&check.reference, request->quick || check.paths.count || place->generation ? 0 : now, false,
			   talk);
	*ret_comparison = comparison;
	return 0;
}
