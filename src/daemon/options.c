/* options.c - see options.h. */
#include "daemon/options.h"

#include <getopt.h>
#include <stdlib.h>

#include "base/quote.h"

enum { CONFIG = 256, STATE, CONTROL, FOREGROUND, FIRST_BASELINE, HELP, VERSION };

static const struct option rows[] = {
	{ "config", required_argument, NULL, CONFIG },
	{ "state", required_argument, NULL, STATE },
	{ "control", required_argument, NULL, CONTROL },
	{ "foreground", no_argument, NULL, FOREGROUND },
	{ "first-baseline", no_argument, NULL, FIRST_BASELINE },
	{ "help", no_argument, NULL, HELP },
	{ "version", no_argument, NULL, VERSION },
	{ NULL, 0, NULL, 0 },
};

static const char help[] = "usage: tallyd [OPTION]...\n"
			   "watch this system, judge each change by the signed baseline, keep a journal\n"
			   "\n"
			   "  --first-baseline  make and sign the first baseline when there never was one\n"
			   "  --foreground      print each event as a line\n"
			   "  --config DIR      configuration (/etc/tallystick, $TALLY_CONFIG)\n"
			   "  --state DIR       state (/var/lib/tallystick, $TALLY_STATE)\n"
			   "  --control PATH    socket for tally (" OPTIONS_CONTROL ")\n"
			   "  --help            print this\n"
			   "  --version         print the version\n"
			   "\n"
			   "SIGHUP takes up a new baseline, policy or mount table, SIGTERM stops.\n"
			   "As root it goes on as the user tallystick, if there is one. See tallyd(8).\n";

static const char *from_environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && value[0] ? value : otherwise;
}

static int set(struct options *options, int option, const char *value, struct err *err)
{
	const char **text;

	switch (option) {
	case FOREGROUND:
		options->foreground = true;
		return 0;
	case FIRST_BASELINE:
		options->first_baseline = true;
		return 0;
	case HELP:
		options->help = true;
		return 0;
	case VERSION:
		options->version = true;
		return 0;
	case CONFIG:
	case STATE:
	case CONTROL:
		text = option == CONFIG ? &options->config : option == STATE ? &options->state : &options->control;
		if (!value[0])
			return err_set(err, ERR_USAGE, "--%s wants a path", rows[option - CONFIG].name);
		*text = value;
		return 0;
	default:
		return err_set(err, ERR_INTERNAL, "an option without a meaning");
	}
}

int options_parse(int argc, char **argv, struct options *ret_options, struct err *err)
{
	struct options options = {
		.config = from_environment("TALLY_CONFIG", "/etc/tallystick"),
		.state = from_environment("TALLY_STATE", "/var/lib/tallystick"),
		.control = OPTIONS_CONTROL,
	};
	int option, r;

	opterr = 0;
	optind = 0; /* begin anew: glibc's way */
	while ((option = getopt_long(argc, argv, ":", rows, NULL)) != -1) {
		if (option == ':')
			return err_set(err, ERR_USAGE, "%s wants a value: try `tallyd --help`",
				       QUOTE(argv[optind - 1]));
		if (option == '?')
			return err_set(err, ERR_USAGE, "no option '%s': try `tallyd --help`", QUOTE(argv[optind - 1]));
		r = set(&options, option, optarg, err);
		if (r < 0)
			return r;
	}
	if (optind < argc)
		return err_set(err, ERR_USAGE, "tallyd takes no argument '%s': try `tallyd --help`",
			       QUOTE(argv[optind]));
	*ret_options = options;
	return 0;
}

const char *options_help(void)
{
	return help;
}
