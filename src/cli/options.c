/*
 * options.c - the table of options, parsed by getopt_long(3), and the help text made from both tables.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "cli/cli.h"

struct option_row {
	const char *name;
	uint64_t bit;
	const char *value; /* what stands behind it; NULL: nothing */
	const char *help;
};

static const struct option_row rows[] = {
	{ "from", OPTION_FROM, "TREE", "record this: live:/ (default), a folder, image or archive" },
	{ "quick", OPTION_QUICK, NULL, "do not read files whose metadata are as recorded" },
	{ "baseline", OPTION_BASELINE, "FILE", "use this baseline or medium, ignore config and state here" },
	{ "fail-on", OPTION_FAIL_ON, "SEVERITY", "exit by these and worse: info low medium high critical" },
	{ "daemon", OPTION_DAEMON, NULL, "have the daemon do it in the background" },
	{ "sync", OPTION_SYNC, NULL, "wait until every change made before is judged" },
	{ "control", OPTION_CONTROL, "PATH", "the daemon's socket (/run/tallystick/control.sock)" },
	{ "iso", OPTION_ISO, NULL, "one ISO 9660 file, not a folder" },
	{ "all", OPTION_ALL, NULL, "accept all that differs; log: routine lines, too" },
	{ "since", OPTION_SINCE, "TIME", "from then on: 2026-11-22, '2026-11-22 03:00', 15m, 2h, 3d" },
	{ "follow", OPTION_FOLLOW, NULL, "wait for more events until interrupted" },
	{ "at", OPTION_AT, "PATH", "B's root stands for this path of A" },
	{ "policy", OPTION_POLICY_FILE, "FILE", "judge by this policy (else a signed one, the default)" },
	{ "mount", OPTION_MOUNT, NULL, "have the kernel mount what is not ext2/3/4, read-only" },
	{ "hash-image", OPTION_HASH_IMAGE, NULL, "SHA-256 of each image, read whole" },
	{ "offset", OPTION_OFFSET, "N", "look N bytes into the images" },
	{ "policy", OPTION_POLICY, NULL, "accept the edited policy, and nothing else" },
	{ "reason", OPTION_REASON, "TEXT", "why, kept with the generation and signed" },
	{ "key", OPTION_KEY, "FILE", "secret key, minisign format" },
	{ "output", OPTION_OUTPUT, "SIG", "where the detached signature goes" },
	{ "add", OPTION_ADD, "SIG", "attach this signature to the installed baseline" },
	{ "force", OPTION_FORCE, NULL, "sign although this is a monitored host" },
	{ "passphrase-fd", OPTION_PASSPHRASE_FD, "N", "read the passphrase from this descriptor" },
	{ "no-passphrase", OPTION_NO_PASSPHRASE, NULL, "leave the secret key unencrypted" },
	{ "trust", OPTION_TRUST, "PUB", "trust this public key only (repeatable)" },
	{ "min-sequence", OPTION_MIN_SEQUENCE, "N", "refuse a baseline that ends before N" },
	{ "generation", OPTION_GENERATION, "N", "use generation N, not the newest" },
	{ "config", OPTION_CONFIG, "DIR", "configuration (/etc/tallystick, $TALLY_CONFIG)" },
	{ "state", OPTION_STATE, "DIR", "state (/var/lib/tallystick, $TALLY_STATE)" },
	{ "tmp", OPTION_TMP, "DIR", "folder for temporary files ($TMPDIR, /tmp)" },
	{ "json", OPTION_JSON, NULL, "print NDJSON, one object a line" },
	{ "quiet", OPTION_QUIET, NULL, "print the verdict only" },
	{ "no-color", OPTION_NO_COLOR, NULL, "no colour on a terminal (also $NO_COLOR)" },
	{ "help", OPTION_HELP, NULL, "print this" },
};

static int parse_number(const char *text, const char *name, uint64_t *ret_number, struct err *err)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno)
		return err_set(err, ERR_USAGE, "--%s wants a number, not '%s'", name, QUOTE(text));
	*ret_number = number;
	return 0;
}

static int add_trust(struct options *options, const char *file, struct err *err)
{
	const char **grown = realloc(options->trust, (options->place.trust_count + 1) * sizeof(*grown));

	if (!grown)
		return err_nomem(err);
	options->trust = grown;
	grown[options->place.trust_count++] = file;
	options->place.trust = grown;
	return 0;
}

static int set_flag(struct options *options, uint64_t bit)
{
	const struct {
		uint64_t bit;
		bool *flag;
	} flags[] = {
		{ OPTION_JSON, &options->json },
		{ OPTION_QUIET, &options->quiet },
		{ OPTION_NO_COLOR, &options->no_color },
		{ OPTION_QUICK, &options->quick },
		{ OPTION_ALL, &options->all },
		{ OPTION_POLICY, &options->policy },
		{ OPTION_FORCE, &options->force },
		{ OPTION_HELP, &options->help },
		{ OPTION_NO_PASSPHRASE, &options->no_passphrase },
		{ OPTION_SYNC, &options->sync },
		{ OPTION_DAEMON, &options->daemon },
		{ OPTION_FOLLOW, &options->follow },
		{ OPTION_ISO, &options->iso },
		{ OPTION_MOUNT, &options->mount },
		{ OPTION_HASH_IMAGE, &options->hash_image },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (flags[i].bit == bit)
			*flags[i].flag = true;
	}
	return 0;
}

static int set_text(struct options *options, uint64_t bit, const char *value)
{
	const struct {
		uint64_t bit;
		const char **text;
	} texts[] = {
		{ OPTION_CONFIG, &options->place.config },
		{ OPTION_STATE, &options->place.state },
		{ OPTION_TMP, &options->place.tmp },
		{ OPTION_BASELINE, &options->place.baseline },
		{ OPTION_FROM, &options->from },
		{ OPTION_REASON, &options->reason },
		{ OPTION_KEY, &options->key },
		{ OPTION_OUTPUT, &options->output },
		{ OPTION_ADD, &options->add },
		{ OPTION_CONTROL, &options->control },
		{ OPTION_SINCE, &options->since },
		{ OPTION_AT, &options->at },
		{ OPTION_POLICY_FILE, &options->policy_file },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (texts[i].bit == bit)
			*texts[i].text = value;
	}
	return 0;
}

static int set_option(struct options *options, const struct option_row *row, const char *value, struct err *err)
{
	uint64_t number;
	int r;

	options->given |= row->bit;
	if (!row->value)
		return set_flag(options, row->bit);
	switch (row->bit) {
	case OPTION_TRUST:
		return add_trust(options, value, err);
	case OPTION_MIN_SEQUENCE:
		return parse_number(value, row->name, &options->place.min_sequence, err);
	case OPTION_OFFSET:
		return parse_number(value, row->name, &options->offset, err);
	case OPTION_GENERATION:
		r = parse_number(value, row->name, &options->place.generation, err);
		if (r >= 0 && options->place.generation == 0)
			return err_set(err, ERR_USAGE, "generations are counted from 1");
		return r;
	case OPTION_PASSPHRASE_FD:
		r = parse_number(value, row->name, &number, err);
		if (r >= 0 && number > 65535)
			return err_set(err, ERR_USAGE, "--passphrase-fd wants a file descriptor");
		if (r >= 0)
			options->passphrase_fd = (int)number;
		return r;
	case OPTION_FAIL_ON:
		if (!severity_parse(value, &options->fail_on))
			return err_set(err, ERR_USAGE, "--fail-on wants info, low, medium, high or critical, not '%s'",
				       QUOTE(value));
		return 0;
	default:
		return set_text(options, row->bit, value);
	}
}

static int count_args(const struct verb *verb, const struct options *options, struct err *err)
{
	if (options->help)
		return 0;
	if (options->arg_count < verb->min_args)
		return err_set(err, ERR_USAGE, "too few arguments: tally %s %s", verb->name, verb->synopsis);
	if (options->arg_count > verb->max_args)
		return err_set(err, ERR_USAGE, "too many arguments: tally %s %s", verb->name, verb->synopsis);
	return 0;
}

int options_parse(const struct verb *verb, int argc, char **argv, struct options *ret_options, struct err *err)
{
	CLEANUP(options_done) struct options options = { .passphrase_fd = -1 };
	struct option table[ARRAY_SIZE(rows) + 1] = { 0 };
	size_t count = 0;
	int choice, r;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (verb->options & rows[i].bit)
			table[count++] = (struct option){ rows[i].name, rows[i].value ? required_argument : no_argument,
							  NULL, (int)i + 256 };
	}
	opterr = 0;
	/* else getopt_long() takes what stands behind the first argument for arguments: `tally check /etc --quick` */
	(void)unsetenv("POSIXLY_CORRECT");
	while ((choice = getopt_long(argc, argv, ":", table, NULL)) != -1) {
		if (choice == ':')
			return err_set(err, ERR_USAGE, "'%s' wants a value: try `tally %s --help`",
				       QUOTE(argv[optind - 1]), verb->name);
		if (choice < 256)
			return err_set(err, ERR_USAGE, "'%s' is no option of %s: try `tally %s --help`",
				       QUOTE(argv[optind - 1]), verb->name, verb->name);
		r = set_option(&options, &rows[choice - 256], optarg, err);
		if (r < 0)
			return r;
	}
	if (options.place.baseline && (options.given & OPTION_STATE))
		options.place.later = options.place.state;
	options.args = (const char *const *)(void *)(argv + optind);
	options.arg_count = (size_t)(argc - optind);
	r = count_args(verb, &options, err);
	if (r >= 0)
		r = environment_apply(verb, &options, err);
	if (r < 0)
		return r;
	*ret_options = options;
	options.trust = NULL;
	return 0;
}

void options_done(struct options *options)
{
	free(options->trust);
	options->trust = NULL;
}

void help_all(void)
{
	puts("usage: tally VERB [OPTION...] [ARGUMENT...]\n");
	for (size_t i = 0; i < verb_count; i++)
		printf("  %-8s %s\n", verbs[i].name, verbs[i].summary);
	puts("\n`tally VERB --help` tells more; `tally --version` the version. Manual: tally(1).");
	puts("\nexit status: 0 no difference, else the sum of 1 added, 2 removed, 4 changed or\n"
	     "moved, 8 not examined; or alone: 16 not authentic, 64 usage, 65 damaged input,\n"
	     "66 input missing, 69 no daemon, 70 internal, 73 cannot create, 74 I/O,\n"
	     "75 locked, 77 not permitted, 78 bad policy, 130 interrupted");
}

void help_verb(const struct verb *verb)
{
	printf("usage: tally %s %s\n%s\n\n", verb->name, verb->synopsis, verb->summary);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char left[40];

		if (!(verb->options & rows[i].bit))
			continue;
		(void)snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].value ? " " : "",
			       rows[i].value ? rows[i].value : "");
		printf("  %-20s %s\n", left, rows[i].help);
	}
}
