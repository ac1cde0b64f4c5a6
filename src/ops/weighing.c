/* weighing.c - see weighing.h. */
#include "ops/weighing.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/quote.h"

void weighing_done(struct weighing *weighing)
{
	policy_drift_freep(&weighing->drift);
	comparison_freep(&weighing->comparison);
	buf_done(&weighing->blind);
}

int weighing_begin(struct weighing *weighing, struct err *err)
{
	const struct reference *reference = weighing->reference;
	const struct mounts_view recorded = { reference->mounts, reference->mount_count };
	int r;

	r = comparison_new(weighing->place->tmp, &weighing->comparison, err);
	if (r >= 0)
		r = policy_drift_new(weighing->place, reference, changes_sink(weighing->comparison->changes),
				     &weighing->drift, err);
	if (r < 0)
		return r;
	weighing->rotation = (struct rotation){ .next = policy_drift_sink(weighing->drift),
						.interrupted = weighing->interrupted,
						.quick = weighing->believe_rotated };
	weighing->sink = rotation_sink(&weighing->rotation);
	if (reference->mount_count == 0)
		return 0;
	return mounts_compare(reference->policy, &recorded, &weighing->mounts, weighing->paths, &weighing->sink,
			      &weighing->blind, &weighing->comparison->summary.counts, err);
}

int weighing_run(struct weighing *weighing, struct pairs *pairs, struct err *err)
{
	struct report_summary *summary = &weighing->comparison->summary;
	struct diff_options options = {
		.policy = weighing->reference->policy,
		.quick = weighing->quick,
		.strangers = weighing->reference->mount_count == 0,
	};
	int r;

	options.blind = weighing_blind(weighing, &options.blind_count);
	r = diff_run(pairs, &options, &weighing->sink, &summary->counts, err);
	summary->counts.changed -= weighing->rotation.logs;
	summary->rotated = weighing->rotation.logs;
	return r;
}

static int nothing_in_scope(const struct weighing *weighing, struct err *err)
{
	const struct diff_counts *counts = &weighing->comparison->summary.counts;

	if (counts->examined || counts->removed || counts->unexamined || counts->changed)
		return 0;
	if (weighing->paths->count)
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
static int note_uncovered(const struct weighing *weighing, struct err *err)
{
	const struct path_list *asked = weighing->asked;
	struct comparison *comparison = weighing->comparison;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < asked->count; i++) {
		bool covered;

		r = is_covered(weighing->reference->policy, asked->paths[i], &covered, err);
		if (r < 0 || covered)
			continue;
		comparison->summary.counts.not_in_baseline++;
		r = comparison_note(comparison, err, "not in the baseline's scope, so not judged: %s",
				    QUOTE_N(asked->paths[i].data, asked->paths[i].len));
	}
	return r;
}

/* Another machine's baseline, or one that goes on beyond what a trusted key signed, is said in the head. */
static int add_notes(const struct weighing *weighing, struct err *err)
{
	const struct reference *reference = weighing->reference;
	struct comparison *comparison = weighing->comparison;
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
		r = comparison_note(comparison, err,
				    "the baseline was not made of a running system: mounts, inodes and change times "
				    "are not compared");
	return r < 0 ? r : note_uncovered(weighing, err);
}

int weighing_end(struct weighing *weighing, bool moves, struct comparison **ret_comparison, struct err *err)
{
	struct comparison *comparison = weighing->comparison;
	struct report_summary *summary = &comparison->summary;
	int r;

	r = nothing_in_scope(weighing, err);
	if (r >= 0)
		r = policy_drift_finish(weighing->drift, comparison, err);
	if (r >= 0 && moves)
		r = changes_finish(comparison->changes, &summary->counts, &summary->moves_limited, err);
	if (r >= 0 && !moves)
		r = changes_sort(comparison->changes, err);
	if (r >= 0)
		r = reference_summary(weighing->reference, weighing->place, comparison->texts, summary, err);
	if (r >= 0)
		r = add_notes(weighing, err);
	if (r < 0)
		return r;
	summary->b = (struct report_side){ .kind = "live", .name = "/" };
	summary->quick = weighing->quick;
	summary->bytes_read = weighing->rotation.bytes_read;
	*ret_comparison = STEAL(weighing->comparison);
	return 0;
}
