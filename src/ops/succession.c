/* succession.c - see succession.h. */
#include "ops/succession.h"

#include <string.h>

#include "base/cleanup.h"
#include "ops/policytexts.h"

struct side {
	struct policy_texts texts;
	struct policy *policy;
	struct mounts_view mounts;
};

static void side_done(struct side *side)
{
	policy_freep(&side->policy);
}

static int side_load(struct baseline *baseline, uint64_t sequence, struct side *side, struct err *err)
{
	struct policy_source source;
	int r;

	r = baseline_policy(baseline, sequence, &side->texts.files, &side->texts.count, &side->texts.resolved, err);
	if (r < 0)
		return r;
	source = (struct policy_source){ "signed policy", side->texts.resolved->text, side->texts.resolved->len };
	r = policy_parse(&source, 1, &side->policy, err);
	if (r >= 0)
		r = baseline_mounts(baseline, sequence, &side->mounts.mounts, &side->mounts.count, err);
	return r < 0 ? err_wrap(err, r, "generation %llu", (unsigned long long)sequence) : 0;
}

/* Of some pairs those whose path a policy covers, or those that it does not cover. */
struct scoped {
	struct pairs pairs;
	struct pairs *from;
	struct policy_walk *walk;
	bool covered;
};

/* As diff decides it: by the later type, then, when that is out of scope, by the earlier. */
static int is_covered(struct policy_walk *walk, const struct pair *pair, struct err *err)
{
	const struct entry *known = pair->b ? pair->b : pair->a;
	struct decision decision;
	int r;

	r = policy_walk_decide(walk, known->path, known->type == TYPE_DIR, &decision, err);
	if (r >= 0 && !decision.in_scope && pair->a && pair->b)
		r = policy_walk_decide(walk, known->path, pair->a->type == TYPE_DIR, &decision, err);
	return r < 0 ? r : decision.in_scope;
}

static int scoped_next(struct pairs *pairs, struct pair *ret_pair, struct err *err)
{
	struct scoped *scoped = (struct scoped *)(void *)pairs;
	struct pair pair;
	int r;

	while ((r = pairs_next(scoped->from, &pair, err)) > 0) {
		r = is_covered(scoped->walk, &pair, err);
		if (r < 0)
			return r;
		if ((r > 0) == scoped->covered) {
			*ret_pair = pair;
			return 1;
		}
	}
	return r;
}

/* Which pairs one pass judges, and by which policy. */
struct pass {
	const struct policy *scope, *policy;
	bool covered, strangers;
};

static int run_pass(const struct succession *succession, const struct pass *pass, struct comparison *comparison,
		    struct err *err)
{
	CLEANUP(tree_freep) struct tree *a = NULL;
	CLEANUP(tree_freep) struct tree *b = NULL;
	CLEANUP(pairs_freep) struct pairs *all = NULL;
	CLEANUP(policy_walk_freep) struct policy_walk *walk = NULL;
	struct diff_options options = { .policy = pass->policy, .strangers = pass->strangers };
	struct diff_sink sink = changes_sink(comparison->changes);
	struct scoped scoped = { .pairs = { .next = scoped_next }, .covered = pass->covered };
	int r;

	r = baseline_tree(succession->then, succession->last, NULL, NULL, &a, err);
	if (r >= 0)
		r = baseline_tree(succession->now, succession->newest, NULL, NULL, &b, err);
	if (r >= 0)
		r = pairs_join(a, b, &all, err);
	if (r >= 0)
		r = policy_walk_new(pass->scope, &walk, err);
	if (r < 0)
		return r;
	scoped.from = all;
	scoped.walk = walk;
	return diff_run(&scoped.pairs, &options, &sink, &comparison->summary.counts, err);
}

static int compare_entries(const struct succession *succession, const struct side *a, const struct side *b,
			   struct comparison *comparison, struct err *err)
{
	bool strangers = a->mounts.count == 0;
	struct pass old = { a->policy, a->policy, true, strangers };
	struct pass new = { a->policy, b->policy, false, strangers };
	int r = run_pass(succession, &old, comparison, err);

	return r < 0 ? r : run_pass(succession, &new, comparison, err);
}

/* Both sides are records: what a mount would hide from a scan stands in them all the same. */
static int ignore_unexamined(void *context, const struct unexamined *unexamined, struct err *err)
{
	(void)context, (void)unexamined, (void)err;
	return 0;
}

static int compare_mounts(const struct side *a, const struct side *b, struct comparison *comparison, struct err *err)
{
	const struct path_list everywhere = PATH_LIST_INIT;
	CLEANUP(buf_done) struct buf blind = BUF_INIT;
	struct diff_sink sink = changes_sink(comparison->changes);
	struct diff_counts counts = { .examined = 0 };
	int r;

	sink.unexamined = ignore_unexamined;
	r = mounts_compare(NULL, &a->mounts, &b->mounts, &everywhere, &sink, &blind, &counts, err);
	if (r >= 0)
		comparison->summary.counts.changed += counts.changed;
	return r;
}

static int compare_policies(const struct succession *succession, const struct side *a, const struct side *b,
			    struct comparison *comparison, struct err *err)
{
	struct diff_sink sink = changes_sink(comparison->changes);
	unsigned long long last = succession->last, newest = succession->newest;
	int r;

	if (strcmp(baseline_statement(succession->now, succession->last)->policy,
		   baseline_statement(succession->now, succession->newest)->policy) == 0)
		return 0;
	r = policy_texts_compare(&a->texts, &b->texts, &sink, &comparison->summary.counts, err);
	if (r < 0)
		return r;
	return comparison_note(comparison, err,
			       "the policy of generation %llu differs from that of generation %llu, which judges here "
			       "where it reaches",
			       newest, last);
}

int succession_compare(const struct succession *succession, struct comparison *comparison, struct err *err)
{
	CLEANUP(side_done) struct side a = { .policy = NULL };
	CLEANUP(side_done) struct side b = { .policy = NULL };
	int r;

	r = side_load(succession->then, succession->last, &a, err);
	if (r >= 0)
		r = side_load(succession->now, succession->newest, &b, err);
	if (r >= 0)
		r = compare_policies(succession, &a, &b, comparison, err);
	if (r >= 0)
		r = compare_mounts(&a, &b, comparison, err);
	if (r >= 0)
		r = compare_entries(succession, &a, &b, comparison, err);
	if (r >= 0)
		r = changes_finish(comparison->changes, &comparison->summary.counts, &comparison->summary.moves_limited,
				   err);
	return r;
}
