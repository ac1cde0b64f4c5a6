/*
 * verbs.c - the table of verbs: help, completions and the manual are held against it.
 */
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"

const struct verb verbs[] = {
	{ "init", verb_init, "make the first signed baseline of this system", "[--from TREE]",
	  OPTIONS_COMMON | OPTION_FROM, 0, 0 },
	{ "check", verb_check, "compare this system with its baseline, or with another one",
	  "[PATH...] [--quick] [--baseline FILE] [--daemon]",
	  OPTIONS_COMMON | OPTIONS_BASELINE | OPTION_QUICK | OPTION_FAIL_ON | OPTION_DAEMON | OPTION_CONTROL, 0,
	  SIZE_MAX },
	{ "compare", verb_compare, "compare any two: live, folder, baseline, medium, image, archive",
	  "A B [--at PATH] [--policy FILE]",
	  OPTIONS_COMMON | OPTION_TRUST | OPTION_MIN_SEQUENCE | OPTION_GENERATION | OPTION_FAIL_ON | OPTION_AT |
		  OPTION_POLICY_FILE | OPTION_MOUNT | OPTION_HASH_IMAGE | OPTION_OFFSET,
	  2, 2 },
	{ "drift", verb_drift, "what the daemon holds to differ now", "[PATH...] [--sync] [--fail-on SEVERITY]",
	  OPTIONS_COMMON | OPTION_SYNC | OPTION_FAIL_ON | OPTION_CONTROL, 0, SIZE_MAX },
	{ "status", verb_status, "is the daemon watching everything it should", "[--sync]",
	  OPTIONS_COMMON | OPTION_SYNC | OPTION_CONTROL, 0, 0 },
	{ "log", verb_log, "print what the daemon saw: the events of its journal",
	  "[PATH...] [--since TIME] [--follow] [--all]", OPTIONS_COMMON | OPTION_SINCE | OPTION_FOLLOW | OPTION_ALL, 0,
	  SIZE_MAX },
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
	{ "sign", verb_sign, "sign a copied baseline or a medium off the host; --add attaches it",
	  "BASELINE-OR-MEDIUM --key FILE --output SIG | --add SIG",
	  OPTIONS_COMMON | OPTION_TRUST | OPTION_MIN_SEQUENCE | OPTION_KEY | OPTION_OUTPUT | OPTION_ADD | OPTION_FORCE |
		  OPTION_PASSPHRASE_FD,
	  0, 1 },
	{ "export", verb_export, "put a generation on a medium that proves itself", "DEST [--iso] [--key FILE]",
	  OPTIONS_COMMON | OPTIONS_BASELINE | OPTION_ISO | OPTION_KEY | OPTION_PASSPHRASE_FD, 1, 1 },
	{ "verify", verb_verify, "prove a baseline or medium authentic and whole, or a journal whole", "[FILE|FOLDER]",
	  OPTIONS_COMMON | OPTIONS_BASELINE, 0, 1 },
	{ "key", verb_key, "make a minisign-compatible key pair, or show a public key", "generate PREFIX | show [FILE]",
	  OPTIONS_COMMON | OPTION_PASSPHRASE_FD | OPTION_NO_PASSPHRASE, 1, 2 },
};
const size_t verb_count = ARRAY_SIZE(verbs);

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < verb_count; i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}
