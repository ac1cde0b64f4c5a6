/*
 * test_policy_resolved.c - the resolved text reads back to the same policy: the default one, one full of awkward
 * text, and random ones.
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

static struct policy *parsed(const struct policy_source *sources, size_t count)
{
	struct policy *policy = NULL;
	struct err err = ERR_INIT;

	if (policy_parse(sources, count, &policy, &err) < 0)
		fail_msg("%s", err.message);
	return policy;
}

static void same_profile(const struct profile *a, const struct profile *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->attributes, b->attributes);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->builtin, b->builtin);
}

static void same_rule(const struct rule *a, const struct rule *b)
{
	assert_string_equal(a->path, b->path);
	assert_string_equal(a->origin, b->origin);
	assert_int_equal(a->profile != NULL, b->profile != NULL);
	if (a->profile)
		same_profile(a->profile, b->profile);
	assert_int_equal(a->has_severity, b->has_severity);
	assert_int_equal(a->severity, b->severity);
	assert_int_equal(a->has_exclude, b->has_exclude);
	assert_int_equal(a->exclude, b->exclude);
	assert_int_equal(a->only, b->only);
}

static void same_policy(const struct policy *a, const struct policy *b)
{
	assert_true(policy_max_content(a) == policy_max_content(b));
	assert_int_equal(policy_profile_count(a), policy_profile_count(b));
	for (size_t i = 0; i < policy_profile_count(a); i++)
		same_profile(policy_profile(a, i), policy_profile(b, i));
	assert_int_equal(policy_rule_count(a), policy_rule_count(b));
	for (size_t i = 0; i < policy_rule_count(a); i++)
		same_rule(policy_rule(a, i), policy_rule(b, i));
	assert_int_equal(policy_root_count(a), policy_root_count(b));
	for (size_t i = 0; i < policy_root_count(a); i++)
		assert_string_equal(policy_root(a, i), policy_root(b, i));
}

/* There and back, twice: the second text is the first. */
static void round_trip(const struct policy *policy)
{
	CLEANUP(buf_done) struct buf first = BUF_INIT;
	CLEANUP(buf_done) struct buf second = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(policy_resolved(policy, &first, &err), 0);
	struct policy_source source = { "any name", first.data, first.len };
	CLEANUP(policy_freep) struct policy *back = parsed(&source, 1);
	same_policy(policy, back);
	assert_int_equal(policy_resolved(back, &second, &err), 0);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
}

static void test_default(void **state)
{
	CLEANUP(policy_freep) struct policy *policy = parsed(&policy_default, 1);

	(void)state;
	round_trip(policy);
}

static void test_awkward(void **state)
{
	static const char text[] =
		"version: 1\nmax_content: 3M\n"
		"profiles:\n  b: {from: a, without: [mode]}\n  a: [mode, size]\n  empty: []\n  log: {from: "
		"growing-log}\n"
		"rules:\n"
		"  - path: \"/quote\\\" back\\\\\\\\ tab\\t nl\\n esc\\e del\\x7f nel\\u0085 c1\\u0080\"\n"
		"  - path: \"/\\u2028\\u2029\\u202e\\ufeff\\uffff\\U0001f600\\u00e9\"\n"
		"  - {path: '/  spaces  /#no comment: - x', profile: b}\n"
		"  - {path: '/x/[!a-z]*/**/\\x41\\[', only: dirs, severity: info, exclude: false}\n"
		"  - {path: /, only: self, exclude: true}\n"
		"  - {path: /f/, only: files, profile: log, severity: critical}\n";
	struct policy_source sources[] = {
		{ "na\"me\\ \xff\n.yaml", (const unsigned char *)text, sizeof(text) - 1 },
	};
	CLEANUP(policy_freep) struct policy *policy = parsed(sources, 1);

	(void)state;
	round_trip(policy);
}

static void test_text(void **state)
{
	static const char text[] =
		"version: 1\nprofiles: {mine: [size, mode]}\n"
		"rules: [{path: /b/, profile: mine, severity: low}, {path: \"/\\x07é\", exclude: true}]\n";
	static const char rules[] = "  mine: {built-in: false, kind: plain, attributes: [mode, size]}\n"
				    "rules:\n"
				    "  - path: \"/b\"\n"
				    "    profile: mine\n"
				    "    severity: low\n"
				    "    origin: \"p.yaml:3\"\n"
				    "  - path: \"/\\x07é\"\n"
				    "    exclude: true\n"
				    "    origin: \"p.yaml:3\"\n";
	struct policy_source source = { "p.yaml", (const unsigned char *)text, sizeof(text) - 1 };
	CLEANUP(policy_freep) struct policy *policy = parsed(&source, 1);
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	buf_add_str(&out, "kept:");
	assert_int_equal(policy_resolved(policy, &out, &err), 0);
	assert_non_null(buf_str(&out));
	assert_non_null(strstr((char *)out.data, "kept:version: 1\nresolved: 1\nmax_content: 68719476736\nprofiles:\n"
						 "  static: {built-in: true, kind: plain, attributes: [type, mode, "));
	assert_string_equal((char *)out.data + out.len - (sizeof(rules) - 1), rules);
}

/* xorshift64 (Marsaglia, "Xorshift RNGs", 2003) */
static uint64_t random_state = UINT64_C(88172645463325252);

static size_t below(size_t bound)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t)(random_state % bound);
}

static void test_random(void **state)
{
	static const char *const keys[] = { "",
					    ", only: self",
					    ", only: files, severity: low",
					    ", exclude: true",
					    ", exclude: false, profile: p1",
					    ", profile: none, severity: critical",
					    ", profile: p2" };

	(void)state;
	for (size_t round = 0; round < 300; round++) {
		CLEANUP(buf_done) struct buf text = BUF_INIT;

		buf_add_str(&text, "version: 1\nprofiles: {p1: {from: p2, without: [type]}, p2: [type, acl]}\nrules:\n"
				   "  - path: /\n");
		for (size_t i = below(20); i > 0; i--) {
			buf_add_str(&text, "  - {path: \"/");
			for (size_t j = 1 + below(6); j > 0; j--)
				buf_printf(&text, "\\u%04zx", below(2) ? 0x30 + below(10) : 0x3021 + below(0x100));
			buf_add_str(&text, "\"");
			buf_add_str(&text, keys[below(ARRAY_SIZE(keys))]);
			buf_add_str(&text, "}\n");
		}
		struct policy_source source = { "r.yaml", text.data, text.len };
		CLEANUP(policy_freep) struct policy *policy = parsed(&source, 1);
		round_trip(policy);
	}
}

static void test_too_large(void **state)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	char name[1000];
	struct err err = ERR_INIT;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	buf_add_str(&text, "version: 1\nrules:\n");
	for (size_t i = 0; i < 9000; i++)
		buf_add_str(&text, "  - path: /\n");
	struct policy_source source = { name, text.data, text.len };
	CLEANUP(policy_freep) struct policy *policy = parsed(&source, 1);
	assert_int_equal(policy_resolved(policy, &out, &err), ERR_POLICY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default), cmocka_unit_test(test_awkward),   cmocka_unit_test(test_text),
		cmocka_unit_test(test_random),  cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
