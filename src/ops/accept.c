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
#include "ops/comparison.h"
#include "ops/generation.h"
#include "ops/policydrift.h"
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

static int prepare(struct accept *accept, struct err *err)
{
	const struct accept_request *request = accept->request;
	int state = -1;
	int r;

	if (accept->place->baseline || accept->place->generation)
		return err_set(err, ERR_USAGE, "accept works on the newest generation of the installed baseline");
	r = path_list_make(request->paths, request->path_count, &accept->paths, err);
	if (r >= 0)
		r = config_dir_open(accept->place->state, &state, err);
	if (r >= 0)
		r = state_lock(state, &accept->lock, err);
	fd_closep(&state);
	if (r >= 0)
		r = reference_open(accept->place, &accept->reference, err);
	if (r >= 0)
		r = config_secret_key(accept->reference.config_dirfd, "host.key", accept->talk, &accept->key, err);
	if (r < 0 || !request->policy)
		return r;
	r = policy_set_load(accept->reference.config_dirfd, &accept->files, err);
	if (r >= 0)
		r = policy_set_parse(&accept->files, &accept->policy, err);
	if (r >= 0)
		r = generation_exclude_state(accept->reference.state_dirfd, &accept->files, &accept->policy, err);
	return r;
}

/* The table of the new generation: the present one where it is accepted, the recorded one elsewhere. */
static int merge_mounts(struct accept *accept, const struct mounts_view *now, struct err *err)
{
	const struct reference *reference = &accept->reference;
	const struct path_list *paths = &accept->paths;
	size_t a = 0, b = 0;

	accept->mounts = calloc(reference->mount_count + now->count + 1, sizeof(*accept->mounts));
	if (!accept->mounts)
		return err_nomem(err);
	while (a < reference->mount_count || b < now->count) {
		const struct mount *old = a < reference->mount_count ? &reference->mounts[a] : NULL;
		const struct mount *new = b < now->count ? &now->mounts[b] : NULL;
		int order = !old ? 1 : !new ? -1 : path_compare(old->path, new->path);
		bool accepted = accept->request->all || accept->request->policy ||
				path_list_covers(paths, order <= 0 ? old->path : new->path);

		if (order <= 0 && !accepted)
			accept->mounts[accept->mount_count++] = *old;
		if (order >= 0 && accepted)
			accept->mounts[accept->mount_count++] = *new;
		a += order <= 0;
		b += order >= 0;
	}
	return 0;
}

static int survey(struct accept *accept, struct comparison *comparison, const struct diff_sink *sink, struct err *err)
{
	CLEANUP(freep) struct mount *now = NULL;
	size_t count = 0;
	struct buf ignored = BUF_INIT;
	struct diff_counts unused = { .examined = 0 };
	struct diff_sink silent = stage_silent_sink();
	int r;

	r = sys_mounts_load(NULL, &accept->system, err);
	if (r >= 0)
		r = survey_mounts(&accept->system, judging(accept), &now, &count, err);
	if (r >= 0)
		r = merge_mounts(accept, &(struct mounts_view){ now, count }, err);
	if (r < 0)
		return r;
	/* What becomes accepted is shown; what stays different hides its subtree from this scan. */
	r = mounts_compare(judging(accept),
			   &(struct mounts_view){ accept->reference.mounts, accept->reference.mount_count },
			   &(struct mounts_view){ accept->mounts, accept->mount_count }, &accept->paths, sink, &ignored,
			   &comparison->summary.counts, err);
	comparison->summary.counts.unexamined = 0;
	buf_done(&ignored);
	if (r < 0)
		return r;
	return mounts_compare(judging(accept), &(struct mounts_view){ accept->mounts, accept->mount_count },
			      &(struct mounts_view){ now, count }, &accept->paths, &silent, &accept->blind, &unused,
			      err);
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
	return r;
}

static int run(struct accept *accept, struct comparison *comparison, struct err *err)
{
	struct diff_sink sink = changes_sink(comparison->changes);
	struct stage_options options = { .old_policy = accept->reference.policy, .new_policy = accept->policy };
	struct statement statement;
	bool mounts_changed;
	int r;

	if (accept->policy)
		sink = stage_silent_sink(); /* drift stays drift: only the policy is accepted */
	r = survey(accept, comparison, &sink, err);
	if (r >= 0)
		r = baseline_writer_from(accept->reference.state_dirfd, BASELINE_FILE, &accept->writer, err);
	if (r < 0)
		return r;
	mounts_changed = comparison->summary.counts.changed > 0;
	options.writer = accept->writer;
	options.mounts = accept->mounts;
	options.mount_count = accept->mount_count;
	options.blind = (const struct bytes *)(void *)accept->blind.data;
	options.blind_count = accept->blind.len / sizeof(struct bytes);
	r = stage_new(&options, &accept->stage, err);
	if (r >= 0)
		r = examine(accept, comparison, &sink, err);
	if (r >= 0 && accept->paths.count && stage_count(accept->stage) == 0 && !mounts_changed &&
	    comparison->summary.counts.examined == 0)
		return err_set(err, ERR_NOINPUT, "nothing to accept: the baseline's policy covers none of these paths");
	if (r >= 0)
		r = stage_parents(accept->stage, judging(accept), &accept->system, err);
	if (r >= 0 && (stage_count(accept->stage) || mounts_changed || accept->policy)) {
		r = commit(accept, &statement, err);
		comparison->applied = r >= 0;
	}
	if (r >= 0 && accept->policy)
		comparison->summary.counts = (struct diff_counts){ .examined = comparison->summary.counts.examined };
	if (r >= 0)
		r = changes_finish(comparison->changes, &comparison->summary.counts, &comparison->summary.moves_limited,
				   err);
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
	comparison->summary.b = (struct report_side){ "live", "/" };
	comparison->summary.seconds = (double)(time_monotonic_ns() - started) / 1e9;
	*ret_comparison = STEAL(comparison);
	return 0;
}
