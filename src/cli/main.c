/*
 * main.c - tally: finds the verb, parses its options, runs it, turns failure into one line and an exit status.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/cli.h"
#include "base/cleanup.h"
#include "base/quote.h"

static int run(int argc, char **argv, struct err *err)
{
	CLEANUP(options_done) struct options options = { .passphrase_fd = -1 };
	const struct verb *verb;
	int r;

	if (argc < 2)
		return err_set(err, ERR_USAGE, "no verb given: try `tally --help`");
	if (strcmp(argv[1], "--version") == 0)
		return printf("%s\n", "tally " TALLY_VERSION) < 0 ? ERR_IO : cli_flush(err);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		help_all();
		return cli_flush(err);
	}
	verb = verb_find(argv[1]);
	if (!verb)
		return err_set(err, ERR_USAGE, "there is no verb '%s': try `tally --help`", QUOTE(argv[1]));
	r = options_parse(verb, argc - 1, argv + 1, &options, err);
	if (r < 0)
		return r;
	if (options.help) {
		help_verb(verb);
		return cli_flush(err);
	}
	r = crypto_self_test(err);
	return r < 0 ? r : verb->run(&options, err);
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct rlimit files;
	int r;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	r = run(argc, argv, &err);
	if (r >= 0)
		return r;
	(void)fprintf(stderr, "tally: %s\n", err.message);
	return err_exit_status(r);
}
