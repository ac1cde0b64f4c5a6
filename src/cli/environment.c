/*
 * environment.c - what of the environment counts: TALLY_CONFIG, TALLY_STATE, TMPDIR and TZ, which options come before.
 *
 * With --baseline none of it does, nor in the static program, which has no host of its own. Such a command may stand on a host that is under suspicion, beside a file or a medium
 * from elsewhere: nothing that somebody left in the environment there may choose what is read, and nothing is written.
 * Of the terminal's own variables NO_COLOR and TERM are left (output.c): they choose colours.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/spill.h"
#include "cli/cli.h"

/* For the C library's environment: the colon alone is UTC without a file. "", "UTC" and "UTC0" look one up in TZDIR. */
static const char utc[] = ":";

#ifdef TALLY_STATIC
static const bool opens_nothing = true; /* of the host, whatever the options, but what it examines */
#else
static const bool opens_nothing = false;
#endif

/* Where nothing can be: the static program looks for no configuration, but where an option says. */
static const char nowhere[] = "/dev/null/none";

static const char *choose(const char *option, const char *variable, bool ours, const char *otherwise)
{
	const char *value = ours ? getenv(variable) : NULL;

	if (option)
		return option;
	return value && *value ? value : otherwise;
}

/* Else jansson opens /dev/urandom for the key of its hash tables. */
static void seed(void)
{
	size_t number;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) == (ssize_t)sizeof(number))
		json_object_seed(number);
}

/* `tally verify SOMETHING --trust PUB` is about what came from elsewhere, as --baseline is. */
static bool is_foreign(const struct verb *verb, const struct options *options)
{
	return options->place.baseline || strcmp(verb->name, "compare") == 0 ||
	       (strcmp(verb->name, "verify") == 0 && options->arg_count && options->place.trust_count);
}

/* What a verb does without the configuration and the state of a host, or with those that somebody named in so many words. A journal
 * proves itself, as far as it can. */
static bool stands_alone(const struct verb *verb, const struct options *options)
{
	const uint64_t both = OPTION_CONFIG | OPTION_STATE;

	if ((options->given & both) == both || options->help || strcmp(verb->name, "key") == 0 ||
	    strcmp(verb->name, "compare") == 0)
		return true;
	return options->arg_count && (strcmp(verb->name, "verify") == 0 || strcmp(verb->name, "sign") == 0);
}

int environment_apply(const struct verb *verb, struct options *options, struct err *err)
{
	struct place *place = &options->place;
	bool ours = !is_foreign(verb, options) && !opens_nothing;

	if (opens_nothing && !place->baseline && !stands_alone(verb, options))
		return err_set(
			err, ERR_USAGE,
			"this is the program of a medium, which believes nothing that a host says of itself: name "
			"--baseline and --trust");
	/* signing only looks whether a host key lies there, and refuses */
	place->config = choose(place->config, "TALLY_CONFIG", ours,
			       opens_nothing && strcmp(verb->name, "sign") != 0 ? nowhere : "/etc/tallystick");
	place->state = choose(place->state, "TALLY_STATE", ours, opens_nothing ? nowhere : "/var/lib/tallystick");
	if (!ours && !place->tmp)
		place->tmp = SPILL_MEMORY;
	if (!ours || opens_nothing)
		(void)setenv("TZ", utc, 1);
	tzset();
	seed();
	return 0;
}
