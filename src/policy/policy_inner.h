/*
 * policy_inner.h - what a policy is made of; for the files of this folder only.
 */
#ifndef POLICY_POLICY_INNER_H
#define POLICY_POLICY_INNER_H

#include "policy/node.h"
#include "policy/pattern.h"
#include "policy/policy.h"

enum {
	POLICY_MAX_RULES = 10000,
	POLICY_MAX_PROFILES = 256,
	POLICY_MAX_NAME = 64, /* of a profile */
	POLICY_MAX_ORIGIN = 4096
};
#define POLICY_DEFAULT_MAX_CONTENT (UINT64_C(64) << 30)

struct policy_rule {
	struct rule rule;
	struct pattern pattern;
};

/* A rule by the first name of its path. */
struct named_rule {
	uint32_t rule;
	uint32_t name_len; /* of the name, with the slash before it, at the beginning of the rule's literal */
	uint32_t end; /* index behind the last one of the same name */
	unsigned char next; /* first byte of the second name; 0 when the literal ends before it */
};

struct policy {
	struct profile **profiles; /* built-in ones first, then as written */
	size_t profile_count;
	struct policy_rule *rules;
	size_t rule_count;
	const struct profile *fallback; /* where no match gives one: static */
	uint64_t max_content;
	char **roots; /* sorted; none below another */
	size_t root_count;
	struct named_rule *named; /* those whose literal has a whole first name, sorted by it, then by number */
	size_t named_count;
	uint32_t *unnamed; /* the others, by number: they may match under any first name */
	size_t unnamed_count;
};

/* Sources being parsed. */
struct parse {
	const struct policy_source *sources;
	struct node *nodes; /* one a source */
	size_t count;
	bool resolved; /* the one source is a resolved text */
	struct policy *policy;
	size_t rule_capacity;
	struct err *err;
};

/* Refuses a node that is no mapping or has a key not among KEYS. WHERE: "in a rule". */
int parse_keys(struct parse *parse, size_t source, const struct node *node, const char *where, const char *const *keys,
	       size_t count);
/* A plain true or false. */
int parse_bool(struct parse *parse, size_t source, const struct node *node, bool *ret_value);

/* profile.c: the built-in profiles and those of all sources. */
int profile_parse_all(struct parse *parse);
const struct profile *profile_find(const struct policy *policy, const char *name);
/* ERR_POLICY for a name that profile_find() does not know. */
int profile_unknown(struct parse *parse, size_t source, const struct node *node);
const char *profile_kind_name(enum profile_kind kind);

/* policy_index.c: what is computed once all rules are there. */
int policy_index(struct policy *policy, struct err *err);
/* The rules that may match a path by its first name, in order: call until it says false. */
struct policy_candidates {
	const struct named_rule *named, *named_end;
	const uint32_t *unnamed, *unnamed_end;
	unsigned char next; /* first byte of the path's second name, or 0 */
};
void policy_candidates(const struct policy *policy, struct bytes text, struct policy_candidates *ret_candidates);
bool policy_candidate_next(struct policy_candidates *candidates, size_t *ret_index);

/* policy.c: a decision made up of matches, first to last. Start with zeros. */
struct verdict {
	const struct rule *last;
	const struct profile *profile;
	enum severity severity;
	bool has_severity, excluded;
};
void verdict_add(struct verdict *verdict, const struct rule *rule);
void verdict_end(const struct verdict *verdict, const struct policy *policy, struct decision *ret_decision);

static inline bool rule_excludes(const struct rule *rule)
{
	return rule->has_exclude && rule->exclude;
}

/* Among the paths that its pattern covers. */
static inline bool rule_wants(const struct rule *rule, bool is_dir)
{
	return is_dir ? rule->only != ONLY_FILES : rule->only != ONLY_DIRS;
}

#endif
