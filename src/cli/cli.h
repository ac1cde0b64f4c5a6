/*
 * cli.h - the command line: one table of verbs, one table of options, one file a verb.
 *
 * A verb gets its parsed options, calls one op, renders the result and returns the exit status, or a negative
 * enum err_code with *err set. Only code in cli/ prints.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "tally/ops.h"

/* Options, as bits: which a verb takes. */
enum {
	OPTION_CONFIG = 1 << 0,
	OPTION_STATE = 1 << 1,
	OPTION_JSON = 1 << 2,
	OPTION_QUIET = 1 << 3,
	OPTION_NO_COLOR = 1 << 4,
	OPTION_TMP = 1 << 5,
	OPTION_HELP = 1 << 6,
	OPTION_TRUST = 1 << 7,
	OPTION_MIN_SEQUENCE = 1 << 8,
	OPTION_GENERATION = 1 << 9,
	OPTION_BASELINE = 1 << 10,
	OPTION_FROM = 1 << 11,
	OPTION_QUICK = 1 << 12,
	OPTION_FAIL_ON = 1 << 13,
	OPTION_ALL = 1 << 14,
	OPTION_POLICY = 1 << 15,
	OPTION_REASON = 1 << 16,
	OPTION_KEY = 1 << 17,
	OPTION_OUTPUT = 1 << 18,
	OPTION_ADD = 1 << 19,
	OPTION_FORCE = 1 << 20,
	OPTION_PASSPHRASE_FD = 1 << 21,
	OPTION_NO_PASSPHRASE = 1 << 22,
	OPTION_SYNC = 1 << 23,
	OPTION_DAEMON = 1 << 24,
	OPTION_CONTROL = 1 << 25,
	OPTION_SINCE = 1 << 26,
	OPTION_FOLLOW = 1 << 27,
	OPTION_ISO = 1 << 28,
	/* every verb takes these; every verb that reads a baseline takes the second group too */
	OPTIONS_COMMON =
		OPTION_CONFIG | OPTION_STATE | OPTION_JSON | OPTION_QUIET | OPTION_NO_COLOR | OPTION_TMP | OPTION_HELP,
	OPTIONS_BASELINE = OPTION_TRUST | OPTION_MIN_SEQUENCE | OPTION_GENERATION | OPTION_BASELINE
};

struct options {
	uint32_t given; /* bits */
	struct place place;
	const char *from, *reason, *key, *output, *add, *control, *since;
	bool json, quiet, no_color, quick, all, policy, force, help, no_passphrase, sync, daemon, follow, iso;
	enum severity fail_on; /* SEVERITY_INFO when not given: everything counts */
	int passphrase_fd; /* -1: ask the terminal */
	const char *const *args; /* what is no option */
	size_t arg_count;
	const char **trust; /* owner of place.trust */
};

struct verb {
	const char *name;
	int (*run)(struct options *options, struct err *err);
	const char *summary; /* one line for `tally --help` */
	const char *synopsis; /* behind the name */
	uint32_t options;
	size_t min_args, max_args;
};

extern const struct verb verbs[];
extern const size_t verb_count;
const struct verb *verb_find(const char *name); /* NULL when there is none */

/* Parses ARGV behind the verb. ERR_USAGE with one line. */
int options_parse(const struct verb *verb, int argc, char **argv, struct options *ret_options, struct err *err);
void options_done(struct options *options);
/* environment.c: the folders that OPTIONS leave open, and the time zone: of the environment where it counts. The static program has
 * no configuration of its own: ERR_USAGE for what would need one. Not thread-safe. */
int environment_apply(const struct verb *verb, struct options *options, struct err *err);
void help_all(void);
void help_verb(const struct verb *verb);

/* How the ops talk to a person: progress on a terminal, warnings, passphrases. One of each process. */
struct talk *talk_start(const struct options *options);
bool talk_interrupted(void);

/* stdout as the report wants it. */
struct report_out cli_out(const struct options *options);
/* Flushes stdout; ERR_IO when anything printed was lost. */
int cli_flush(struct err *err);
/* One JSON object as a line; takes ownership of ITEM. NULL is out of memory. */
typedef struct json_t json_t;
int cli_print_json(json_t *item, struct err *err);

int verb_init(struct options *options, struct err *err);
int verb_check(struct options *options, struct err *err);
int verb_show(struct options *options, struct err *err);
int verb_explain(struct options *options, struct err *err);
int verb_policy(struct options *options, struct err *err);
int verb_accept(struct options *options, struct err *err);
int verb_history(struct options *options, struct err *err);
int verb_sign(struct options *options, struct err *err);
int verb_verify(struct options *options, struct err *err);
int verb_key(struct options *options, struct err *err);
int verb_log(struct options *options, struct err *err);
int verb_drift(struct options *options, struct err *err);
int verb_status(struct options *options, struct err *err);
int verb_export(struct options *options, struct err *err);

/* Shared by check and drift: renders the comparison, with one line on what to do next. Returns the exit status. */
int print_comparison(const struct options *options, struct comparison *comparison, struct err *err);

/* Shared by history, verify and sign: one generation as a line of JSON or some lines of text. */
int print_generation(const struct options *options, const struct generation_view *view, const char *record,
		     struct err *err);
/* The parts of that, for verify: members of a record; and lines on who signed. */
struct record;
void output_generation(struct record *record, const struct generation_view *view);
void output_signer_lines(const struct report_signer *signers, size_t count, const char *const *unknown,
			 size_t unknown_count);

#endif
