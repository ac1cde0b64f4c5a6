/* test_policy_match.c - which paths a rule covers, and what several matches make of a path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/policy.h"

static struct policy *parsed(const char *text)
{
	struct policy_source source = { "p.yaml", (const unsigned char *)text, strlen(text) };
	struct policy *policy = NULL;
	struct err err = ERR_INIT;

	if (policy_parse(&source, 1, &policy, &err) < 0)
		fail_msg("%s", err.message);
	return policy;
}

static struct policy *one_rule(const char *path, const char *only)
{
	char text[8192];

	(void)snprintf(text, sizeof(text), "version: 1\nrules:\n  - path: '%s'\n%s%s\n", path, only ? "    only: " : "",
		       only ? only : "");
	return parsed(text);
}

static bool in_scope(const struct policy *policy, const char *path, bool is_dir)
{
	struct decision decision;

	policy_decide(policy, bytes_of(path), is_dir, &decision);
	return decision.in_scope;
}

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool covered;
	} rows[] = {
		{ "/", "/", true },
		{ "/", "/etc/passwd", true },
		{ "/etc", "/etc", true },
		{ "/etc/", "/etc", true },
		{ "/etc/", "/etc/passwd", true },
		{ "/etc", "/etc/a/b/c", true },
		{ "/etc", "/etcetera", false },
		{ "/etc", "/", false },
		{ "/etc/passwd", "/etc", false },
		{ "/home/*", "/home", false },
		{ "/home/*", "/home/a", true },
		{ "/home/*", "/home/a/b", true },
		{ "/home/*/.ssh", "/home/a/.ssh/id", true },
		{ "/home/*/.ssh", "/home/a/b/.ssh", false },
		{ "/home/*/.ssh", "/home/a/.sshd", false },
		{ "/home/*", "/home/.hidden", true },
		{ "/*", "/", false },
		{ "/*", "/x", true },
		{ "/a*c", "/abc", true },
		{ "/a*c", "/ac", true },
		{ "/a*c", "/a/c", false },
		{ "/a*c", "/abcd", false },
		{ "/a?c", "/abc", true },
		{ "/a?c", "/a/c", false },
		{ "/a?c", "/ac", false },
		{ "/[a-c]x", "/bx", true },
		{ "/[a-c]x", "/dx", false },
		{ "/[!a-c]x", "/dx", true },
		{ "/[!a-c]x", "/bx", false },
		{ "/x[!a]y", "/x/y", false },
		{ "/[a-]x", "/-x", true },
		{ "/[-a]x", "/-x", true },
		{ "/[\\]]x", "/]x", true },
		{ "/[!\\!]x", "/!x", false },
		{ "/[a\\-c]", "/b", false },
		{ "/[a\\-c]", "/-", true },
		{ "/var/**", "/var", false },
		{ "/var/**", "/var/a", true },
		{ "/var/**", "/var/a/b", true },
		{ "/**", "/", false },
		{ "/**", "/a", true },
		{ "/**/b", "/b", true },
		{ "/**/b", "/a/b", true },
		{ "/**/b", "/a/a/b/c", true },
		{ "/**/b", "/ab", false },
		{ "/**/b", "/a/bc", false },
		{ "/a/**/b", "/a/b", true },
		{ "/a/**/b", "/a/x/y/b", true },
		{ "/a/**/b", "/ab", false },
		{ "/a/**/b/**/c", "/a/b/c", true },
		{ "/a/**/b/**/c", "/a/1/b/2/3/c", true },
		{ "/a/**/b/**/c", "/a/c/b", false },
		{ "/a**z", "/a/b/z", true },
		{ "/a**z", "/az", true },
		{ "/a**z", "/abz/more", true },
		{ "/a/**z", "/a/z", true },
		{ "/a/**z", "/a/b/cz", true },
		{ "/usr/**/*.pyc", "/usr/a.pyc", true },
		{ "/usr/**/*.pyc", "/usr/lib/x/a.pyc", true },
		{ "/usr/**/*.pyc", "/usr/lib/x/a.py", false },
		{ "/a\\*", "/a*", true },
		{ "/a\\*", "/ab", false },
		{ "/a\\x20b", "/a b", true },
		{ "/a\\xff", "/a\xff", true },
		{ "/\\\\n", "/\\n", true },
		{ "/a?b",
		  "/a\xff"
		  "b",
		  true },
		{ "/srv/[!.]*", "/srv/www", true },
		{ "/srv/[!.]*", "/srv/.cache", false },
		{ "/etc/ld.so.*", "/etc/ld.so.conf.d/x.conf", true },
		{ "/etc/ld.so.*", "/etc/ld.so", false },
		{ "/log/*-[0-9][0-9]", "/log/a-1-22", true },
		{ "/log/*-[0-9][0-9]", "/log/a-1-2", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(policy_freep) struct policy *policy = one_rule(rows[i].pattern, NULL);

		if (in_scope(policy, rows[i].path, false) != rows[i].covered)
			fail_msg("'%s' and '%s': expected %d", rows[i].pattern, rows[i].path, rows[i].covered);
	}
}

static void test_only(void **state)
{
	static const struct {
		const char *pattern, *only, *path;
		bool is_dir, covered;
	} rows[] = {
		{ "/etc/ssl", "self", "/etc/ssl", true, true },
		{ "/etc/ssl", "self", "/etc/ssl/x", false, false },
		{ "/etc/*", "self", "/etc/a", false, true },
		{ "/etc/*", "self", "/etc/a/b", false, false },
		{ "/etc/**", "self", "/etc/a/b", false, true },
		{ "/etc/**/b", "self", "/etc/a/b", false, true },
		{ "/etc/**/b", "self", "/etc/b/c", false, false },
		{ "/etc/**/b", "self", "/etc/b/c/b", false, true },
		{ "/", "self", "/", true, true },
		{ "/", "self", "/etc", true, false },
		{ "/etc", "files", "/etc", true, false },
		{ "/etc", "files", "/etc/a", false, true },
		{ "/etc", "files", "/etc/a", true, false },
		{ "/etc", "dirs", "/etc", true, true },
		{ "/etc", "dirs", "/etc/a/b", true, true },
		{ "/etc", "dirs", "/etc/a/b", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(policy_freep) struct policy *policy = one_rule(rows[i].pattern, rows[i].only);

		if (in_scope(policy, rows[i].path, rows[i].is_dir) != rows[i].covered)
			fail_msg("'%s' only %s and '%s': expected %d", rows[i].pattern, rows[i].only, rows[i].path,
				 rows[i].covered);
	}
}

/* A backtracking matcher takes longer than the universe for these. */
static void test_hostile(void **state)
{
	static const char part[] = "**/*a*a*a*/", name[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/";
	CLEANUP(buf_done) struct buf pattern = BUF_INIT;
	CLEANUP(buf_done) struct buf path = BUF_INIT;

	(void)state;
	buf_add_str(&pattern, "/");
	buf_add_str(&path, "/");
	for (size_t i = 0; i < 100; i++)
		buf_add_str(&pattern, part);
	for (size_t i = 0; i < 1000; i++)
		buf_add_str(&path, name);
	buf_add_str(&pattern, "b");
	buf_add_str(&path, "a");
	CLEANUP(policy_freep) struct policy *policy = one_rule(buf_str(&pattern), NULL);
	assert_false(in_scope(policy, buf_str(&path), false));
	path.data[path.len - 1] = 'b';
	assert_true(in_scope(policy, buf_str(&path), false));
}

static const char semantics[] = "version: 1\n"
				"profiles: {mine: [mode]}\n"
				"rules:\n"
				"  - {path: /a, profile: config, severity: high}\n"
				"  - {path: /a/b, severity: low}\n"
				"  - {path: /a/c, exclude: true}\n"
				"  - {path: /a/c/sev, severity: critical}\n"
				"  - {path: /a/c/in, profile: owner}\n"
				"  - {path: /a/c/back, exclude: false}\n"
				"  - {path: /a/d, profile: mine}\n"
				"  - {path: /bare}\n"
				"  - {path: /a/e, profile: none, severity: info}\n"
				"  - {path: /a/**/last, profile: volatile}\n";

static void test_semantics(void **state)
{
	static const struct {
		const char *path;
		bool in_scope, excluded;
		const char *profile;
		enum severity severity;
		const char *origin;
	} rows[] = {
		{ "/a", true, false, "config", SEVERITY_HIGH, "p.yaml:4" },
		{ "/a/b", true, false, "config", SEVERITY_LOW, "p.yaml:5" },
		{ "/a/c", false, true, NULL, SEVERITY_HIGH, "p.yaml:6" },
		{ "/a/c/x", false, true, NULL, SEVERITY_HIGH, "p.yaml:6" },
		{ "/a/c/sev", false, true, NULL, SEVERITY_CRITICAL, "p.yaml:7" },
		{ "/a/c/in", true, false, "owner", SEVERITY_HIGH, "p.yaml:8" },
		{ "/a/c/back/x", true, false, "config", SEVERITY_HIGH, "p.yaml:9" },
		{ "/a/d", true, false, "mine", SEVERITY_HIGH, "p.yaml:10" },
		{ "/bare/x", true, false, "static", SEVERITY_MEDIUM, "p.yaml:11" },
		{ "/a/e/last", true, false, "volatile", SEVERITY_INFO, "p.yaml:13" },
		{ "/a/c/last", true, false, "volatile", SEVERITY_HIGH, "p.yaml:13" },
		{ "/b", false, false, NULL, SEVERITY_MEDIUM, NULL },
	};
	CLEANUP(policy_freep) struct policy *policy = parsed(semantics);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct decision decision;

		policy_decide(policy, bytes_of(rows[i].path), false, &decision);
		print_message("%s\n", rows[i].path);
		assert_int_equal(decision.in_scope, rows[i].in_scope);
		assert_int_equal(decision.excluded, rows[i].excluded);
		assert_int_equal(decision.severity, rows[i].severity);
		if (rows[i].profile)
			assert_string_equal(decision.profile->name, rows[i].profile);
		if (rows[i].origin)
			assert_string_equal(decision.rule->origin, rows[i].origin);
		else
			assert_null(decision.rule);
	}
}

static void test_matches(void **state)
{
	CLEANUP(policy_freep) struct policy *policy = parsed(semantics);
	const struct rule *rules[16];

	(void)state;
	assert_int_equal(policy_matches(policy, bytes_of("/a/c/in/last"), false, rules), 4);
	assert_string_equal(rules[0]->path, "/a");
	assert_string_equal(rules[1]->path, "/a/c");
	assert_string_equal(rules[2]->path, "/a/c/in");
	assert_string_equal(rules[3]->path, "/a/**/last");
	assert_int_equal(policy_matches(policy, bytes_of("/nowhere"), false, rules), 0);
}

static void test_roots(void **state)
{
	static const struct {
		const char *rules;
		const char *roots[4];
	} rows[] = {
		{ "[{path: /etc}, {path: /etc/ssl}, {path: /usr/bin/x}]", { "/etc", "/usr/bin/x" } },
		{ "[{path: /home/*/.ssh}, {path: /ho*}]", { "/" } },
		{ "[{path: /home/*/.ssh}, {path: /home/u/x}]", { "/home" } },
		{ "[{path: /a/b}, {path: /a-b}, {path: /a}]", { "/a", "/a-b" } },
		{ "[{path: /a/b}, {path: /a-b}]", { "/a-b", "/a/b" } },
		{ "[{path: /x/y, exclude: true}, {path: /z, exclude: false}]", { "/z" } },
		{ "[{path: '/x\\*/y*'}]", { "/x*" } },
		{ "[{path: /etc}, {path: '/**/x'}]", { "/" } },
		{ "[{path: /}]", { "/" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[512];
		size_t count = 0;

		(void)snprintf(text, sizeof(text), "version: 1\nrules: %s\n", rows[i].rules);
		CLEANUP(policy_freep) struct policy *policy = parsed(text);
		for (; rows[i].roots[count]; count++)
			assert_string_equal(policy_root(policy, count), rows[i].roots[count]);
		assert_int_equal(policy_root_count(policy), count);
	}
}

static void test_names_below(void **state)
{
	CLEANUP(policy_freep)
	struct policy *policy = parsed("version: 1\nrules: [{path: /srv/nfs/*/x}, {path: /usr}, "
				       "{path: /proc/x, exclude: true}, {path: /etc/ss*}]\n");

	(void)state;
	assert_true(policy_names_below(policy, bytes_of("/srv/nfs")));
	assert_true(policy_names_below(policy, bytes_of("/srv")));
	assert_true(policy_names_below(policy, bytes_of("/")));
	assert_false(policy_names_below(policy, bytes_of("/srv/nfs/a")));
	assert_false(policy_names_below(policy, bytes_of("/srv/nf")));
	assert_true(policy_names_below(policy, bytes_of("/usr")));
	assert_false(policy_names_below(policy, bytes_of("/usr/lib")));
	assert_false(policy_names_below(policy, bytes_of("/proc")));
	assert_true(policy_names_below(policy, bytes_of("/etc")));
	assert_false(policy_names_below(policy, bytes_of("/etc/ss")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),    cmocka_unit_test(test_only),    cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_semantics),   cmocka_unit_test(test_matches), cmocka_unit_test(test_roots),
		cmocka_unit_test(test_names_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
