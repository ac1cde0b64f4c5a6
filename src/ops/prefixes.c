/* prefixes.c - see prefixes.h. */
#include "ops/prefixes.h"

#include "base/cleanup.h"

static bool has_logs(const struct policy *policy)
{
	for (size_t i = 0; i < policy_rule_count(policy); i++) {
		const struct rule *rule = policy_rule(policy, i);

		if (rule->profile && rule->profile->kind == PROFILE_GROWING)
			return true;
	}
	return false;
}

static int add(struct prefixes *prefixes, const struct entry *entry, struct err *err)
{
	const struct prefix_of row = {
		.path = { (const unsigned char *)texts_add_bytes(prefixes->texts, entry->path.data, entry->path.len),
			  entry->path.len },
		.bytes = entry->value & ATTR_BIT(ATTR_CONTENT) ? entry->digest_bytes : entry->size,
	};

	return !row.path.data || buf_add(&prefixes->rows, &row, sizeof(row)) < 0 ? err_nomem(err) : 0;
}

static int collect(struct tree *tree, const struct policy *policy, struct prefixes *prefixes, struct err *err)
{
	CLEANUP(policy_walk_freep) struct policy_walk *walk = NULL;
	const struct entry *entry;
	struct decision decision;
	int r = policy_walk_new(policy, &walk, err);

	while (r >= 0 && (r = tree_next(tree, &entry, err)) > 0) {
		const uint32_t needed = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_SIZE);

		if ((entry->value & needed) != needed || entry->type != TYPE_FILE)
			continue;
		r = policy_walk_decide(walk, entry->path, false, &decision, err);
		if (r < 0 || !decision.in_scope || decision.profile->kind != PROFILE_GROWING)
			continue;
		if (!hoard_takes(&prefixes->hoard, entry->path.len))
			return 0;
		r = add(prefixes, entry, err);
	}
	return r;
}

int prefixes_find(struct side *side, const struct look_options *look, struct prefixes *prefixes, struct err *err)
{
	struct look_options quick = *look;
	int r;

	if (!has_logs(look->policy))
		return 0;
	quick.metadata_only = true;
	r = side_start(side, &quick, err);
	if (r >= 0)
		r = side_tree(side, &quick, NULL, NULL, err);
	if (r >= 0)
		r = collect(side->tree, look->policy, prefixes, err);
	side_end(side);
	return r;
}
