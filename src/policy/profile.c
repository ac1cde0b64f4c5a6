/*
 * profile.c - the built-in profiles, and those that a policy defines.
 *
 * Profiles may be made from others in any order and from any source, so they are collected first and then
 * resolved; a profile that is made from itself is refused.
 */
#include "policy/policy_inner.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "policy/words.h"

#define IDENTITY  (ATTR_BIT(ATTR_MTIME) | ATTR_BIT(ATTR_CTIME) | ATTR_BIT(ATTR_BTIME) | ATTR_BIT(ATTR_INODE))
#define OWNERSHIP (ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_MODE) | ATTR_BIT(ATTR_OWNER) | ATTR_BIT(ATTR_GROUP))
#define RIGHTS    (ATTR_BIT(ATTR_ACL) | ATTR_BIT(ATTR_CAPS) | ATTR_BIT(ATTR_FLAGS))

static const struct {
	const char *name;
	uint32_t attributes;
	enum profile_kind kind;
} builtins[] = {
	{ "static", ATTR_ALL, PROFILE_PLAIN },
	{ "config", ATTR_ALL & ~(IDENTITY | ATTR_BIT(ATTR_LINKS)), PROFILE_PLAIN },
	{ "owner", OWNERSHIP | RIGHTS, PROFILE_PLAIN },
	{ "growing-log",
	  OWNERSHIP | RIGHTS | ATTR_BIT(ATTR_INODE) | ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_CONTENT) |
		  ATTR_BIT(ATTR_XATTRS) | ATTR_BIT(ATTR_SELINUX),
	  PROFILE_GROWING },
	{ "rotated-log", OWNERSHIP, PROFILE_VOLATILE },
	{ "volatile", ATTR_BIT(ATTR_TYPE), PROFILE_VOLATILE },
	{ "none", 0, PROFILE_PLAIN },
};

static const char *const kind_names[] = {
	[PROFILE_PLAIN] = "plain",
	[PROFILE_GROWING] = "growing",
	[PROFILE_VOLATILE] = "volatile",
};

/* A profile that is not resolved yet. */
struct draft {
	const struct node *name, *value;
	size_t source;
	struct profile *profile; /* set once resolved */
	bool busy; /* being resolved: meeting it again is a cycle */
};

struct drafts {
	struct draft *items;
	size_t count;
};

static void drafts_done(struct drafts *drafts)
{
	free(drafts->items);
}

const char *profile_kind_name(enum profile_kind kind)
{
	return kind_names[kind];
}

const struct profile *profile_find(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->profile_count; i++)
		if (strcmp(policy->profiles[i]->name, name) == 0)
			return policy->profiles[i];
	return NULL;
}

int profile_unknown(struct parse *parse, size_t source, const struct node *node)
{
	const char *names[POLICY_MAX_PROFILES + ARRAY_SIZE(builtins)];
	size_t count = 0;

	for (; count < parse->policy->profile_count; count++)
		names[count] = parse->policy->profiles[count]->name;
	return node_err(&parse->sources[source], node, parse->err,
			"unknown profile '%s', expected a built-in one or one under 'profiles'%s", QUOTE(node->text),
			words_suggest(node->text, names, count).text);
}

static int add_profile(struct parse *parse, const char *name, uint32_t attributes, enum profile_kind kind, bool builtin,
		       struct profile **ret_profile)
{
	struct policy *policy = parse->policy;
	struct profile *profile = malloc(sizeof(*profile));

	if (!profile)
		return err_nomem(parse->err);
	*profile = (struct profile){ .name = strdup(name), .attributes = attributes, .kind = kind, .builtin = builtin };
	if (!profile->name) {
		free(profile);
		return err_nomem(parse->err);
	}
	policy->profiles[policy->profile_count++] = profile;
	*ret_profile = profile;
	return 0;
}

static int parse_attributes(struct parse *parse, size_t source, const struct node *list, uint32_t *ret_attributes)
{
	const struct policy_source *from = &parse->sources[source];
	const char *names[ATTR_COUNT];
	uint32_t attributes = 0;

	for (size_t i = 0; i < ATTR_COUNT; i++)
		names[i] = attr_name((enum attr)i);
	if (list->kind != NODE_LIST)
		return node_err(from, list, parse->err, "%s, expected a list of attributes", node_kind_name(list));
	for (size_t i = 0; i < list->count; i++) {
		const struct node *item = &list->items[i];
		enum attr attr;

		if (item->kind != NODE_SCALAR)
			return node_err(from, item, parse->err, "%s, expected an attribute", node_kind_name(item));
		if (!attr_parse(item->text, &attr))
			return node_err(from, item, parse->err, "unknown attribute '%s', expected %s%s",
					QUOTE(item->text), words_list(names, ATTR_COUNT).text,
					words_suggest(item->text, names, ATTR_COUNT).text);
		if (attributes & ATTR_BIT(attr))
			return node_err(from, item, parse->err, "attribute '%s' twice in one list", item->text);
		attributes |= ATTR_BIT(attr);
	}
	*ret_attributes = attributes;
	return 0;
}

static int resolve(struct parse *parse, struct drafts *drafts, struct draft *draft);

/* The profile that FROM names, resolved first when it is a draft. */
static int resolve_from(struct parse *parse, struct drafts *drafts, const struct draft *draft, const struct node *from,
			const struct profile **ret_profile)
{
	if (from->kind != NODE_SCALAR)
		return node_err(&parse->sources[draft->source], from, parse->err, "%s, expected the name of a profile",
				node_kind_name(from));
	for (size_t i = 0; i < drafts->count; i++) {
		struct draft *other = &drafts->items[i];
		int r;

		if (!node_is(from, other->name->text))
			continue;
		if (other->busy)
			return node_err(&parse->sources[draft->source], from, parse->err,
					"profile '%s' is made from itself", QUOTE(from->text));
		r = resolve(parse, drafts, other);
		if (r < 0)
			return r;
		*ret_profile = other->profile;
		return 0;
	}
	*ret_profile = profile_find(parse->policy, from->text);
	return *ret_profile ? 0 : profile_unknown(parse, draft->source, from);
}

/* {from: PROFILE, without: [ATTRIBUTE, ...]} */
static int resolve_derived(struct parse *parse, struct drafts *drafts, struct draft *draft)
{
	static const char *const keys[] = { "from", "without" };
	const struct node *from = node_value(draft->value, "from"), *without = node_value(draft->value, "without");
	const struct profile *base;
	uint32_t removed = 0;
	int r;

	r = parse_keys(parse, draft->source, draft->value, "in a profile", keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	if (!from)
		return node_err(
			&parse->sources[draft->source], draft->value, parse->err,
			"profile '%s' has no 'from', expected a list of attributes or {from: ..., without: [...]}",
			draft->name->text);
	r = resolve_from(parse, drafts, draft, from, &base);
	if (r == 0 && without)
		r = parse_attributes(parse, draft->source, without, &removed);
	if (r < 0)
		return r;
	return add_profile(parse, draft->name->text, base->attributes & ~removed, base->kind, false, &draft->profile);
}

/* {built-in: BOOL, kind: KIND, attributes: [...]}: only in resolved texts, all three of them */
static int resolve_complete(struct parse *parse, struct draft *draft)
{
	static const char *const keys[] = { "built-in", "kind", "attributes" };
	const struct policy_source *source = &parse->sources[draft->source];
	const struct node *builtin = node_value(draft->value, "built-in"), *kind = node_value(draft->value, "kind"),
			  *list = node_value(draft->value, "attributes");
	uint32_t attributes;
	size_t found = 0;
	bool is_builtin;
	int r;

	r = parse_keys(parse, draft->source, draft->value, "in a resolved profile", keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	if (!builtin || !kind || !list)
		return node_err(source, draft->value, parse->err,
				"incomplete profile, expected built-in, kind and attributes");
	while (found < ARRAY_SIZE(kind_names) && !node_is(kind, kind_names[found]))
		found++;
	if (found == ARRAY_SIZE(kind_names))
		return node_err(source, kind, parse->err, "unknown kind of profile, expected %s",
				words_list(kind_names, ARRAY_SIZE(kind_names)).text);
	r = parse_bool(parse, draft->source, builtin, &is_builtin);
	if (r == 0)
		r = parse_attributes(parse, draft->source, list, &attributes);
	if (r < 0)
		return r;
	return add_profile(parse, draft->name->text, attributes, (enum profile_kind)found, is_builtin, &draft->profile);
}

static int resolve(struct parse *parse, struct drafts *drafts, struct draft *draft)
{
	uint32_t attributes;
	int r;

	if (draft->profile)
		return 0;
	if (parse->resolved)
		return resolve_complete(parse, draft);
	draft->busy = true;
	if (draft->value->kind == NODE_MAP) {
		r = resolve_derived(parse, drafts, draft);
	} else if (draft->value->kind == NODE_LIST) {
		r = parse_attributes(parse, draft->source, draft->value, &attributes);
		if (r == 0)
			r = add_profile(parse, draft->name->text, attributes, PROFILE_PLAIN, false, &draft->profile);
	} else {
		r = node_err(&parse->sources[draft->source], draft->value, parse->err,
			     "%s, expected a list of attributes or {from: ..., without: [...]}",
			     node_kind_name(draft->value));
	}
	draft->busy = false;
	return r;
}

/* Letters, digits, '-', '_' and '.', a letter first: needs no quotes anywhere. */
static bool name_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= POLICY_MAX_NAME && (name[0] | 0x20) >= 'a' && (name[0] | 0x20) <= 'z' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

static int check_name(struct parse *parse, const struct drafts *drafts, size_t source, const struct node *name)
{
	if (!name_valid(name->text))
		return node_err(
			&parse->sources[source], name, parse->err,
			"profile name '%s', expected a letter, then letters, digits, '-', '_' or '.', at most %d",
			QUOTE(name->text), POLICY_MAX_NAME);
	if (profile_find(parse->policy, name->text))
		return node_err(&parse->sources[source], name, parse->err,
				"profile '%s' is built in, expected another name", name->text);
	for (size_t i = 0; i < drafts->count; i++)
		if (node_is(name, drafts->items[i].name->text))
			return node_err(&parse->sources[source], name, parse->err,
					"profile '%s' is already defined at %s:%zu", name->text,
					QUOTE(parse->sources[drafts->items[i].source].name),
					drafts->items[i].name->line);
	if (drafts->count == POLICY_MAX_PROFILES)
		return node_err(&parse->sources[source], name, parse->err, "more than %d profiles",
				POLICY_MAX_PROFILES);
	return 0;
}

static int collect(struct parse *parse, size_t source, struct drafts *drafts)
{
	const struct node *map = node_value(&parse->nodes[source], "profiles");

	if (!map)
		return 0;
	if (map->kind != NODE_MAP)
		return node_err(&parse->sources[source], map, parse->err, "%s, expected a mapping of names to profiles",
				node_kind_name(map));
	for (size_t i = 0; i + 1 < map->count; i += 2) {
		int r = check_name(parse, drafts, source, &map->items[i]);

		if (r < 0)
			return r;
		drafts->items[drafts->count++] =
			(struct draft){ .name = &map->items[i], .value = &map->items[i + 1], .source = source };
	}
	return 0;
}

int profile_parse_all(struct parse *parse)
{
	CLEANUP(drafts_done) struct drafts drafts = { .items = NULL };
	struct profile *profile;
	int r = 0;

	drafts.items = calloc(POLICY_MAX_PROFILES, sizeof(*drafts.items));
	parse->policy->profiles = calloc(POLICY_MAX_PROFILES + ARRAY_SIZE(builtins), sizeof(*parse->policy->profiles));
	if (!drafts.items || !parse->policy->profiles)
		return err_nomem(parse->err);
	for (size_t i = 0; r == 0 && !parse->resolved && i < ARRAY_SIZE(builtins); i++)
		r = add_profile(parse, builtins[i].name, builtins[i].attributes, builtins[i].kind, true, &profile);
	for (size_t i = 0; r == 0 && i < parse->count; i++)
		r = collect(parse, i, &drafts);
	for (size_t i = 0; r == 0 && i < drafts.count; i++)
		r = resolve(parse, &drafts, &drafts.items[i]);
	if (r < 0)
		return r;
	parse->policy->fallback = profile_find(parse->policy, "static");
	if (!parse->policy->fallback)
		return node_err(&parse->sources[0], &parse->nodes[0], parse->err,
				"no profile 'static', expected it in a resolved policy");
	return 0;
}
