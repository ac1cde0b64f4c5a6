/* policy.c - a parsed policy and what it says of a path; see policy.h. */
#include "policy/policy_inner.h"

#include <stdlib.h>

#include "base/cleanup.h"

void policy_freep(struct policy **policy)
{
	struct policy *old = STEAL(*policy);

	if (!old)
		return;
	for (size_t i = 0; i < old->profile_count; i++) {
		free(old->profiles[i]->name);
		free(old->profiles[i]);
	}
	for (size_t i = 0; i < old->rule_count; i++) {
		free(old->rules[i].rule.path);
		free(old->rules[i].rule.origin);
		pattern_done(&old->rules[i].pattern);
	}
	for (size_t i = 0; i < old->root_count; i++)
		free(old->roots[i]);
	free(old->profiles);
	free(old->rules);
	free(old->roots);
	free(old->named);
	free(old->unnamed);
	free(old);
}

uint64_t policy_max_content(const struct policy *policy)
{
	return policy->max_content;
}

size_t policy_rule_count(const struct policy *policy)
{
	return policy->rule_count;
}

const struct rule *policy_rule(const struct policy *policy, size_t index)
{
	return &policy->rules[index].rule;
}

size_t policy_profile_count(const struct policy *policy)
{
	return policy->profile_count;
}

const struct profile *policy_profile(const struct policy *policy, size_t index)
{
	return policy->profiles[index];
}

size_t policy_root_count(const struct policy *policy)
{
	return policy->root_count;
}

const char *policy_root(const struct policy *policy, size_t index)
{
	return policy->roots[index];
}

bool policy_names_below(const struct policy *policy, struct bytes path)
{
	struct bytes above = pattern_text(path);

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct pattern *pattern = &policy->rules[i].pattern;

		if (!rule_excludes(&policy->rules[i].rule) && pattern->base_len >= above.len &&
		    memcmp(pattern->literal, above.data, above.len) == 0 &&
		    (pattern->base_len == above.len || pattern->literal[above.len] == '/'))
			return true;
	}
	return false;
}

void verdict_add(struct verdict *verdict, const struct rule *rule)
{
	verdict->last = rule;
	if (rule->profile) {
		verdict->profile = rule->profile;
		verdict->excluded = false;
	}
	if (rule->has_exclude)
		verdict->excluded = rule->exclude;
	if (rule->has_severity) {
		verdict->severity = rule->severity;
		verdict->has_severity = true;
	}
}

void verdict_end(const struct verdict *verdict, const struct policy *policy, struct decision *ret_decision)
{
	*ret_decision = (struct decision){
		.in_scope = verdict->last && !verdict->excluded,
		.excluded = verdict->excluded,
		.profile = verdict->profile ? verdict->profile : policy->fallback,
		.severity = verdict->has_severity ? verdict->severity : SEVERITY_MEDIUM,
		.rule = verdict->last,
	};
}

static bool applies(const struct policy_rule *rule, struct bytes text, bool is_dir)
{
	return rule_wants(&rule->rule, is_dir) &&
	       pattern_matches(&rule->pattern, rule->rule.only == ONLY_SELF, text, 0, NULL);
}

void policy_decide(const struct policy *policy, struct bytes path, bool is_dir, struct decision *ret_decision)
{
	struct bytes text = pattern_text(path);
	struct policy_candidates candidates;
	struct verdict verdict = { .last = NULL };
	size_t index;

	policy_candidates(policy, text, &candidates);
	while (policy_candidate_next(&candidates, &index))
		if (applies(&policy->rules[index], text, is_dir))
			verdict_add(&verdict, &policy->rules[index].rule);
	verdict_end(&verdict, policy, ret_decision);
}

size_t policy_matches(const struct policy *policy, struct bytes path, bool is_dir, const struct rule **rules)
{
	struct bytes text = pattern_text(path);
	struct policy_candidates candidates;
	size_t count = 0, index;

	policy_candidates(policy, text, &candidates);
	while (policy_candidate_next(&candidates, &index))
		if (applies(&policy->rules[index], text, is_dir))
			rules[count++] = &policy->rules[index].rule;
	return count;
}
