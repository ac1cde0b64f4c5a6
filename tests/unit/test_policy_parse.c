/* test_policy_parse.c - what a policy may say, and the line that refuses everything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/policy.h"

#define HEAD "version: 1\nrules:\n  - path: /etc\n" /* three good lines */
#define ATTRS                                                                                                          \
	"type, mode, owner, group, size, content, mtime, ctime, btime, inode, links, target, rdev, xattrs, acl, "      \
	"caps, selinux or flags"
#define RULE    "expected path, only, profile, severity or exclude"
#define BUILTIN "expected a built-in one or one under 'profiles'"
#define ESCAPE  "unknown escape, expected \\xNN, or \\ before one of * ? [ ] ! ^ - \\,"

static int parse_text(const char *text, size_t len, struct policy **ret_policy, struct err *err)
{
	struct policy_source source = { "policy.yaml", (const unsigned char *)text, len };

	return policy_parse(&source, 1, ret_policy, err);
}

static const struct {
	const char *text, *message;
} errors[] = {
	/* the YAML as such */
	{ "", "policy.yaml:1:1: empty, expected 'version: 1'" },
	{ "# only a comment\n", "policy.yaml:1:1: empty, expected 'version: 1'" },
	{ "version: 1\n\xff", "policy.yaml:2:1: not valid UTF-8 text: invalid leading UTF-8 octet" },
	{ "version: 1\n# \xc3\xa9\x01\n", "policy.yaml:2:4: not valid UTF-8 text: control characters are not allowed" },
	{ "version: 1\nrules: [\n",
	  "policy.yaml:3:1: not valid YAML: did not find expected node content, while parsing a flow node (line 3)" },
	{ "version: 1\n\trules: 1\n",
	  "policy.yaml:2:1: not valid YAML: found a tab character that violates indentation, while "
	  "scanning a plain scalar (line 1)" },
	{ "version: 1\n...\n---\nversion: 1\n", "policy.yaml:3:1: a second document, expected one" },
	{ "version: 1\nrules: &a\n  - path: /x\n",
	  "policy.yaml:2:8: anchor ('&'), expected the value itself (quote it if it is text)" },
	{ "version: *a\n", "policy.yaml:1:10: alias ('*'), expected the value itself (quote it if it is text)" },
	{ "version: !!int 1\n", "policy.yaml:1:10: tag ('!'), expected the value itself (quote it if it is text)" },
	{ HEAD "    path: /x\n", "policy.yaml:4:5: duplicate key 'path', first on line 3" },
	{ "version: 1\nversion: 1\n", "policy.yaml:2:1: duplicate key 'version', first on line 1" },
	{ "version: 1\n? [a]\n: b\n", "policy.yaml:2:3: a list as a key, expected text" },
	{ "version: [[[[[[[[[1]]]]]]]]]\n", "policy.yaml:1:17: nested more than 8 deep" },
	{ HEAD "    profile: \"a\\0b\"\n", "policy.yaml:4:14: NUL in text, expected text without it" },
	/* the top */
	{ "rules: []\n", "policy.yaml:1:1: no key 'version', expected 'version: 1'" },
	{ "version: 2\n", "policy.yaml:1:10: '2', expected version 1, the only one known" },
	{ "version: '1'\n", "policy.yaml:1:10: '1', expected version 1, the only one known" },
	{ "version:\n", "policy.yaml:1:9: nothing, expected version 1, the only one known" },
	{ "[]\n", "policy.yaml:1:1: a list, expected a mapping with the keys version, max_content, profiles or rules" },
	{ "version: 1\nrule: []\n", "policy.yaml:2:1: unknown key 'rule' at the top, expected version, max_content, "
				    "profiles or rules (did you mean 'rules'?)" },
	{ "version: 1\nrules: {}\n", "policy.yaml:2:8: a mapping, expected a list of rules" },
	{ "version: 1\n", "policy.yaml: nothing in scope, expected a rule that does not exclude" },
	{ "version: 1\nrules: [{path: /x, exclude: true}]\n",
	  "policy.yaml: nothing in scope, expected a rule that does not exclude" },
	{ "version: 1\nmax_content: 0\n",
	  "policy.yaml:2:14: '0', expected a number of bytes from 1 to 2^63-1, with K, M, G or T behind it or not" },
	{ "version: 1\nmax_content: 9000000T\n", "policy.yaml:2:14: '9000000T', expected a number of bytes from 1 to "
						 "2^63-1, with K, M, G or T behind it or not" },
	{ "version: 1\nmax_content: 1KB\n",
	  "policy.yaml:2:14: '1KB', expected a number of bytes from 1 to 2^63-1, with K, M, G or T behind it or not" },
	{ "version: 1\nmax_content: -1\n",
	  "policy.yaml:2:14: '-1', expected a number of bytes from 1 to 2^63-1, with K, M, G or T behind it or not" },
	/* rules */
	{ HEAD "    profle: static\n",
	  "policy.yaml:4:5: unknown key 'profle' in a rule, " RULE " (did you mean 'profile'?)" },
	{ HEAD "    colour: red\n", "policy.yaml:4:5: unknown key 'colour' in a rule, " RULE },
	{ HEAD "    origin: x\n", "policy.yaml:4:5: unknown key 'origin' in a rule, " RULE },
	{ HEAD "  - /x\n",
	  "policy.yaml:4:5: text, expected a mapping with the keys path, only, profile, severity or exclude" },
	{ HEAD "  - profile: static\n", "policy.yaml:4:5: rule without the key 'path'" },
	{ HEAD "    profile: statc\n",
	  "policy.yaml:4:14: unknown profile 'statc', " BUILTIN " (did you mean 'static'?)" },
	{ HEAD "    profile: [static]\n", "policy.yaml:4:14: a list, expected the name of a profile" },
	{ HEAD "    profile:\n", "policy.yaml:4:13: nothing, expected the name of a profile" },
	{ HEAD "    severity: hihg\n",
	  "policy.yaml:4:15: unknown severity 'hihg', expected info, low, medium, high or critical "
	  "(did you mean 'high'?)" },
	{ HEAD "    severity: {}\n", "policy.yaml:4:15: a mapping, expected a severity" },
	{ HEAD "    only: file\n", "policy.yaml:4:11: 'file', expected self, files or dirs" },
	{ HEAD "    exclude: yes\n", "policy.yaml:4:14: 'yes', expected true or false" },
	{ HEAD "    exclude: 'true'\n", "policy.yaml:4:14: 'true', expected true or false" },
	{ HEAD "    exclude: true\n    profile: static\n",
	  "policy.yaml:4:14: 'exclude: true' beside 'profile', expected one of them" },
	/* paths */
	{ HEAD "  - path: etc\n",
	  "policy.yaml:4:11: no '/' at the beginning, expected an absolute path, in path 'etc'" },
	{ HEAD "  - path: ''\n", "policy.yaml:4:11: empty text, expected a path or glob that begins with '/'" },
	{ HEAD "  - path: /a//b\n", "policy.yaml:4:11: empty name ('//') in path '/a//b'" },
	{ HEAD "  - path: //\n", "policy.yaml:4:11: empty name ('//') in path '//'" },
	{ HEAD "  - path: /a/../b\n", "policy.yaml:4:11: '.' or '..', expected plain names, in path '/a/../b'" },
	{ HEAD "  - path: /a/.\n", "policy.yaml:4:11: '.' or '..', expected plain names, in path '/a/.'" },
	{ HEAD "  - path: /a[b\n",
	  "policy.yaml:4:11: '[' without ']' (write \\[ for the character itself) in path '/a[b'" },
	{ HEAD "  - path: /a[]b]\n",
	  "policy.yaml:4:11: empty [] (write \\] for the character itself) in path '/a[]b]'" },
	{ HEAD "  - path: /a[b/c]\n", "policy.yaml:4:11: '/' in [...], expected ']' before it, in path '/a[b/c]'" },
	{ HEAD "  - path: /a[z-b]\n", "policy.yaml:4:11: a range that runs backwards in [...] in path '/a[z-b]'" },
	{ HEAD "  - path: /a[^b]\n", "policy.yaml:4:11: [^...], expected [!...], in path '/a[^b]'" },
	{ HEAD "  - path: /a[[:alpha:]]\n",
	  "policy.yaml:4:11: a named class in [...], expected characters and ranges, in path '/a[[:alpha:]]'" },
	{ HEAD "  - path: /a***\n",
	  "policy.yaml:4:11: more than two stars in a row, expected * or **, in path '/a***'" },
	{ HEAD "  - path: /a\\n\n", "policy.yaml:4:11: " ESCAPE " in path '/a\\\\n'" },
	{ HEAD "  - path: /a\\\n", "policy.yaml:4:11: " ESCAPE " in path '/a\\\\'" },
	{ HEAD "  - path: /a\\x2fb\n",
	  "policy.yaml:4:11: '\\x00' or '\\x2f', which no name can hold, in path '/a\\\\x2fb'" },
	/* profiles */
	{ "version: 1\nprofiles: []\n", "policy.yaml:2:11: a list, expected a mapping of names to profiles" },
	{ "version: 1\nprofiles:\n  static: []\n",
	  "policy.yaml:3:3: profile 'static' is built in, expected another name" },
	{ "version: 1\nprofiles:\n  1a: []\n",
	  "policy.yaml:3:3: profile name '1a', expected a letter, then letters, digits, "
	  "'-', '_' or '.', at most 64" },
	{ "version: 1\nprofiles:\n  a: [mode, size, modes]\n",
	  "policy.yaml:3:19: unknown attribute 'modes', expected " ATTRS " (did you mean 'mode'?)" },
	{ "version: 1\nprofiles:\n  a: [mode, mode]\n", "policy.yaml:3:13: attribute 'mode' twice in one list" },
	{ "version: 1\nprofiles:\n  a: static\n",
	  "policy.yaml:3:6: text, expected a list of attributes or {from: ..., without: [...]}" },
	{ "version: 1\nprofiles:\n  a: {without: [mode]}\n",
	  "policy.yaml:3:6: profile 'a' has no 'from', expected a list of attributes or {from: ..., without: [...]}" },
	{ "version: 1\nprofiles:\n  a: {from: static, with: [mode]}\n",
	  "policy.yaml:3:21: unknown key 'with' in a profile, expected from or without" },
	{ "version: 1\nprofiles:\n  a: {from: b}\n  b: {from: a}\n",
	  "policy.yaml:4:13: profile 'a' is made from itself" },
	{ "version: 1\nprofiles:\n  a: {from: a}\n", "policy.yaml:3:13: profile 'a' is made from itself" },
	{ "version: 1\nprofiles:\n  a: {from: ownr}\n",
	  "policy.yaml:3:13: unknown profile 'ownr', " BUILTIN " (did you mean 'owner'?)" },
	{ "version: 1\nprofiles:\n  a: {from: static, without: mode}\n",
	  "policy.yaml:3:30: text, expected a list of attributes" },
	/* resolved texts */
	{ "version: 1\nresolved: 2\n", "policy.yaml:2:11: '2', expected 1" },
	{ "version: 1\nresolved: 1\n", "policy.yaml:1:1: no profile 'static', expected it in a resolved policy" },
	{ "version: 1\nresolved: 1\nprofiles: {static: [mode]}\n",
	  "policy.yaml:3:20: a list, expected a mapping with the keys built-in, kind or attributes" },
	{ "version: 1\nresolved: 1\nprofiles: {static: {built-in: true, kind: odd, attributes: []}}\n",
	  "policy.yaml:3:43: unknown kind of profile, expected plain, growing or volatile" },
	{ "version: 1\nresolved: 1\nprofiles: {static: {built-in: true, kind: plain, attributes: []}}\nrules: [{path: "
	  "/x}]\n",
	  "policy.yaml:4:9: no key 'origin' in a resolved rule" },
	{ "version: 1\nresolved: 1\nprofiles: {static: {built-in: true, kind: plain, attributes: []}}\n"
	  "rules: [{path: /x, origin: \"a\\e[31m\"}]\n",
	  "policy.yaml:4:28: 'a\\x1b[31m', expected printable text" },
};

static void test_errors(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		CLEANUP(policy_freep) struct policy *policy = NULL;
		struct err err = ERR_INIT;
		int r = parse_text(errors[i].text, strlen(errors[i].text), &policy, &err);

		assert_null(policy);
		if (r == ERR_POLICY && err.code == ERR_POLICY && strcmp(err.message, errors[i].message) == 0)
			continue;
		print_error("expected %s\n     got %s (%d)\n", errors[i].message, err.message, r);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void test_nul(void **state)
{
	static const char text[] = "version: 1\n\0rules";
	CLEANUP(policy_freep) struct policy *policy = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse_text(text, sizeof(text) - 1, &policy, &err), ERR_POLICY);
	assert_string_equal(err.message, "policy.yaml:2:1: NUL byte, expected YAML in UTF-8");
}

/* COUNT times PART between HEAD and TAIL. */
static void expect_bound(const char *head, const char *part, size_t count, const char *message)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	CLEANUP(policy_freep) struct policy *policy = NULL;
	struct err err = ERR_INIT;

	buf_add_str(&text, head);
	for (size_t i = 0; i < count; i++) {
		const char *at = strchr(part, '@');

		if (at)
			buf_printf(&text, "%.*s%zu%s", (int)(at - part), part, i, at + 1);
		else
			buf_add_str(&text, part);
	}
	assert_false(buf_failed(&text));
	assert_int_equal(parse_text((char *)text.data, text.len, &policy, &err), message ? ERR_POLICY : 0);
	if (message)
		assert_string_equal(err.message, message);
}

static void test_bounds(void **state)
{
	(void)state;
	expect_bound(HEAD, "  - path: /\n", 9999, NULL);
	expect_bound(HEAD, "  - path: /\n", 10000, "policy.yaml:10003:5: more than 10000 rules");
	expect_bound(HEAD "profiles:\n", "  p@: []\n", 256, NULL);
	expect_bound(HEAD "profiles:\n", "  p@: []\n", 257, "policy.yaml:261:3: more than 256 profiles");
	expect_bound(HEAD, "#\n", (1 << 19), "policy.yaml: 1048609 bytes, expected at most 1048576");
	expect_bound(HEAD "  - path: /", "a", 4095, NULL);
	expect_bound(HEAD "  - path: /", "a", 4096, "policy.yaml:4:11: path of 4097 bytes, expected at most 4096");
	expect_bound("version: 1\n", "k@: 1\n", 600, "policy.yaml:513:1: more than 512 keys in one mapping");
}

static void test_max_content(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{ "1", 1 },
		{ "1000", 1000 },
		{ "1K", 1024 },
		{ "10M", UINT64_C(10) << 20 },
		{ "64G", UINT64_C(64) << 30 },
		{ "2T", UINT64_C(2) << 40 },
		{ "9223372036854775807", INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(policy_freep) struct policy *policy = NULL;
		struct err err = ERR_INIT;
		char text[128];

		(void)snprintf(text, sizeof(text), "max_content: %s\n" HEAD, rows[i].text);
		assert_int_equal(parse_text(text, strlen(text), &policy, &err), 0);
		assert_true(policy_max_content(policy) == rows[i].bytes);
	}
	CLEANUP(policy_freep) struct policy *policy = NULL;
	struct err err = ERR_INIT;
	assert_int_equal(parse_text(HEAD, strlen(HEAD), &policy, &err), 0);
	assert_true(policy_max_content(policy) == UINT64_C(64) << 30);
}

static const struct profile *find(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy_profile_count(policy); i++)
		if (strcmp(policy_profile(policy, i)->name, name) == 0)
			return policy_profile(policy, i);
	fail_msg("no profile %s", name);
	return NULL;
}

static void test_profiles(void **state)
{
	static const char text[] = HEAD "profiles:\n"
					"  late: {from: early, without: [mode, rdev]}\n"
					"  early: [type, mode, content]\n"
					"  log: {from: growing-log, without: [inode]}\n"
					"  same: {from: volatile}\n";
	CLEANUP(policy_freep) struct policy *policy = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse_text(text, strlen(text), &policy, &err), 0);
	assert_int_equal(find(policy, "late")->attributes, ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_CONTENT));
	assert_int_equal(find(policy, "late")->kind, PROFILE_PLAIN);
	assert_int_equal(find(policy, "log")->kind, PROFILE_GROWING);
	assert_int_equal(find(policy, "log")->attributes,
			 find(policy, "growing-log")->attributes & ~ATTR_BIT(ATTR_INODE));
	assert_int_equal(find(policy, "same")->kind, PROFILE_VOLATILE);
	assert_false(find(policy, "same")->builtin);
	assert_int_equal(find(policy, "static")->attributes, ATTR_ALL);
	assert_true(find(policy, "static")->builtin);
	assert_int_equal(find(policy, "none")->attributes, 0);
	assert_int_equal(find(policy, "config")->attributes,
			 ATTR_ALL & ~(ATTR_BIT(ATTR_MTIME) | ATTR_BIT(ATTR_CTIME) | ATTR_BIT(ATTR_BTIME) |
				      ATTR_BIT(ATTR_INODE) | ATTR_BIT(ATTR_LINKS)));
}

static struct policy_source source_of(const char *name, const char *text)
{
	return (struct policy_source){ name, (const unsigned char *)text, strlen(text) };
}

/* Later sources follow earlier ones, share their profiles and may not define them again. */
static void test_sources(void **state)
{
	struct policy_source sources[] = {
		source_of("policy.yaml", HEAD "    profile: mine\n"),
		source_of("policy.d/10 \x1b.yaml", "version: 1\nprofiles: {mine: [mode]}\nmax_content: 1K\n"
						   "rules:\n  - path: /etc/x\n    severity: low\n"),
		source_of("policy.d/20.yaml", "version: 1\nprofiles: {mine: [mode]}\n"),
		source_of("policy.d/30.yaml", "version: 1\nresolved: 1\n"),
	};
	CLEANUP(policy_freep) struct policy *policy = NULL;
	CLEANUP(policy_freep) struct policy *refused = NULL;
	struct decision decision;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(policy_parse(sources, 2, &policy, &err), 0);
	policy_decide(policy, bytes_of("/etc/x"), false, &decision);
	assert_string_equal(decision.profile->name, "mine");
	assert_string_equal(decision.rule->origin, "policy.d/10 \\x1b.yaml:5");
	assert_true(policy_max_content(policy) == 1024);
	assert_int_equal(policy_parse(sources, 3, &refused, &err), ERR_POLICY);
	assert_string_equal(err.message, "policy.d/20.yaml:2:12: profile 'mine' is already defined at "
					 "policy.d/10 \\x1b.yaml:2");
	sources[2] = sources[3];
	assert_int_equal(policy_parse(sources, 3, &refused, &err), ERR_POLICY);
	assert_string_equal(err.message,
			    "policy.d/30.yaml:2:11: a resolved policy among other sources, expected it alone");
	assert_int_equal(policy_parse(NULL, 0, &refused, &err), ERR_POLICY);
	assert_null(refused);
}

static void test_severities(void **state)
{
	enum severity severity;

	(void)state;
	for (size_t i = 0; i < SEVERITY_COUNT; i++) {
		assert_true(severity_parse(severity_name((enum severity)i), &severity));
		assert_int_equal(severity, i);
	}
	assert_false(severity_parse("High", &severity));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),      cmocka_unit_test(test_nul),      cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_max_content), cmocka_unit_test(test_profiles), cmocka_unit_test(test_sources),
		cmocka_unit_test(test_severities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
