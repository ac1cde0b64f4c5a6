/*
 * policy_parse.c - sources to a policy: the top level and the rules.
 *
 * Strict: whatever is not known is refused with its place, for a typing error in a policy is a hole in it.
 */
#include "policy/policy_inner.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "policy/words.h"

static const char *const only_names[] = {
	[ONLY_ALL] = "all",
	[ONLY_SELF] = "self",
	[ONLY_FILES] = "files",
	[ONLY_DIRS] = "dirs",
};

static int bad(struct parse *parse, size_t source, const struct node *node, const char *expected)
{
	if (node->kind == NODE_SCALAR && node->len > 0)
		return node_err(&parse->sources[source], node, parse->err, "'%s', expected %s", QUOTE(node->text),
				expected);
	return node_err(&parse->sources[source], node, parse->err, "%s, expected %s", node_kind_name(node), expected);
}

int parse_keys(struct parse *parse, size_t source, const struct node *node, const char *where, const char *const *keys,
	       size_t count)
{
	if (node->kind != NODE_MAP)
		return node_err(&parse->sources[source], node, parse->err, "%s, expected a mapping with the keys %s",
				node_kind_name(node), words_list(keys, count).text);
	for (size_t i = 0; i + 1 < node->count; i += 2) {
		size_t known = 0;

		while (known < count && !node_is(&node->items[i], keys[known]))
			known++;
		if (known == count)
			return node_err(&parse->sources[source], &node->items[i], parse->err,
					"unknown key '%s' %s, expected %s%s", QUOTE(node->items[i].text), where,
					words_list(keys, count).text,
					words_suggest(node->items[i].text, keys, count).text);
	}
	return 0;
}

int parse_bool(struct parse *parse, size_t source, const struct node *node, bool *ret_value)
{
	if (node->kind == NODE_SCALAR && node->plain && (node_is(node, "true") || node_is(node, "false"))) {
		*ret_value = node->text[0] == 't';
		return 0;
	}
	return bad(parse, source, node, "true or false");
}

/* Digits and at most one of K, M, G, T. */
static bool read_size(const char *text, uint64_t *ret_bytes)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	uint64_t value = 0;
	size_t i = 0;

	for (; text[i] >= '0' && text[i] <= '9'; i++)
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return false;
	if (i == 0 || value == 0 || value > INT64_MAX)
		return false;
	if (text[i]) {
		suffix = strchr(suffixes, text[i]);
		if (!suffix || text[i + 1] ||
		    __builtin_mul_overflow(value, UINT64_C(1024) << (10 * (suffix - suffixes)), &value))
			return false;
	}
	*ret_bytes = value;
	return value <= INT64_MAX;
}

static int parse_top(struct parse *parse, size_t source)
{
	static const char *const keys[] = { "version", "max_content", "profiles", "rules", "resolved" };
	const struct node *top = &parse->nodes[source];
	const struct node *version = node_value(top, "version"), *max = node_value(top, "max_content"),
			  *resolved = node_value(top, "resolved");
	int r;

	/* "resolved" is no key for people to write: known, but not offered */
	r = parse_keys(parse, source, top, "at the top", keys, resolved ? 5 : 4);
	if (r < 0)
		return r;
	if (!version)
		return node_err(&parse->sources[source], top, parse->err, "no key 'version', expected 'version: 1'");
	if (!version->plain || !node_is(version, "1"))
		return bad(parse, source, version, "version 1, the only one known");
	if (resolved && (!resolved->plain || !node_is(resolved, "1")))
		return bad(parse, source, resolved, "1");
	if (resolved && parse->count > 1)
		return node_err(&parse->sources[source], resolved, parse->err,
				"a resolved policy among other sources, expected it alone");
	parse->resolved = resolved != NULL;
	if (max && (max->kind != NODE_SCALAR || !max->plain || !read_size(max->text, &parse->policy->max_content)))
		return bad(parse, source, max,
			   "a number of bytes from 1 to 2^63-1, with K, M, G or T behind it or not");
	return 0;
}

static int parse_path(struct parse *parse, size_t source, const struct node *node, struct policy_rule *rule)
{
	size_t len;
	int r;

	if (node->kind != NODE_SCALAR || node->len == 0)
		return bad(parse, source, node, "a path or glob that begins with '/'");
	r = pattern_compile(node->text, node->len, &rule->pattern, &len, parse->err);
	if (r == ERR_POLICY)
		return err_wrap(parse->err, r, "%s:%zu:%zu", QUOTE(parse->sources[source].name), node->line,
				node->column);
	if (r < 0)
		return r;
	rule->rule.path = strndup(node->text, len);
	return rule->rule.path ? 0 : err_nomem(parse->err);
}

static int parse_only(struct parse *parse, size_t source, const struct node *node, enum rule_only *ret_only)
{
	for (size_t i = ONLY_SELF; i < ARRAY_SIZE(only_names); i++)
		if (node_is(node, only_names[i])) {
			*ret_only = (enum rule_only)i;
			return 0;
		}
	return bad(parse, source, node, "self, files or dirs");
}

static int parse_severity(struct parse *parse, size_t source, const struct node *node, struct rule *rule)
{
	const char *names[SEVERITY_COUNT];

	if (node->kind != NODE_SCALAR || node->len == 0)
		return bad(parse, source, node, "a severity");
	rule->has_severity = severity_parse(node->text, &rule->severity);
	if (rule->has_severity)
		return 0;
	for (size_t i = 0; i < SEVERITY_COUNT; i++)
		names[i] = severity_name((enum severity)i);
	return node_err(&parse->sources[source], node, parse->err, "unknown severity '%s', expected %s%s",
			QUOTE(node->text), words_list(names, SEVERITY_COUNT).text,
			words_suggest(node->text, names, SEVERITY_COUNT).text);
}

/* Text that may be printed as it is: nothing in it would be escaped but backslashes. */
static int check_printable(struct parse *parse, size_t source, const struct node *node)
{
	CLEANUP(buf_done) struct buf quoted = BUF_INIT;
	size_t backslashes = 0;

	for (size_t i = 0; i < node->len; i++)
		backslashes += node->text[i] == '\\';
	if (quote_add(&quoted, node->text, node->len, NULL) < 0)
		return err_nomem(parse->err);
	return quoted.len == node->len + backslashes ? 0 : bad(parse, source, node, "printable text");
}

/* Where the rule stands; a resolved text says it itself. */
static int parse_origin(struct parse *parse, size_t source, const struct node *map, struct rule *rule)
{
	const struct node *origin = node_value(map, "origin");
	CLEANUP(buf_done) struct buf text = BUF_INIT;

	if (origin) {
		int r;

		if (origin->kind != NODE_SCALAR || origin->len == 0 || origin->len > POLICY_MAX_ORIGIN)
			return bad(parse, source, origin, "where the rule was written, at most 4096 bytes");
		r = check_printable(parse, source, origin);
		if (r < 0)
			return r;
		rule->origin = strdup(origin->text);
		return rule->origin ? 0 : err_nomem(parse->err);
	}
	if (parse->resolved)
		return node_err(&parse->sources[source], map, parse->err, "no key 'origin' in a resolved rule");
	quote_add(&text, parse->sources[source].name, strlen(parse->sources[source].name), NULL);
	buf_printf(&text, ":%zu", map->line);
	rule->origin = buf_steal_str(&text);
	return rule->origin ? 0 : err_nomem(parse->err);
}

static int parse_profile(struct parse *parse, size_t source, const struct node *node, struct rule *rule)
{
	if (node->kind != NODE_SCALAR || node->len == 0)
		return bad(parse, source, node, "the name of a profile");
	rule->profile = profile_find(parse->policy, node->text);
	return rule->profile ? 0 : profile_unknown(parse, source, node);
}

static int parse_rule(struct parse *parse, size_t source, const struct node *map, struct policy_rule *rule)
{
	static const char *const keys[] = { "path", "only", "profile", "severity", "exclude", "origin" };
	const struct node *path, *only, *profile, *severity, *exclude;
	int r;

	r = parse_keys(parse, source, map, "in a rule", keys, parse->resolved ? 6 : 5);
	if (r < 0)
		return r;
	path = node_value(map, "path");
	only = node_value(map, "only");
	profile = node_value(map, "profile");
	severity = node_value(map, "severity");
	exclude = node_value(map, "exclude");
	if (!path)
		return node_err(&parse->sources[source], map, parse->err, "rule without the key 'path'");
	r = parse_path(parse, source, path, rule);
	if (r == 0 && only)
		r = parse_only(parse, source, only, &rule->rule.only);
	if (r == 0 && profile)
		r = parse_profile(parse, source, profile, &rule->rule);
	if (r == 0 && severity)
		r = parse_severity(parse, source, severity, &rule->rule);
	if (r == 0 && exclude) {
		rule->rule.has_exclude = true;
		r = parse_bool(parse, source, exclude, &rule->rule.exclude);
	}
	if (r == 0)
		r = parse_origin(parse, source, map, &rule->rule);
	if (r == 0 && profile && rule_excludes(&rule->rule))
		r = node_err(&parse->sources[source], exclude, parse->err,
			     "'exclude: true' beside 'profile', expected one of them");
	return r;
}

static int grow_rules(struct parse *parse)
{
	struct policy *policy = parse->policy;
	size_t capacity = parse->rule_capacity ? parse->rule_capacity * 2 : 64;
	struct policy_rule *grown;

	if (policy->rule_count < parse->rule_capacity)
		return 0;
	grown = reallocarray(policy->rules, capacity, sizeof(*grown));
	if (!grown)
		return err_nomem(parse->err);
	policy->rules = grown;
	parse->rule_capacity = capacity;
	return 0;
}

static int parse_rules(struct parse *parse, size_t source)
{
	const struct node *list = node_value(&parse->nodes[source], "rules");

	if (!list)
		return 0;
	if (list->kind != NODE_LIST)
		return bad(parse, source, list, "a list of rules");
	for (size_t i = 0; i < list->count; i++) {
		struct policy_rule *rule;
		int r;

		if (parse->policy->rule_count == POLICY_MAX_RULES)
			return node_err(&parse->sources[source], &list->items[i], parse->err, "more than %d rules",
					POLICY_MAX_RULES);
		r = grow_rules(parse);
		if (r < 0)
			return r;
		/* counted before it is whole, so that what there is of it is freed with the policy */
		rule = &parse->policy->rules[parse->policy->rule_count++];
		*rule = (struct policy_rule){ .rule = { .only = ONLY_ALL } };
		r = parse_rule(parse, source, &list->items[i], rule);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_scope(const struct parse *parse)
{
	for (size_t i = 0; i < parse->policy->rule_count; i++)
		if (!rule_excludes(&parse->policy->rules[i].rule))
			return 0;
	return err_set(parse->err, ERR_POLICY, "%s: nothing in scope, expected a rule that does not exclude",
		       parse->count ? QUOTE(parse->sources[0].name) : "policy");
}

static void parse_done(struct parse *parse)
{
	for (size_t i = 0; parse->nodes && i < parse->count; i++)
		node_done(&parse->nodes[i]);
	free(parse->nodes);
}

int policy_parse(const struct policy_source *sources, size_t count, struct policy **ret_policy, struct err *err)
{
	CLEANUP(policy_freep) struct policy *policy = calloc(1, sizeof(*policy));
	CLEANUP(parse_done) struct parse parse = { .sources = sources, .count = count, .policy = policy, .err = err };
	int r = 0;

	parse.nodes = calloc(count + 1, sizeof(*parse.nodes));
	if (!policy || !parse.nodes)
		return err_nomem(err);
	policy->max_content = POLICY_DEFAULT_MAX_CONTENT;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = node_load(&sources[i], &parse.nodes[i], err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = parse_top(&parse, i);
	if (r == 0)
		r = profile_parse_all(&parse);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = parse_rules(&parse, i);
	if (r == 0)
		r = check_scope(&parse);
	if (r == 0)
		r = policy_index(policy, err);
	if (r < 0)
		return r;
	*ret_policy = STEAL(policy);
	return 0;
}
