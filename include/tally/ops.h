/*
 * ops.h - what the verbs do. An op returns values; it never prints and never exits.
 *
 * Everything an op needs to know about where it works stands in a struct place; how it talks while it works
 * (progress, warnings, passphrases) is a struct talk of callbacks. Results are owned by the caller and hold no
 * open database. One op at a time per result; ops share no state with one another.
 */
#ifndef TALLY_OPS_H
#define TALLY_OPS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scan/scan.h"
#include "store/baseline.h"
#include "tally/err.h"
#include "tally/report.h"

/* Where a verb works: what the common options say. All strings are borrowed. */
struct place {
	const char *config; /* /etc/tallystick */
	const char *state; /* /var/lib/tallystick */
	const char *tmp; /* for the spill component; NULL: $TMPDIR, else /tmp */
	const char *
		baseline; /* --baseline FILE or MEDIUM: config and state are ignored, trust is required; NULL: installed */
	const char *
		later; /* --state beside --baseline: its baseline's later generations explain what differs; NULL: not looked at */
	const char *const *trust; /* --trust files; when given, only these */
	size_t trust_count;
	uint64_t min_sequence; /* 0: none */
	uint64_t generation; /* 0: the newest */
	const atomic_bool *
		interrupted; /* ends the reading of a baseline or medium, as large as somebody likes: ERR_INTERRUPTED. May be NULL */
};

/* How an op talks. Any member may be NULL. */
struct talk {
	/* A scan begins. EXPECTED entries: of the record that it is compared with, or an upper bound (AT_MOST); 0 unknown. */
	void (*begin)(void *context, const char *what, const struct scan_stats *stats, uint64_t expected, bool at_most);
	void (*end)(void *context); /* ... and is over */
	void (*warn)(void *context, const char *line);
	/* Asks for a passphrase. *ret_passphrase is heap memory that the op wipes and frees. TWICE: ask again to
	 * confirm. */
	int (*passphrase)(void *context, const char *prompt, bool twice, char **ret_passphrase, struct err *err);
	const atomic_bool *interrupted;
	void *context;
};

/* ---- a comparison: what check, accept and sign give to the report ---- */
struct comparison {
	struct changes *changes;
	struct report_summary summary; /* its pointers point into `texts` */
	struct texts *texts; /* owner of the strings in summary */
	struct later *later; /* what explains some of the changes; NULL: nothing */
	struct unreplayed *unreplayed; /* what only pending journals show; NULL: nothing */
	bool applied; /* accept: a generation was signed */
	uint64_t recorded, dropped; /* accept: rows that it put and removed */
	uint64_t renewed; /* those of the former that are no change: logs that grew, directories that follow */
};
void comparison_freep(struct comparison **comparison);
/* Exit status bits of a comparison; changes below FAIL_ON do not count. */
int comparison_status(struct comparison *comparison, enum severity fail_on, int *ret_status, struct err *err);

/* ---- init ---- */
struct init_result {
	struct statement statement;
	char fingerprint[KEY_FINGERPRINT_TEXT]; /* of the host key */
	bool key_made, policy_made;
	uint64_t bytes_read, excluded, mounts_skipped;
	double seconds;
};
/*
 * FROM: NULL or "live:/" for this system, else a tree as op_compare() takes it, but no baseline. ERR_CANTCREATE when a baseline exists or was
 * ever seen in this state folder; ERR_DATA when an image or archive can't be read to its end; these fork: no other thread may run.
 */
int op_init(const struct place *place, const char *from, const struct talk *talk, struct init_result *ret_result,
	    struct err *err);

/* ---- check ---- */
struct check_request {
	const char *const *paths; /* as typed */
	size_t path_count;
	bool quick;
};
int op_check(const struct place *place, const struct check_request *request, const struct talk *talk,
	     struct comparison **ret_comparison, struct err *err);

/* ---- the daemon: asked over its control socket; CONTROL is the socket's path, NULL: TALLY_CONTROL ---- */

/*
 * All three: ERR_NODAEMON when no daemon answers or it breaks off, ERR_DENIED when we may not ask, the daemon's own error (its
 * baseline can't be believed: ERR_UNTRUSTED), ERR_DATA when its answer is not what docs/FORMATS.md "Control socket" says.
 */
#define TALLY_CONTROL "/run/tallystick/control.sock"

struct drift_request {
	const char *control;
	const char *const *paths; /* as typed */
	size_t path_count;
	bool sync; /* wait until everything changed before the call has been judged */
};
/* What the daemon holds to differ now, as op_check() would give it. Of PLACE only `tmp` counts. */
int op_drift(const struct place *place, const struct drift_request *request, const struct talk *talk,
	     struct comparison **ret_comparison, struct err *err);

enum daemon_state { DAEMON_GREEN, DAEMON_YELLOW, DAEMON_RED };
/* The status object (jansson's; the caller's, json_decref()) and its state: yellow instead of green when SYNC was asked for in vain.
 * Only record, format and state of it have been looked at. */
struct json_t;
int op_status(const char *control, bool sync, const struct talk *talk, struct json_t **ret_status,
	      enum daemon_state *ret_state, struct err *err);

/* Has the daemon look at the paths (none: everything) in the background; returns when that is queued. */
int op_check_daemon(const char *control, const struct check_request *request, const struct talk *talk, struct err *err);

/* ---- accept ---- */
struct accept_request {
	const char *const *paths;
	size_t path_count;
	bool all, policy; /* exactly one of paths, all, policy */
	const char *reason; /* NULL: "" */
};
/* What became part of the new generation (comparison->summary.sequence), or applied = false when nothing differed. */
int op_accept(const struct place *place, const struct accept_request *request, const struct talk *talk,
	      struct comparison **ret_comparison, struct err *err);

/* ---- what a baseline holds ---- */

/* Calls ENTRY for each recorded entry at or below the paths (none: all), after the whole baseline has proved
 * itself. EXACT: it is one of those asked for itself, not what lies below. */
typedef int (*entry_fn)(void *context, const struct entry *entry, bool exact, struct err *err);
int op_show(const struct place *place, const char *const *paths, size_t path_count, entry_fn entry, void *context,
	    struct err *err);

struct generation_view {
	const struct statement *statement;
	const char *reason;
	const struct report_signer *signers; /* trusted ones */
	size_t signer_count;
	const char *const *unknown_signers; /* key ids */
	size_t unknown_signer_count;
	bool vouched; /* a trusted key signed it or a later one that follows from it */
};
typedef int (*generation_fn)(void *context, const struct generation_view *generation, struct err *err);
/* All generations, oldest first, each reproduced and its root hash compared first. */
int op_history(const struct place *place, generation_fn generation, void *context, struct err *err);

typedef int (*version_fn)(void *context, const struct entry *entry, const struct generation_view *since, uint64_t until,
			  struct err *err);
/* The versions of one path, oldest first; SINCE without a statement: not in this file. ERR_NOINPUT: none has it. */
int op_history_path(const struct place *place, const char *path, version_fn version, void *context, struct err *err);

/* ---- explain ---- */
struct explanation {
	struct texts *texts; /* owner of the strings below */
	const char *path; /* resolved, raw bytes as C string */
	const char *policy_from, *not_looked; /* "the signed policy of ..."; why there was no look at the present */
	struct decision decision;
	const struct rule **rules; /* that match, in order */
	size_t rule_count;
	struct policy *policy;
	struct entry_copy *recorded, *present; /* NULL: not there */
	uint32_t differs; /* attributes that differ between them */
	uint32_t reported; /* those of them that check would report */
	unsigned log; /* LOG_*: what a growing log did */
	bool signed_policy; /* false: no baseline; the policy files were used */
};
int op_explain(const struct place *place, const char *path, const struct talk *talk,
	       struct explanation **ret_explanation, struct err *err);
void explanation_freep(struct explanation **explanation);

/* ---- policy ---- */
/* Parses the policy files in the config folder. *ret_policy is the caller's. WARN hears of rules whose path runs
 * through a symbolic link. */
int op_policy(const struct place *place, const struct talk *talk, struct policy **ret_policy, struct err *err);

/* ---- keys and signatures ---- */
/* Writes PREFIX.key (0600) and PREFIX.pub; neither may exist. ENCRYPT asks talk->passphrase. */
int op_key_generate(const char *prefix, bool encrypt, const struct talk *talk, struct public_key *ret_key,
		    struct err *err);
/* Reads a public key file. FILE NULL: the host's. */
int op_key_show(const struct place *place, const char *file, struct public_key *ret_key, struct err *err);

struct sign_request {
	const char *baseline;
	const char *key, *output;
	bool force; /* although a host key lies here */
};
/* Verifies the baseline, compares with the last generation this key signed, by that one's policy (comparison NULL when
 * there is none), writes a detached signature of the newest statement. Policy texts that differ are changes of
 * /etc/tallystick/NAME, wherever the host keeps them. */
int op_sign(const struct place *place, const struct sign_request *request, const struct talk *talk,
	    struct statement *ret_statement, struct comparison **ret_comparison, struct err *err);
/* Attaches a detached signature to the generation of the installed baseline that it signs. */
int op_sign_add(const struct place *place, const char *signature_file, uint64_t *ret_sequence,
		char ret_key_id[KEY_ID_HEX], struct err *err);

#endif
