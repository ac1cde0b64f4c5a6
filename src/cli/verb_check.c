/* verb_check.c - tally check. */
#include <jansson.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/cli.h"

/* Has the daemon do it: queued is all that can be said now. */
static int check_daemon(struct options *options, const struct check_request *request, struct err *err)
{
	const uint64_t strange = OPTIONS_BASELINE | OPTION_FAIL_ON;
	int r;

	if (options->given & strange)
		return err_set(err, ERR_USAGE,
			       "--daemon checks against the daemon's baseline and gives no verdict: only "
			       "--quick and paths go with it");
	r = op_check_daemon(options->control, request, talk_start(options), err);
	if (r < 0)
		return r;
	if (options->json)
		r = cli_print_json(json_pack("{sssiss}", "record", "scan", "format", 1, "state", "queued"), err);
	else
		puts("queued; `tally status` tells how far it is, `tally log` and `tally drift` what it finds");
	return r < 0 ? r : cli_flush(err);
}

int verb_check(struct options *options, struct err *err)
{
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	struct check_request request = { options->args, options->arg_count, options->quick };
	int r;

	if (options->daemon)
		return check_daemon(options, &request, err);
	if (options->control)
		return err_set(err, ERR_USAGE, "--control goes with --daemon");
	r = op_check(&options->place, &request, talk_start(options), &comparison, err);
	return r < 0 ? r : print_comparison(options, true, comparison, err);
}
