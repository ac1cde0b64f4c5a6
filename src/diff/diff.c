/*
 * diff.c - see diff.h: the pairs one by one, through the policy and the judge to the sink.
 *
 * Equal pairs, nearly all of them, cost one comparison and no question to the policy.
 */
#include "diff/diff.h"

#include "base/cleanup.h"
#include "diff/judge.h"
#include "diff/pending.h"

struct run {
	const struct diff_options *options;
	const struct diff_sink *sink;
	struct diff_counts *counts;
	struct pending *pending;
	struct policy_walk *walk;
};

const char *change_kind_name(enum change_kind kind)
{
	static const char *const names[] = { "added", "removed", "changed", "moved" };

	return names[kind];
}

static int emit(struct run *run, const struct change *change, struct err *err)
{
	switch (change->kind) {
	case CHANGE_ADDED:
		run->counts->added++;
		break;
	case CHANGE_REMOVED:
		run->counts->removed++;
		break;
	case CHANGE_CHANGED:
		run->counts->changed++;
		break;
	case CHANGE_MOVED:
		run->counts->moved++;
		break;
	}
	return run->sink->change(run->sink->context, change, err);
}

static int emit_unexamined(struct run *run, char side, const struct entry *entry, struct err *err)
{
	const struct unexamined unexamined = {
		.side = side,
		.path = entry->path,
		.reason = entry->problem.len ? entry->problem : bytes_of("could not be read"),
	};

	run->counts->unexamined++;
	return run->sink->unexamined(run->sink->context, &unexamined, err);
}

/* What this side says about everything below: nothing, when it could not list the directory or look at all. */
static bool is_blind(const struct entry *entry)
{
	if (!entry)
		return false;
	if (entry->failed & ATTR_BIT(ATTR_TYPE))
		return true;
	return judge_is(entry, TYPE_DIR) && (entry->failed & ATTR_BIT(ATTR_CONTENT));
}

static bool is_dir(const struct pair *pair)
{
	return judge_is(pair->b ? pair->b : pair->a, TYPE_DIR);
}

static int decide(const struct run *run, const struct pair *pair, struct bytes path, struct decision *ret_decision,
		  struct err *err)
{
	int r = policy_walk_decide(run->walk, path, is_dir(pair), ret_decision, err);

	/* it became another type, for which no rule speaks: then that of before */
	if (r == 0 && !ret_decision->in_scope && pair->a && pair->b && judge_is(pair->a, TYPE_DIR) != is_dir(pair))
		r = policy_walk_decide(run->walk, path, judge_is(pair->a, TYPE_DIR), ret_decision, err);
	return r;
}

/* Does the name stand for another inode now? Numbers are used again at once; the rest never changes in one. */
static bool is_replaced(const struct run *run, const struct pair *pair)
{
	const uint32_t inode = ATTR_BIT(ATTR_INODE);
	const uint32_t fixed = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_BTIME) | ATTR_BIT(ATTR_TARGET) | ATTR_BIT(ATTR_RDEV);

	if (judge_strangers(run->options, pair->b->path) || !(pair->a->value & pair->b->value & inode))
		return true;
	return entry_differs(pair->a, pair->b) & (inode | fixed);
}

/* A change that its parent directory shows: the name came, went, or stands for another inode. */
static void explain_parent(struct run *run, const struct pair *pair, struct bytes path)
{
	bool dir = (pair->a && judge_is(pair->a, TYPE_DIR)) || (pair->b && judge_is(pair->b, TYPE_DIR));

	if (!pair->a || !pair->b || is_replaced(run, pair))
		pending_explain(run->pending, path, dir);
}

static int judge_pair(struct run *run, const struct pair *pair, const struct decision *decision, struct err *err)
{
	struct judgement judgement = judge_both(pair->a, pair->b, decision->profile, run->options);
	const struct change change = {
		.kind = CHANGE_CHANGED,
		.attributes = judgement.differs,
		.before = pair->a,
		.after = pair->b,
		.severity = decision->severity,
		.rule = decision->rule ? decision->rule->origin : NULL,
		.log = judgement.log,
		.path = pair->b->path,
	};
	bool blind = is_blind(pair->a) || is_blind(pair->b);
	int r;

	for (unsigned attr = 0; attr < ATTR_COUNT; attr++)
		run->counts->incomparable[attr] += (judgement.incomparable >> attr) & 1;
	if (!blind && (judgement.failed_a | judgement.failed_b)) {
		bool b = judgement.failed_b != 0;

		r = emit_unexamined(run, b ? 'b' : 'a', b ? pair->b : pair->a, err);
		if (r < 0)
			return r;
	}
	if (!judgement.differs) {
		/* replaced, as the profile expects: the directory's times show it all the same */
		if (decision->profile->kind == PROFILE_VOLATILE)
			explain_parent(run, pair, pair->b->path);
		return 0;
	}
	if (judge_is(pair->a, TYPE_DIR) && judge_is(pair->b, TYPE_DIR) && !(judgement.differs & ~PENDING_FOLLOWS))
		return pending_hold(run->pending, &change, err);
	explain_parent(run, pair, pair->b->path);
	return emit(run, &change, err);
}

static int judge_one(struct run *run, const struct pair *pair, const struct decision *decision, struct err *err)
{
	const struct entry *entry = pair->b ? pair->b : pair->a;
	const struct change change = {
		.kind = pair->b ? CHANGE_ADDED : CHANGE_REMOVED,
		.before = pair->a,
		.after = pair->b,
		.severity = decision->severity,
		.rule = decision->rule ? decision->rule->origin : NULL,
		.path = entry->path,
	};
	int r;

	/* even where its coming and going is expected: the directory's times show it */
	explain_parent(run, pair, entry->path);
	if (pair->b && !is_blind(entry) && judge_one_failed(entry, decision->profile, run->options)) {
		r = emit_unexamined(run, 'b', entry, err);
		if (r < 0)
			return r;
	}
	return judge_one_tells(entry, decision->profile) ? emit(run, &change, err) : 0;
}

/* Directories that are over, and what could not be seen into. */
static int advance(struct run *run, struct bytes path, struct err *err)
{
	struct change change;

	while (pending_advance(run->pending, path, &run->counts->followed, &change)) {
		int r = emit(run, &change, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int note_blind(struct run *run, const struct pair *pair, struct bytes path, struct err *err)
{
	bool a = is_blind(pair->a), b = is_blind(pair->b);
	int r;

	/* a directory that is gone hides nothing, whatever could be seen of it before */
	if (!b && !(a && pair->b))
		return 0;
	r = emit_unexamined(run, b ? 'b' : 'a', b ? pair->b : pair->a, err);
	if (r < 0)
		return r;
	return pending_blind(run->pending, path, a, b, err);
}

static bool below_blind_mount(const struct diff_options *options, struct bytes path)
{
	for (size_t i = 0; i < options->blind_count; i++) {
		if (path_covers(options->blind[i], path))
			return true;
	}
	return false;
}

static bool nothing_to_judge(const struct diff_options *options, const struct pair *pair)
{
	uint32_t looked;

	if (!pair->a || !pair->b || pair->a->failed || pair->b->failed || entry_differs(pair->a, pair->b))
		return false;
	/* the head tells what the content, not recorded, does not */
	if (pair->a->head != pair->b->head)
		return false;
	looked = entry_incomparable(pair->a, pair->b);
	if (options->quick && !((pair->b->value | pair->b->none) & ATTR_BIT(ATTR_CONTENT)))
		looked &= ~ATTR_BIT(ATTR_CONTENT);
	return looked == 0;
}

static int judge_slowly(struct run *run, const struct pair *pair, struct err *err)
{
	struct bytes path = pair->b ? pair->b->path : pair->a->path;
	struct decision decision;
	int r;

	if (below_blind_mount(run->options, path))
		return 0;
	if (!pair->b && pending_is_blind(run->pending, path, 'b'))
		return 0;
	r = note_blind(run, pair, path, err);
	if (r < 0)
		return r;
	if (!pair->a && pending_is_blind(run->pending, path, 'a'))
		return 0;
	r = decide(run, pair, path, &decision, err);
	if (r < 0)
		return r;
	if (!decision.in_scope) {
		run->counts->not_in_baseline += !pair->a;
		return 0;
	}
	run->counts->examined += pair->b && !(pair->b->failed & ATTR_BIT(ATTR_TYPE));
	return pair->a && pair->b ? judge_pair(run, pair, &decision, err) : judge_one(run, pair, &decision, err);
}

int diff_run(struct pairs *pairs, const struct diff_options *options, const struct diff_sink *sink,
	     struct diff_counts *counts, struct err *err)
{
	CLEANUP(pending_freep) struct pending *pending = NULL;
	CLEANUP(policy_walk_freep) struct policy_walk *walk = NULL;
	struct run run = { .options = options, .sink = sink, .counts = counts };
	struct pair pair;
	int r;

	r = pending_new(&pending, err);
	if (r < 0)
		return r;
	r = policy_walk_new(options->policy, &walk, err);
	if (r < 0)
		return r;
	run.pending = pending;
	run.walk = walk;
	while ((r = pairs_next(pairs, &pair, err)) > 0) {
		r = advance(&run, pair.b ? pair.b->path : pair.a->path, err);
		if (r < 0)
			return r;
		if (nothing_to_judge(options, &pair)) {
			counts->examined++;
			continue;
		}
		r = judge_slowly(&run, &pair, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	return advance(&run, (struct bytes){ NULL, 0 }, err);
}
