/*
 * environment.c - what of the environment counts: TALLY_CONFIG, TALLY_STATE, TMPDIR and TZ, which options come before.
 *
 * With --baseline none of it does. Such a command may stand on a host that is under suspicion, beside a file or a medium
 * from elsewhere: nothing that somebody left in the environment there may choose what is read, and nothing is written.
 * Of the terminal's own variables NO_COLOR and TERM are left (output.c): they choose colours.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
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

void environment_apply(struct options *options)
{
	struct place *place = &options->place;
	bool ours = !place->baseline;

	place->config = choose(place->config, "TALLY_CONFIG", ours, "/etc/tallystick");
	place->state = choose(place->state, "TALLY_STATE", ours, "/var/lib/tallystick");
	if (!ours && !place->tmp)
		place->tmp = SPILL_MEMORY;
	if (!ours || opens_nothing)
		(void)setenv("TZ", utc, 1);
	tzset();
	seed();
}
