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
#define OPTION_BIT(number)   (UINT64_C(1) << (number))
#define OPTION_CONFIG        OPTION_BIT(0)
#define OPTION_STATE         OPTION_BIT(1)
#define OPTION_JSON          OPTION_BIT(2)
#define OPTION_QUIET         OPTION_BIT(3)
#define OPTION_NO_COLOR      OPTION_BIT(4)
#define OPTION_TMP           OPTION_BIT(5)
#define OPTION_HELP          OPTION_BIT(6)
#define OPTION_TRUST         OPTION_BIT(7)
#define OPTION_MIN_SEQUENCE  OPTION_BIT(8)
#define OPTION_GENERATION    OPTION_BIT(9)
#define OPTION_BASELINE      OPTION_BIT(10)
#define OPTION_FROM          OPTION_BIT(11)
#define OPTION_QUICK         OPTION_BIT(12)
#define OPTION_FAIL_ON       OPTION_BIT(13)
#define OPTION_ALL           OPTION_BIT(14)
#define OPTION_POLICY        OPTION_BIT(15)
#define OPTION_REASON        OPTION_BIT(16)
#define OPTION_KEY           OPTION_BIT(17)
#define OPTION_OUTPUT        OPTION_BIT(18)
#define OPTION_ADD           OPTION_BIT(19)
#define OPTION_FORCE         OPTION_BIT(20)
#define OPTION_PASSPHRASE_FD OPTION_BIT(21)
#define OPTION_NO_PASSPHRASE OPTION_BIT(22)
#define OPTION_SYNC          OPTION_BIT(23)
#define OPTION_DAEMON        OPTION_BIT(24)
#define OPTION_CONTROL       OPTION_BIT(25)
#define OPTION_SINCE         OPTION_BIT(26)
#define OPTION_FOLLOW        OPTION_BIT(27)
#define OPTION_ISO           OPTION_BIT(28)
#define OPTION_AT            OPTION_BIT(29)
#define OPTION_POLICY_FILE   OPTION_BIT(30)
#define OPTION_MOUNT         OPTION_BIT(31)
#define OPTION_HASH_IMAGE    OPTION_BIT(32)
#define OPTION_OFFSET        OPTION_BIT(33)
/* every verb takes these; every verb that reads a baseline takes the second group too */
#define OPTIONS_COMMON                                                                                                 \
	(OPTION_CONFIG | OPTION_STATE | OPTION_JSON | OPTION_QUIET | OPTION_NO_COLOR | OPTION_TMP | OPTION_HELP)
#define OPTIONS_BASELINE (OPTION_TRUST | OPTION_MIN_SEQUENCE | OPTION_GENERATION | OPTION_BASELINE)

struct options {
	uint64_t given; /* bits */
	struct place place;
	const char *from, *reason, *key, *output, *add, *control, *since, *at, *policy_file;
	bool json, quiet, no_color, quick, all, policy, force, help, no_passphrase, sync, daemon, follow, iso, mount,
		hash_image;
	uint64_t offset; /* bytes */
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
	uint64_t options;
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

/* How the ops talk to a person: progress on a terminal, warnings, passphrases. One of each process. From here on signals end an op
 * through this, or through OPTIONS' place where it takes no talk. */
struct talk *talk_start(struct options *options);
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
int verb_compare(struct options *options, struct err *err);

/* Shared by check, drift and compare: renders the comparison; HINT: with one line on what to do next. Returns the exit status. */
int print_comparison(const struct options *options, bool hint, struct comparison *comparison, struct err *err);

/* Shared by history, verify and sign: one generation as a line of JSON or some lines of text. */
int print_generation(const struct options *options, const struct generation_view *view, const char *record,
		     struct err *err);
/* The parts of that, for verify: members of a record; and lines on who signed. */
struct record;
void output_generation(struct record *record, const struct generation_view *view);
void output_signer_lines(const struct report_signer *signers, size_t count, const char *const *unknown,
			 size_t unknown_count);

#endif
