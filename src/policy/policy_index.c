/* policy_index.c - the roots of a policy, and its rules by the first name of their paths. */
#include "policy/policy_inner.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* "/name" at the beginning of a text, or nothing. */
static struct bytes first_name(const unsigned char *text, size_t len)
{
	const unsigned char *end = len > 1 ? memchr(text + 1, '/', len - 1) : NULL;

	return (struct bytes){ text, end ? (size_t)(end - text) : len };
}

static struct bytes name_of(const struct policy *policy, const struct named_rule *named)
{
	return (struct bytes){ policy->rules[named->rule].pattern.literal, named->name_len };
}

static int compare_named(const void *a, const void *b, void *policy)
{
	const struct named_rule *first = a, *second = b;
	int order = path_compare(name_of(policy, first), name_of(policy, second));

	return order ? order : (first->rule > second->rule) - (first->rule < second->rule);
}

/* Sorts the rules that have a whole first name, and tells each where those of the same name end. */
static void sort_named(struct policy *policy)
{
	struct named_rule *named = policy->named;

	qsort_r(named, policy->named_count, sizeof(*named), compare_named, policy);
	for (size_t i = policy->named_count; i-- > 0;) {
		bool last = i + 1 == policy->named_count ||
			    !bytes_equal(name_of(policy, &named[i]), name_of(policy, &named[i + 1]));

		named[i].end = last ? (uint32_t)(i + 1) : named[i + 1].end;
	}
}

void policy_candidates(const struct policy *policy, struct bytes text, struct policy_candidates *ret_candidates)
{
	struct bytes name = first_name(text.data, text.len);
	size_t low = 0, high = policy->named_count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (path_compare(name_of(policy, &policy->named[middle]), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	end = low;
	if (low < policy->named_count && bytes_equal(name_of(policy, &policy->named[low]), name))
		end = policy->named[low].end;
	ret_candidates->next = text.len > name.len + 1 ? text.data[name.len + 1] : 0;
	ret_candidates->named = policy->named + low;
	ret_candidates->named_end = policy->named + end;
	ret_candidates->unnamed = policy->unnamed;
	ret_candidates->unnamed_end = policy->unnamed + policy->unnamed_count;
}

bool policy_candidate_next(struct policy_candidates *candidates, size_t *ret_index)
{
	const struct named_rule *named = candidates->named;
	bool unnamed = candidates->unnamed < candidates->unnamed_end;

	while (named < candidates->named_end && named->next && named->next != candidates->next)
		named++;
	candidates->named = named;
	if (named == candidates->named_end && !unnamed)
		return false;
	if (!unnamed || (named < candidates->named_end && named->rule < *candidates->unnamed))
		*ret_index = candidates->named++->rule;
	else
		*ret_index = *candidates->unnamed++;
	return true;
}

static int compare_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* As bytes, but for the slash, which comes first: what lies below a path follows it at once. */
static int compare_nested(const void *a, const void *b)
{
	const unsigned char *first = *(unsigned char *const *)a, *second = *(unsigned char *const *)b;

	while (*first && *first == *second) {
		first++;
		second++;
	}
	return (*first == '/' ? 1 : *first) - (*second == '/' ? 1 : *second);
}

/* Drops what lies below another root; sorts the others. */
static void keep_outermost(struct policy *policy)
{
	size_t kept = 0;

	qsort(policy->roots, policy->root_count, sizeof(*policy->roots), compare_nested);
	for (size_t i = 0; i < policy->root_count; i++) {
		if (kept && path_covers(bytes_of(policy->roots[kept - 1]), bytes_of(policy->roots[i])))
			free(policy->roots[i]);
		else
			policy->roots[kept++] = policy->roots[i];
	}
	policy->root_count = kept;
	qsort(policy->roots, policy->root_count, sizeof(*policy->roots), compare_bytes);
}

static int find_roots(struct policy *policy, struct err *err)
{
	policy->roots = calloc(policy->rule_count, sizeof(*policy->roots));
	if (!policy->roots)
		return err_nomem(err);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct pattern *pattern = &policy->rules[i].pattern;
		char *root;

		if (rule_excludes(&policy->rules[i].rule))
			continue;
		root = pattern->base_len ? strndup((const char *)pattern->literal, pattern->base_len) : strdup("/");
		if (!root)
			return err_nomem(err);
		policy->roots[policy->root_count++] = root;
	}
	keep_outermost(policy);
	return 0;
}

int policy_index(struct policy *policy, struct err *err)
{
	policy->named = calloc(policy->rule_count, sizeof(*policy->named));
	policy->unnamed = calloc(policy->rule_count, sizeof(*policy->unnamed));
	if (!policy->named || !policy->unnamed)
		return err_nomem(err);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct pattern *pattern = &policy->rules[i].pattern;
		size_t name_len = first_name(pattern->literal, pattern->base_len).len;

		if (pattern->base_len)
			policy->named[policy->named_count++] = (struct named_rule){
				.rule = (uint32_t)i,
				.name_len = (uint32_t)name_len,
				.next = pattern->literal_len > name_len + 1 ? pattern->literal[name_len + 1] : 0,
			};
		else
			policy->unnamed[policy->unnamed_count++] = (uint32_t)i;
	}
	sort_named(policy);
	return find_roots(policy, err);
}
