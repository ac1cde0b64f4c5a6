/*
 * accept.c - a new signed generation from the present state of some paths, of everything, or with a new policy.
 *
 * The pairs of a scan run through a stager, which writes what differs into the next generation, and on into diff, so
 * that what is signed is what is shown. Before signing, everything that was staged is looked at once more.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "ops/comparison.h"
#include "ops/generation.h"
#include "ops/next_mounts.h"
#include "ops/reference.h"
#include "ops/restage.h"
#include "ops/stage.h"
#include "ops/survey.h"

struct accept {
	const struct place *place;
	const struct accept_request *request;
	const struct talk *talk;
	struct reference reference;
	int lock;
	struct path_list paths;
	struct policy_set files; /* --policy: the new ones */
	struct policy *policy; /* --policy: parsed; else NULL */
	struct sys_mounts system;
	struct mount *mounts; /* of the new generation */
	size_t mount_count;
	bool strangers; /* the baseline was made of a folder */
	bool mounts_changed;
	uint64_t mounts_shown; /* changes of mounts among those reported */
	struct buf blind;
	struct baseline_writer *writer;
	struct stage *stage;
	struct secret_key *key;
};

static void accept_done(struct accept *accept)
{
	stage_freep(&accept->stage);
	baseline_writer_freep(&accept->writer);
	secret_key_freep(&accept->key);
	buf_done(&accept->blind);
	free(accept->mounts);
	sys_mounts_done(&accept->system);
	policy_freep(&accept->policy);
	policy_set_done(&accept->files);
	path_list_done(&accept->paths);
	fd_closep(&accept->lock);
	reference_done(&accept->reference);
}

static const struct policy *judging(const struct accept *accept)
{
	return accept->policy ? accept->policy : accept->reference.policy;
}

/* A generation that the keys trusted here cannot prove must not come to be. */
static int refuse_unverifiable(const struct accept *accept, struct err *err)
{
	const struct public_key *key = secret_key_public(accept->key);
	const struct trust *trust = &accept->reference.trust;

	for (size_t i = 0; i < trust->count; i++) {
		if (memcmp(trust->keys[i].key.public_key, key->public_key, sizeof(key->public_key)) == 0)
			return 0;
	}
	return err_set(err, ERR_UNTRUSTED,
		       "the host key, which signs what is accepted, is not among the trusted keys: nothing was done");
}

static int prepare(struct accept *accept, struct err *err)
{
	const struct accept_request *request = accept->request;
	int state = -1;
	int r;

	if (accept->place->baseline || accept->place->generation)
		return err_set(err, ERR_USAGE, "accept works on the newest generation of the installed baseline");
	r = path_list_make(request->paths, request->path_count, false, &accept->paths, err);
	if (r >= 0)
		r = config_dir_open(accept->place->state, &state, err);
	if (r >= 0)
		r = state_lock(state, &accept->lock, err);
	fd_closep(&state);
	if (r >= 0)
		r = reference_open(accept->place, &accept->reference, err);
	if (r >= 0)
		r = config_secret_key(accept->reference.config_dirfd, "host.key", accept->talk, &accept->key, err);
	if (r >= 0)
		r = refuse_unverifiable(accept, err);
	if (r < 0)
		return r;
	accept->strangers = accept->reference.mount_count == 0;
	if (!request->policy)
		return 0;
	r = policy_set_load(accept->reference.config_dirfd, &accept->files, err);
	if (r >= 0)
		r = policy_set_parse(&accept->files, &accept->policy, err);
	if (r >= 0)
		r = generation_exclude_state(accept->reference.state_dirfd, &accept->files, &accept->policy, err);
	return r;
}

/* A path below a mount that is not the baseline's: nothing can be said of what is recorded there. */
static int refuse_hidden(const struct accept *accept, struct err *err)
{
	const struct bytes *blind = (const struct bytes *)(void *)accept->blind.data;
	size_t count = accept->blind.len / sizeof(struct bytes);

	for (size_t i = 0; i < accept->paths.count; i++) {
		struct bytes path = accept->paths.paths[i];

		for (size_t k = 0; k < count; k++) {
			if (path_covers(blind[k], path))
				return err_set(err, ERR_NOINPUT,
					       "cannot accept '%s': a mount that changed at '%s' hides what is "
					       "recorded there: accept "
					       "that first",
					       QUOTE_N(path.data, path.len), QUOTE_N(blind[k].data, blind[k].len));
		}
	}
	return 0;
}

/* What becomes accepted is shown; what stays different hides its subtree from this scan. */
static int compare_mounts(struct accept *accept, const struct mounts_view *now, struct comparison *comparison,
			  const struct diff_sink *sink, struct err *err)
{
	CLEANUP(buf_done) struct buf ignored = BUF_INIT;
	const struct mounts_view recorded = { accept->reference.mounts, accept->reference.mount_count };
	const struct mounts_view next = { accept->mounts, accept->mount_count };
	struct diff_counts accepted = { .examined = 0 }, unused = { .examined = 0 };
	struct diff_sink silent = stage_silent_sink();
	struct diff_sink shown = { .change = sink->change, .unexamined = silent.unexamined, .context = sink->context };
	int r;

	/* a baseline made of a folder knows no mounts to compare with */
	r = mounts_compare(judging(accept), &recorded, &next, &accept->paths, accept->strangers ? &silent : &shown,
			   &ignored, &accepted, err);
	accept->mounts_changed = accepted.changed > 0;
	accept->mounts_shown = accept->strangers ? 0 : accepted.changed;
	comparison->summary.counts.changed = accept->mounts_shown;
	if (r < 0)
		return r;
	return mounts_compare(judging(accept), &next, now, &accept->paths, &silent, &accept->blind, &unused, err);
}

static int survey(struct accept *accept, struct comparison *comparison, const struct diff_sink *sink, struct err *err)
{
	CLEANUP(freep) struct mount *now = NULL;
	struct next_mounts_request request = {
		.system = &accept->system,
		.recorded = { accept->reference.mounts, accept->reference.mount_count },
		.paths = &accept->paths,
		.all = accept->request->all,
		.old_policy = accept->reference.policy,
		.new_policy = accept->policy,
	};
	int r;

	r = sys_mounts_load(NULL, &accept->system, err);
	/* without --all, a baseline made of a folder stays one: a mount table would make it this system's */
	if (r < 0 || (accept->strangers && !accept->request->all))
		return r;
	r = survey_mounts(&accept->system, judging(accept), &now, &request.now.count, err);
	if (r < 0)
		return r;
	request.now.mounts = now;
	r = next_mounts(&request, &accept->mounts, &accept->mount_count, err);
	if (r >= 0)
		r = compare_mounts(accept, &request.now, comparison, sink, err);
	return r < 0 ? r : refuse_hidden(accept, err);
}

/* One pass over everything asked for: rows prove themselves, differences are staged and collected. */
static int examine(struct accept *accept, struct comparison *comparison, const struct diff_sink *sink, struct err *err)
{
	CLEANUP(tree_freep) struct tree *rows = NULL;
	CLEANUP(pairs_freep) struct pairs *scan = NULL;
	CLEANUP(pairs_freep) struct pairs *staged = NULL;
	struct scan_options options = {
		.root = "/",
		.policy = judging(accept),
		.paths = accept->paths.count ? accept->paths.paths : NULL,
		.path_count = accept->paths.count,
		.mounts = &accept->system,
		.reference_mounts = accept->mounts,
		.reference_mount_count = accept->mount_count,
		.blind = (const struct bytes *)(void *)accept->blind.data,
		.blind_count = accept->blind.len / sizeof(struct bytes),
		.interrupted = accept->talk ? accept->talk->interrupted : NULL,
	};
	struct diff_options diff = {
		.policy = judging(accept),
		.blind = options.blind,
		.blind_count = options.blind_count,
		.strangers = accept->strangers,
	};
	struct forecast forecast = { .entries = accept->paths.count ? 0 : accept->reference.statement->entries };
	const struct scan_stats *stats;
	int r;

	r = stage_rows(accept->stage, &accept->reference, &accept->paths, &rows, err);
	options.reference = rows;
	if (r >= 0)
		r = scan_new(&options, &scan, err);
	if (r < 0)
		return r;
	stats = scan_stats(scan);
	survey_begin(accept->talk, "examining", scan, forecast);
	r = stage_pairs(accept->stage, scan, &staged, err);
	if (r >= 0)
		r = diff_run(staged, &diff, sink, &comparison->summary.counts, err);
	survey_end(accept->talk);
	comparison->summary.excluded = stats->excluded;
	comparison->summary.mounts_skipped = stats->mounts_skipped;
	comparison->summary.bytes_read = stats->bytes_read;
	return r;
}

static int commit(struct accept *accept, struct statement *ret_statement, struct err *err)
{
	const struct reference *reference = &accept->reference;
	struct generation_parts parts = {
		.host = reference->statement->host,
		.host_id = reference->statement->host_id,
		.reason = accept->request->reason ? accept->request->reason : "",
		.policy_files = accept->policy ? accept->files.files : reference->policy_files,
		.policy_file_count = accept->policy ? accept->files.count : reference->policy_file_count,
		.policy = accept->policy,
		.resolved = reference->resolved,
		.mounts = accept->mounts,
		.mount_count = accept->mount_count,
		.previous = baseline_statement_text(reference->baseline, reference->sequence),
		.scope = judging(accept),
	};
	int r;

	r = restage(accept->stage, accept->talk, err);
	return r < 0 ? r : generation_commit(accept->writer, &parts, accept->key, ret_statement, err);
}

/* The summary and `seen` speak of the new generation, as it stands in the new file. */
static int conclude(struct accept *accept, struct comparison *comparison, struct err *err)
{
	CLEANUP(reference_done) struct reference reference = REFERENCE_INIT;
	int r;

	r = reference_open_unfinished(accept->place, &reference, err);
	if (r >= 0)
		r = reference_summary(&reference, accept->place, comparison->texts, &comparison->summary, err);
	if (r >= 0)
		reference_remember(&reference, 0, true, accept->talk);
	return r < 0 && comparison->applied ? err_wrap(err, r, "a new generation is signed, but") : r;
}

/* What was staged, beside what of it is shown as a change. A change of a mount has no row. */
static void count_staged(const struct accept *accept, struct comparison *comparison)
{
	const struct diff_counts *counts = &comparison->summary.counts;
	struct stage_counts staged = stage_counts(accept->stage);
	uint64_t shown = counts->added + counts->changed - accept->mounts_shown;

	comparison->recorded = staged.recorded;
	comparison->dropped = staged.dropped;
	comparison->renewed = staged.recorded > shown ? staged.recorded - shown : 0;
}

static bool nothing_to_sign(const struct accept *accept)
{
	struct stage_counts staged = stage_counts(accept->stage);

	return !staged.recorded && !staged.dropped && !accept->mounts_changed && !accept->policy;
}

static int nothing_there(const struct accept *accept, struct err *err)
{
	for (size_t i = 0; i < accept->paths.count; i++) {
		struct bytes path = accept->paths.paths[i];

		if (mounts_close(&accept->system, judging(accept), path) &&
		    generation_in_scope(accept->reference.policy, path))
			return err_set(
				err, ERR_NOINPUT,
				"nothing to accept: '%s' lies on a mount that is not entered, because no rule names it",
				QUOTE_N(path.data, path.len));
	}
	return err_set(err, ERR_NOINPUT, "nothing to accept: the baseline's policy covers none of these paths");
}

static int run(struct accept *accept, struct comparison *comparison, struct err *err)
{
	struct diff_sink sink = changes_sink(comparison->changes);
	struct stage_options options = { .old_policy = accept->reference.policy, .new_policy = accept->policy };
	struct statement statement;
	int r;

	if (accept->policy)
		sink = stage_silent_sink(); /* drift stays drift: only the policy is accepted */
	r = survey(accept, comparison, &sink, err);
	if (r >= 0)
		r = baseline_writer_from(accept->reference.state_dirfd, BASELINE_FILE, &accept->writer, err);
	if (r < 0)
		return r;
	options.system = &accept->system;
	options.tmpdir = accept->place->tmp;
	options.interrupted = accept->talk ? accept->talk->interrupted : NULL;
	options.writer = accept->writer;
	options.mounts = accept->mounts;
	options.mount_count = accept->mount_count;
	options.blind = (const struct bytes *)(void *)accept->blind.data;
	options.blind_count = accept->blind.len / sizeof(struct bytes);
	r = stage_new(&options, &accept->stage, err);
	if (r >= 0)
		r = examine(accept, comparison, &sink, err);
	if (r >= 0 && accept->paths.count && nothing_to_sign(accept) && comparison->summary.counts.examined == 0)
		return nothing_there(accept, err);
	if (r >= 0)
		r = stage_parents(accept->stage, judging(accept), &accept->system, err);
	if (r < 0)
		return r;
	count_staged(accept, comparison);
	if (accept->policy)
		comparison->summary.counts = (struct diff_counts){ .examined = comparison->summary.counts.examined };
	r = changes_finish(comparison->changes, &comparison->summary.counts, &comparison->summary.moves_limited, err);
	if (r < 0 || nothing_to_sign(accept))
		return r;
	r = commit(accept, &statement, err);
	comparison->applied = r >= 0;
	return r;
}

int op_accept(const struct place *place, const struct accept_request *request, const struct talk *talk,
	      struct comparison **ret_comparison, struct err *err)
{
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	CLEANUP(accept_done)
	struct accept accept = {
		.place = place, .request = request, .talk = talk, .reference = REFERENCE_INIT, .lock = -1
	};
	uint64_t started = time_monotonic_ns();
	int r;

	r = prepare(&accept, err);
	if (r >= 0)
		r = comparison_new(place->tmp, &comparison, err);
	if (r >= 0)
		r = run(&accept, comparison, err);
	if (r >= 0)
		r = conclude(&accept, comparison, err);
	if (r < 0)
		return r;
	comparison->summary.b = (struct report_side){ .kind = "live", .name = "/" };
	comparison->summary.seconds = (double)(time_monotonic_ns() - started) / 1e9;
	*ret_comparison = STEAL(comparison);
	return 0;
}
