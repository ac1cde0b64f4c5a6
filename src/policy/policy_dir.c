/*
 * policy_dir.c - deciding the names in a directory from what is known of the directory.
 *
 * A directory keeps, in their order, the rules that still matter in it: those that cover it (nothing is left to
 * match) and those that may match further down, each with how far its pattern has got. A rule in neither state is
 * never looked at again below. Most names are matched by no live rule and share a decision made once.
 */
#include "policy/policy_inner.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* A rule that matters in the directory. */
struct item {
	uint32_t rule;
	bool covers;
	size_t states; /* live: index of its positions in dir->states */
};

struct policy_dir {
	const struct policy *policy;
	size_t matched; /* bytes of a child's path that have been matched: up to the slash before its name */
	struct item *items;
	size_t count;
	uint64_t *states;
	struct byte_set first; /* names that begin with no other byte are matched by no live rule */
	struct decision usual[2]; /* of such names: [is_dir] */
};

void policy_dir_freep(struct policy_dir **dir)
{
	struct policy_dir *old = STEAL(*dir);

	if (!old)
		return;
	free(old->items);
	free(old->states);
	free(old);
}

/* What the rules that are asked, PARENT's or all, say of what lies below TEXT. */
struct source {
	const struct policy *policy;
	const struct policy_dir *parent;
};

static size_t source_count(const struct source *source)
{
	return source->parent ? source->parent->count : source->policy->rule_count;
}

static size_t source_rule(const struct source *source, size_t at)
{
	return source->parent ? source->parent->items[at].rule : at;
}

static enum pattern_fate source_fate(const struct source *source, size_t at, struct bytes text, uint64_t *ret_states)
{
	const struct policy_dir *parent = source->parent;
	const struct policy_rule *rule = &source->policy->rules[source_rule(source, at)];
	bool self = rule->rule.only == ONLY_SELF;

	if (!parent)
		return pattern_descend(&rule->pattern, self, text, 0, NULL, ret_states);
	if (parent->items[at].covers)
		return PATTERN_COVERS;
	return pattern_descend(&rule->pattern, self, text, parent->matched, parent->states + parent->items[at].states,
			       ret_states);
}

/* Fills the items; STATES collects the positions of the live ones. */
static int fill(struct policy_dir *dir, const struct source *source, struct bytes text, struct buf *states,
		struct err *err)
{
	for (size_t i = 0; i < source_count(source); i++) {
		uint64_t words[PATTERN_MAX_WORDS];
		size_t rule = source_rule(source, i);
		const struct pattern *pattern = &dir->policy->rules[rule].pattern;
		enum pattern_fate fate;

		memset(words, 0, pattern->words * sizeof(*words));
		fate = source_fate(source, i, text, words);
		if (fate == PATTERN_DEAD)
			continue;
		dir->items[dir->count++] = (struct item){
			.rule = (uint32_t)rule,
			.covers = fate == PATTERN_COVERS,
			.states = states->len / sizeof(uint64_t),
		};
		if (fate == PATTERN_LIVE && buf_add(states, words, pattern->words * sizeof(*words)) < 0)
			return err_nomem(err);
	}
	return 0;
}

/* What every name that no live rule matches is told. */
static void decide_usual(struct policy_dir *dir)
{
	struct verdict verdicts[2] = { { .last = NULL }, { .last = NULL } };

	for (size_t i = 0; i < dir->count; i++) {
		const struct policy_rule *rule = &dir->policy->rules[dir->items[i].rule];

		if (!dir->items[i].covers) {
			pattern_first_bytes(&rule->pattern, dir->matched, dir->states + dir->items[i].states,
					    &dir->first);
			continue;
		}
		for (int is_dir = 0; is_dir < 2; is_dir++)
			if (rule_wants(&rule->rule, is_dir))
				verdict_add(&verdicts[is_dir], &rule->rule);
	}
	for (int is_dir = 0; is_dir < 2; is_dir++)
		verdict_end(&verdicts[is_dir], dir->policy, &dir->usual[is_dir]);
}

int policy_dir_new(const struct policy *policy, const struct policy_dir *parent, struct bytes path,
		   struct policy_dir **ret_dir, struct err *err)
{
	CLEANUP(policy_dir_freep) struct policy_dir *dir = calloc(1, sizeof(*dir));
	CLEANUP(buf_done) struct buf states = BUF_INIT;
	struct source source = { policy, parent };
	struct bytes text = pattern_text(path);
	int r;

	if (!dir)
		return err_nomem(err);
	dir->policy = policy;
	dir->matched = text.len + 1;
	dir->items = calloc(source_count(&source) + 1, sizeof(*dir->items));
	if (!dir->items)
		return err_nomem(err);
	r = fill(dir, &source, text, &states, err);
	if (r < 0)
		return r;
	dir->states = (uint64_t *)(void *)STEAL(states.data);
	decide_usual(dir);
	*ret_dir = STEAL(dir);
	return 0;
}

static bool item_matches(const struct policy_dir *dir, const struct item *item, struct bytes text, bool is_dir)
{
	const struct policy_rule *rule = &dir->policy->rules[item->rule];

	return rule_wants(&rule->rule, is_dir) &&
	       (item->covers || pattern_matches(&rule->pattern, rule->rule.only == ONLY_SELF, text, dir->matched,
						dir->states + item->states));
}

void policy_dir_decide(const struct policy_dir *dir, struct bytes child_path, bool is_dir,
		       struct decision *ret_decision)
{
	struct bytes text = pattern_text(child_path);
	struct verdict verdict = { .last = NULL };

	if (text.len <= dir->matched || !byte_set_has(&dir->first, text.data[dir->matched])) {
		*ret_decision = dir->usual[is_dir];
		return;
	}
	for (size_t i = 0; i < dir->count; i++)
		if (item_matches(dir, &dir->items[i], text, is_dir))
			verdict_add(&verdict, &dir->policy->rules[dir->items[i].rule].rule);
	verdict_end(&verdict, dir->policy, ret_decision);
}

/*
 * Goes through the rules that reach below the child, in order. One that covers all and excludes shuts off what is
 * before it; only a profile or `exclude: false` after it opens again, be it for a part.
 */
bool policy_dir_may_enter(const struct policy_dir *dir, struct bytes child_path)
{
	struct source source = { dir->policy, dir };
	struct bytes text = pattern_text(child_path);
	bool open = false, shut = false;

	for (size_t i = 0; i < dir->count; i++) {
		uint64_t states[PATTERN_MAX_WORDS];
		const struct rule *rule = &dir->policy->rules[dir->items[i].rule].rule;
		enum pattern_fate fate = source_fate(&source, i, text, states);

		if (fate == PATTERN_DEAD)
			continue;
		if (rule_excludes(rule)) {
			if (fate == PATTERN_COVERS && rule->only == ONLY_ALL) {
				open = false;
				shut = true;
			}
			continue;
		}
		if (!shut || rule->profile || rule->has_exclude)
			open = true;
	}
	return open;
}
