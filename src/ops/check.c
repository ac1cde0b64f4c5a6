/*
 * check.c - this system against its baseline, or against another one.
 *
 * One pass: the rows prove themselves while they are compared, and nothing is handed out before they have.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "ops/comparison.h"
#include "ops/policydrift.h"
#include "ops/reference.h"
#include "ops/rotation.h"
#include "ops/survey.h"

struct check {
	struct reference reference;
	struct path_list paths;
	struct sys_mounts system;
	struct mount *mounts;
	size_t mount_count;
	struct buf blind; /* array of struct bytes */
	struct diff_sink sink;
	struct rotation rotation;
	struct tree *rows;
	struct pairs *scan;
};

static void check_done(struct check *check)
{
	pairs_freep(&check->scan);
	tree_freep(&check->rows);
	buf_done(&check->blind);
	free(check->mounts);
	sys_mounts_done(&check->system);
	path_list_done(&check->paths);
	reference_done(&check->reference);
}

/* Mounts only count where the question reaches: all of them, or those at, below or above the paths asked for. */
static int compare_mounts(struct check *check, struct diff_counts *counts, struct err *err)
{
	int r;

	r = sys_mounts_load(NULL, &check->system, err);
	if (r >= 0)
		r = survey_mounts(&check->system, check->reference.policy, &check->mounts, &check->mount_count, err);
	if (r < 0 || check->reference.mount_count == 0)
		return r;
	return mounts_compare(check->reference.policy,
			      &(struct mounts_view){ check->reference.mounts, check->reference.mount_count },
			      &(struct mounts_view){ check->mounts, check->mount_count }, &check->paths, &check->sink,
			      &check->blind, counts, err);
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
		.blind = (const struct bytes *)(void *)check->blind.data,
		.blind_count = check->blind.len / sizeof(struct bytes),
		.quick = request->quick,
		.interrupted = talk ? talk->interrupted : NULL,
	};
	int r;

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

static void summarise_scan(const struct check *check, struct report_summary *summary)
{
	const struct scan_stats *stats = scan_stats(check->scan);

	summary->excluded = stats->excluded;
	summary->mounts_skipped = stats->mounts_skipped;
	summary->bytes_read = stats->bytes_read + check->rotation.bytes_read;
	summary->skipped = stats->skipped + check->rotation.skipped;
	summary->attributes_not_compared = check->rows->gives & ~scan_gives(check->scan) & ATTR_ALL;
}

static int nothing_in_scope(const struct check *check, const struct comparison *comparison, struct err *err)
{
	const struct diff_counts *counts = &comparison->summary.counts;

	if (counts->examined || counts->removed || counts->unexamined || counts->changed)
		return 0;
	if (check->paths.count)
		return err_set(err, ERR_NOINPUT,
			       "nothing was in scope to examine: the baseline's policy covers none of these paths");
	return err_set(err, ERR_NOINPUT, "nothing was in scope to examine");
}

/* Could anything at or below PATH be in the policy's scope? */
static int is_covered(const struct policy *policy, struct bytes path, bool *ret_covered, struct err *err)
{
	CLEANUP(policy_dir_freep) struct policy_dir *parent = NULL;
	struct decision decision;
	int r = 0;

	policy_decide(policy, path, false, &decision);
	*ret_covered = decision.in_scope || path.len == 1;
	if (*ret_covered)
		return 0;
	r = policy_dir_new(policy, NULL, path_parent(path), &parent, err);
	if (r >= 0)
		*ret_covered = policy_dir_may_enter(parent, path);
	return r;
}

/* Of several paths asked for, one that the baseline says nothing about must not pass for a clean one. */
static int note_uncovered(const struct check *check, const struct check_request *request, struct comparison *comparison,
			  struct err *err)
{
	CLEANUP(path_list_done) struct path_list asked = PATH_LIST_INIT;
	int r;

	r = path_list_make(request->paths, request->path_count, false, &asked, err);
	for (size_t i = 0; r >= 0 && i < asked.count; i++) {
		bool covered;

		r = is_covered(check->reference.policy, asked.paths[i], &covered, err);
		if (r < 0 || covered)
			continue;
		comparison->summary.counts.not_in_baseline++;
		r = comparison_note(comparison, err, "not in the baseline's scope, so not judged: %s",
				    QUOTE_N(asked.paths[i].data, asked.paths[i].len));
	}
	return r;
}

/* Another machine's baseline, or one that goes on beyond what a trusted key signed, is said in the head. */
static int add_notes(const struct check *check, struct comparison *comparison, struct err *err)
{
	const struct reference *reference = &check->reference;
	struct utsname names;
	int r = 0;

	if (uname(&names) == 0 && strcmp(names.nodename, reference->statement->host) != 0)
		r = comparison_note(comparison, err, "the baseline is of host '%s', this system calls itself '%s'",
				    reference->statement->host, names.nodename);
	if (r >= 0 && reference->newest > reference->sequence)
		r = comparison_note(comparison, err,
				    "compared with generation %llu; the file goes on to %llu, which this comparison "
				    "does not rest on",
				    (unsigned long long)reference->sequence, (unsigned long long)reference->newest);
	if (r >= 0 && reference->mount_count == 0)
		r = comparison_note(
			comparison, err,
			"the baseline was made of a folder: mounts, inodes and change times are not compared");
	return r;
}

static int judge(struct check *check, const struct check_request *request, const struct talk *talk,
		 struct comparison *comparison, struct err *err)
{
	struct diff_options options = {
		.policy = check->reference.policy,
		.blind = (const struct bytes *)(void *)check->blind.data,
		.blind_count = check->blind.len / sizeof(struct bytes),
		.quick = request->quick,
		.strangers = check->reference.mount_count == 0,
	};
	struct forecast forecast = { .entries = check->paths.count ? 0 : check->reference.statement->entries };
	int r;

	survey_begin(talk, request->quick ? "checking (quick)" : "checking", check->scan, forecast);
	r = diff_run(check->scan, &options, &check->sink, &comparison->summary.counts, err);
	survey_end(talk);
	comparison->summary.counts.changed -= check->rotation.logs;
	comparison->summary.rotated = check->rotation.logs;
	return r;
}

int op_check(const struct place *place, const struct check_request *request, const struct talk *talk,
	     struct comparison **ret_comparison, struct err *err)
{
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	CLEANUP(policy_drift_freep) struct policy_drift *drift = NULL;
	CLEANUP(check_done) struct check check = { .reference = REFERENCE_INIT };
	uint64_t started = time_monotonic_ns();
	int64_t now = time_now().sec;
	int r;

	r = path_list_make(request->paths, request->path_count, true, &check.paths, err);
	if (r >= 0)
		r = reference_open(place, &check.reference, err);
	if (r >= 0)
		r = comparison_new(place->tmp, &comparison, err);
	if (r >= 0)
		r = policy_drift_new(place, &check.reference, changes_sink(comparison->changes), &drift, err);
	if (r < 0)
		return r;
	check.rotation = (struct rotation){ .next = policy_drift_sink(drift),
					    .interrupted = talk ? talk->interrupted : NULL,
					    .quick = request->quick };
	check.sink = rotation_sink(&check.rotation);
	r = compare_mounts(&check, &comparison->summary.counts, err);
	if (r >= 0)
		r = start_scan(&check, request, talk, err);
	if (r >= 0)
		r = judge(&check, request, talk, comparison, err);
	if (r >= 0)
		r = nothing_in_scope(&check, comparison, err);
	if (r >= 0)
		r = policy_drift_finish(drift, comparison, err);
	if (r >= 0)
		r = changes_finish(comparison->changes, &comparison->summary.counts, &comparison->summary.moves_limited,
				   err);
	if (r >= 0)
		r = reference_summary(&check.reference, place, comparison->texts, &comparison->summary, err);
	if (r >= 0)
		r = add_notes(&check, comparison, err);
	if (r >= 0)
		r = note_uncovered(&check, request, comparison, err);
	if (r < 0)
		return r;
	summarise_scan(&check, &comparison->summary);
	comparison->summary.b = (struct report_side){ "live", "/" };
	comparison->summary.quick = request->quick;
	comparison->summary.seconds = (double)(time_monotonic_ns() - started) / 1e9;
	reference_remember(&check.reference, request->quick || check.paths.count || place->generation ? 0 : now, false,
			   talk);
	*ret_comparison = STEAL(comparison);
	return 0;
}
