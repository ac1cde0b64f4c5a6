/* test_daemon_options.c - tallyd's command line, a table of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/options.h"

struct row {
	const char *arguments[8];
	int r;
	struct options options;
};

#define CONFIG "/etc/tallystick"
#define STATE  "/var/lib/tallystick"

static const struct row rows[] = {
	{ { NULL }, 0, { .config = CONFIG, .state = STATE, .control = OPTIONS_CONTROL } },
	{ { "--config", "/c", "--state=/s", "--control", "x" }, 0, { .config = "/c", .state = "/s", .control = "x" } },
	{ { "--foreground" }, 0, { .config = CONFIG, .state = STATE, .control = OPTIONS_CONTROL, .foreground = true } },
	{ { "--first-baseline" },
	  0,
	  { .config = CONFIG, .state = STATE, .control = OPTIONS_CONTROL, .first_baseline = true } },
	{ { "--help" }, 0, { .config = CONFIG, .state = STATE, .control = OPTIONS_CONTROL, .help = true } },
	{ { "--version" }, 0, { .config = CONFIG, .state = STATE, .control = OPTIONS_CONTROL, .version = true } },
	{ { "--state" }, ERR_USAGE, { .help = false } },
	{ { "--state", "" }, ERR_USAGE, { .help = false } },
	{ { "--foreground=yes" }, ERR_USAGE, { .help = false } },
	{ { "--nonsense" }, ERR_USAGE, { .help = false } },
	{ { "-f" }, ERR_USAGE, { .help = false } },
	{ { "start" }, ERR_USAGE, { .help = false } },
	{ { "--foreground", "--", "start" }, ERR_USAGE, { .help = false } },
};

static int parse(const struct row *row, struct options *ret_options)
{
	char *argv[10] = { (char[]){ "tallyd" } };
	struct err err = ERR_INIT;
	int argc = 1, r;

	for (; row->arguments[argc - 1]; argc++) {
		argv[argc] = strdup(row->arguments[argc - 1]);
		assert_non_null(argv[argc]);
	}
	r = options_parse(argc, argv, ret_options, &err);
	assert_int_equal(err.code, r);
	/* the strings are borrowed from argv, so they have to stay: the table's are equal */
	if (r == 0) {
		assert_string_equal(ret_options->config, row->options.config);
		assert_string_equal(ret_options->state, row->options.state);
		assert_string_equal(ret_options->control, row->options.control);
	}
	while (--argc > 0)
		free(argv[argc]);
	return r;
}

static void test_table(void **state)
{
	(void)state;
	(void)unsetenv("TALLY_CONFIG");
	(void)unsetenv("TALLY_STATE");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct options options;

		assert_int_equal(parse(&rows[i], &options), rows[i].r);
		if (rows[i].r < 0)
			continue;
		assert_int_equal(options.foreground, rows[i].options.foreground);
		assert_int_equal(options.first_baseline, rows[i].options.first_baseline);
		assert_int_equal(options.help, rows[i].options.help);
		assert_int_equal(options.version, rows[i].options.version);
	}
}

static void test_environment(void **state)
{
	static const struct row plain = { { NULL },
					  0,
					  { .config = "/env/c", .state = "/env/s", .control = OPTIONS_CONTROL } };
	static const struct row given = { { "--state", "/s" },
					  0,
					  { .config = CONFIG, .state = "/s", .control = OPTIONS_CONTROL } };
	struct options options;

	(void)state;
	(void)setenv("TALLY_CONFIG", "/env/c", 1);
	(void)setenv("TALLY_STATE", "/env/s", 1);
	assert_int_equal(parse(&plain, &options), 0);
	(void)setenv("TALLY_CONFIG", "", 1); /* empty is as if it were not there */
	assert_int_equal(parse(&given, &options), 0);
	(void)unsetenv("TALLY_CONFIG");
	(void)unsetenv("TALLY_STATE");
}

static void test_help(void **state)
{
	(void)state;
	for (const char *line = options_help(); *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
