/*
 * test_policy_dir.c - walking decides as policy_decide() does: random rules over random paths, and both against a
 * plain backtracking matcher written only for this test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/policy.h"

enum { ROUNDS = 500, RULES_MAX = 12, PATHS = 60, DEPTH_MAX = 5 };

/* xorshift64 (Marsaglia, "Xorshift RNGs", 2003): the same rows every time */
static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

static size_t below(size_t bound)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t)(random_state % bound);
}

static void add_word(struct buf *out, const char *const *words, size_t count)
{
	buf_add_str(out, words[below(count)]);
}

/* Few letters and few names, so that much matches. */
static void random_pattern(struct buf *out)
{
	static const char *const parts[] = { "a",  "b", "ab",   "a",    "b",  "*",   "a*",
					     "*b", "?", "[ab]", "[!a]", "**", "a**", "*a*" };
	size_t depth = 1 + below(4);

	for (size_t i = 0; i < depth; i++) {
		buf_add_str(out, "/");
		add_word(out, parts, ARRAY_SIZE(parts));
	}
}

static void random_path(struct buf *out)
{
	static const char *const names[] = { "a", "b", "ab", "ba", "aab", "c" };
	size_t depth = below(DEPTH_MAX + 1);

	for (size_t i = 0; i < depth; i++) {
		buf_add_str(out, "/");
		add_word(out, names, ARRAY_SIZE(names));
	}
	if (depth == 0)
		buf_add_str(out, "/");
}

static struct policy *random_policy(struct buf *text)
{
	static const char *const only[] = { "", "", "", ", only: self", ", only: files", ", only: dirs" };
	static const char *const says[] = { "",
					    ", profile: config",
					    ", profile: owner, severity: low",
					    ", severity: high",
					    ", exclude: true",
					    ", exclude: true",
					    ", exclude: true, severity: info",
					    ", exclude: false" };
	struct policy *policy = NULL;
	struct policy_source source = { .name = "p.yaml" };
	struct err err = ERR_INIT;
	size_t count = 1 + below(RULES_MAX);

	buf_add_str(text, "version: 1\nrules:\n  - {path: /zz}\n");
	for (size_t i = 0; i < count; i++) {
		buf_add_str(text, "  - {path: '");
		random_pattern(text);
		buf_add_str(text, "'");
		add_word(text, only, ARRAY_SIZE(only));
		add_word(text, says, ARRAY_SIZE(says));
		buf_add_str(text, "}\n");
	}
	source.text = (const unsigned char *)buf_str(text);
	source.len = text->len;
	if (policy_parse(&source, 1, &policy, &err) < 0)
		fail_msg("%s\n%s", err.message, (const char *)text->data);
	return policy;
}

/* The plain matcher: does the whole of TEXT match PATTERN? */
static bool plain_match(const char *pattern, const char *text)
{
	if (*pattern == '\0')
		return *text == '\0';
	if (pattern[0] == '/' && pattern[1] == '*' && pattern[2] == '*' && pattern[3] == '/') {
		/* "/" ** "/": a slash, then any number of whole names */
		for (const char *at = text; *text == '/' && at; at = strchr(at + 1, '/'))
			if (plain_match(pattern + 3, at))
				return true;
		return false;
	}
	if (pattern[0] == '*' && pattern[1] == '*') {
		for (;; text++) {
			if (plain_match(pattern + 2, text))
				return true;
			if (*text == '\0')
				return false;
		}
	}
	if (pattern[0] == '*') {
		for (;; text++) {
			if (plain_match(pattern + 1, text))
				return true;
			if (*text == '\0' || *text == '/')
				return false;
		}
	}
	if (*text == '\0')
		return false;
	if (pattern[0] == '[') {
		const char *end = strchr(pattern, ']');
		bool negated = pattern[1] == '!';
		bool member = memchr(pattern + 1 + negated, *text, (size_t)(end - pattern - 1 - negated)) != NULL;

		return *text != '/' && member != negated && plain_match(end + 1, text + 1);
	}
	if (pattern[0] == '?')
		return *text != '/' && plain_match(pattern + 1, text + 1);
	return *pattern == *text && plain_match(pattern + 1, text + 1);
}

static bool plain_covers(const struct rule *rule, const char *path, bool is_dir)
{
	char text[256];
	size_t len = strlen(path);

	if ((rule->only == ONLY_FILES && is_dir) || (rule->only == ONLY_DIRS && !is_dir))
		return false;
	memcpy(text, path, len + 1);
	if (len == 1)
		text[0] = '\0'; /* the root is the empty text */
	if (plain_match(rule->path, text))
		return true;
	for (char *slash; rule->only != ONLY_SELF && (slash = strrchr(text, '/'));) {
		*slash = '\0';
		if (plain_match(rule->path, text))
			return true;
	}
	return false;
}

static void same_decision(const struct decision *a, const struct decision *b, const char *policy, const char *path)
{
	if (a->in_scope != b->in_scope || a->excluded != b->excluded || a->profile != b->profile ||
	    a->severity != b->severity || a->rule != b->rule)
		fail_msg("'%s' differs under\n%s", path, policy);
}

static void check_against_plain(const struct policy *policy, const char *text, const char *path, bool is_dir)
{
	const struct rule *rules[RULES_MAX + 1];
	size_t count = policy_matches(policy, bytes_of(path), is_dir, rules), at = 0;

	for (size_t i = 0; i < policy_rule_count(policy); i++) {
		bool expected = plain_covers(policy_rule(policy, i), path, is_dir);
		bool found = at < count && rules[at] == policy_rule(policy, i);

		if (expected != found)
			fail_msg("'%s' (%s) and rule '%s': expected %d under\n%s", path, is_dir ? "dir" : "file",
				 policy_rule(policy, i)->path, expected, text);
		at += found;
	}
}

/* Walks down to PATH by contexts; every step is told the same, and no step is refused that leads into scope. */
static void check_walk(const struct policy *policy, const char *text, const char *path)
{
	CLEANUP(policy_dir_freep) struct policy_dir *dir = NULL;
	struct bytes whole = bytes_of(path);
	struct err err = ERR_INIT;
	bool entered = true;

	assert_int_equal(policy_dir_new(policy, NULL, bytes_of("/"), &dir, &err), 0);
	for (size_t end = 1; end <= whole.len && whole.len > 1; end++) {
		struct bytes part = { whole.data, end };

		if (end < whole.len && whole.data[end] != '/')
			continue;
		for (int is_dir = 0; is_dir < 2; is_dir++) {
			struct decision walked, decided;

			policy_decide(policy, part, is_dir, &decided);
			policy_dir_decide(dir, part, is_dir, &walked);
			same_decision(&walked, &decided, text, path);
			if (decided.in_scope && !entered)
				fail_msg("'%s' is in scope at byte %zu but not entered under\n%s", path, end, text);
		}
		entered = entered && policy_dir_may_enter(dir, part);

		struct policy_dir *child = NULL, *alone = NULL;

		assert_int_equal(policy_dir_new(policy, dir, part, &child, &err), 0);
		assert_int_equal(policy_dir_new(policy, NULL, part, &alone, &err), 0);
		policy_dir_freep(&dir);
		dir = below(2) ? STEAL(child) : STEAL(alone); /* both must serve as parents */
		policy_dir_freep(&child);
		policy_dir_freep(&alone);
	}
}

static void check_stream(struct policy_walk *walk, const struct policy *policy, const char *text, const char *path)
{
	struct decision walked, decided;
	struct err err = ERR_INIT;

	for (int is_dir = 0; is_dir < 2; is_dir++) {
		policy_decide(policy, bytes_of(path), is_dir, &decided);
		assert_int_equal(policy_walk_decide(walk, bytes_of(path), is_dir, &walked, &err), 0);
		same_decision(&walked, &decided, text, path);
	}
}

static void test_random(void **state)
{
	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		CLEANUP(buf_done) struct buf text = BUF_INIT;
		CLEANUP(policy_freep) struct policy *policy = random_policy(&text);
		CLEANUP(policy_walk_freep) struct policy_walk *walk = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(policy_walk_new(policy, &walk, &err), 0);
		for (size_t i = 0; i < PATHS; i++) {
			CLEANUP(buf_done) struct buf path = BUF_INIT;

			random_path(&path);
			assert_non_null(buf_str(&path));
			check_against_plain(policy, (char *)text.data, (char *)path.data, false);
			check_against_plain(policy, (char *)text.data, (char *)path.data, true);
			check_walk(policy, (char *)text.data, (char *)path.data);
			check_stream(walk, policy, (char *)text.data, (char *)path.data);
		}
	}
}

static void test_not_entered(void **state)
{
	static const char text[] = "version: 1\nrules:\n"
				   "  - {path: /home/*/.ssh}\n"
				   "  - {path: /usr}\n"
				   "  - {path: /usr/share/doc, exclude: true}\n"
				   "  - {path: /usr/src, exclude: true}\n"
				   "  - {path: /usr/src/linux/*.c, profile: static}\n"
				   "  - {path: /opt/x, only: self}\n";
	static const struct {
		const char *path;
		bool entered;
	} rows[] = {
		{ "/home", true },           { "/home/u", true },        { "/home/u/.ssh", true },
		{ "/home/u/.cache", false }, { "/usr/share", true },     { "/usr/share/doc", false },
		{ "/usr/src", true },        { "/usr/src/linux", true }, { "/usr/src/other", false },
		{ "/var", false },           { "/opt/x", false },        { "/opt", true },
	};
	struct policy_source source = { "p.yaml", (const unsigned char *)text, sizeof(text) - 1 };
	CLEANUP(policy_freep) struct policy *policy = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(policy_parse(&source, 1, &policy, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(policy_dir_freep) struct policy_dir *dir = NULL;
		struct bytes path = bytes_of(rows[i].path);

		assert_int_equal(policy_dir_new(policy, NULL, path_parent(path), &dir, &err), 0);
		print_message("%s\n", rows[i].path);
		assert_int_equal(policy_dir_may_enter(dir, path), rows[i].entered);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_not_entered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
