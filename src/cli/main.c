/*
 * main.c - tally: finds the verb, parses its options, runs it, turns failure into one line and an exit status.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "cli/cli.h"
#include "base/cleanup.h"
#include "base/quote.h"

const struct verb verbs[] = {
	{ "init", verb_init, "make the first signed baseline of this system", "[--from TREE]",
	  OPTIONS_COMMON | OPTION_FROM, 0, 0 },
	{ "check", verb_check, "compare this system with its baseline, or with another one",
	  "[PATH...] [--quick] [--baseline FILE] [--fail-on SEVERITY]",
	  OPTIONS_COMMON | OPTIONS_BASELINE | OPTION_QUICK | OPTION_FAIL_ON, 0, SIZE_MAX },
	{ "show", verb_show, "print recorded entries", "[PATH...]", OPTIONS_COMMON | OPTIONS_BASELINE, 0, SIZE_MAX },
	{ "explain", verb_explain, "tell which rule decides a path, and why", "PATH", OPTIONS_COMMON | OPTIONS_BASELINE,
	  1, 1 },
	{ "policy", verb_policy, "validate the policy files, or print them resolved", "check|show", OPTIONS_COMMON, 1,
	  1 },
	{ "accept", verb_accept, "make the present state a new signed generation",
	  "PATH...|--all|--policy [--reason TEXT]",
	  OPTIONS_COMMON | OPTION_TRUST | OPTION_MIN_SEQUENCE | OPTION_ALL | OPTION_POLICY | OPTION_REASON, 0,
	  SIZE_MAX },
	{ "history", verb_history, "list generations, or the versions of one path", "[PATH]",
	  OPTIONS_COMMON | OPTIONS_BASELINE, 0, 1 },
	{ "sign", verb_sign, "sign a copied baseline off the host; --add attaches it on the host",
	  "BASELINE --key FILE --output SIG | --add SIG",
	  OPTIONS_COMMON | OPTION_TRUST | OPTION_MIN_SEQUENCE | OPTION_KEY | OPTION_OUTPUT | OPTION_ADD | OPTION_FORCE |
		  OPTION_PASSPHRASE_FD,
	  0, 1 },
	{ "verify", verb_verify, "prove a baseline authentic and whole", "[FILE]", OPTIONS_COMMON | OPTIONS_BASELINE, 0,
	  1 },
	{ "key", verb_key, "make a minisign-compatible key pair, or show a public key", "generate PREFIX | show [FILE]",
	  OPTIONS_COMMON | OPTION_PASSPHRASE_FD | OPTION_NO_PASSPHRASE, 1, 2 },
};
const size_t verb_count = ARRAY_SIZE(verbs);

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < verb_count; i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

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
	verb = find_verb(argv[1]);
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

	tzset();
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
