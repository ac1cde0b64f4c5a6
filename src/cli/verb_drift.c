/* verb_drift.c - tally drift. */
#include "base/cleanup.h"
#include "cli/cli.h"

int verb_drift(struct options *options, struct err *err)
{
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	struct drift_request request = { options->control, options->args, options->arg_count, options->sync };
	int r;

	r = op_drift(&options->place, &request, talk_start(options), &comparison, err);
	return r < 0 ? r : print_comparison(options, true, comparison, err);
}
