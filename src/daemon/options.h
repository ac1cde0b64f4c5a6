/*
 * options.h - tallyd's command line and environment.
 */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>

#include "tally/err.h"

#define OPTIONS_CONTROL "/run/tallystick/control.sock"

/* All strings are borrowed from argv, the environment or the program. */
struct options {
	const char *config; /* --config, $TALLY_CONFIG, /etc/tallystick */
	const char *state; /* --state, $TALLY_STATE, /var/lib/tallystick */
	const char *control; /* --control, OPTIONS_CONTROL */
	bool foreground;
	bool first_baseline;
	bool help, version; /* nothing else is to be done */
};

/* ERR_USAGE for what it does not know. Not thread-safe (getopt_long(3)). */
int options_parse(int argc, char **argv, struct options *ret_options, struct err *err);
/* The text of --help, at most 80 columns wide; a constant. */
const char *options_help(void);

#endif
