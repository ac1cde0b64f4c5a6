/* verb_accept.c - tally accept. */
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/cli.h"

static int judge_arguments(const struct options *options, struct err *err)
{
	int kinds = (options->arg_count > 0) + options->all + options->policy;

	if (kinds != 1)
		return err_set(err, ERR_USAGE, "accept wants either paths, or --all, or --policy");
	return 0;
}

static void print_outcome(const struct options *options, const struct comparison *comparison)
{
	const struct report_summary *summary = &comparison->summary;

	if (options->json)
		return;
	if (comparison->applied)
		printf("ACCEPTED  generation %llu is signed%s\n", (unsigned long long)summary->sequence,
		       options->policy ? "; the policy files are its policy" : "");
	else
		printf("NOTHING TO ACCEPT  generation %llu stays the newest\n", (unsigned long long)summary->sequence);
}

int verb_accept(struct options *options, struct err *err)
{
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	struct accept_request request = { .paths = options->args,
					  .path_count = options->arg_count,
					  .all = options->all,
					  .policy = options->policy,
					  .reason = options->reason };
	struct report_out out = cli_out(options);
	int r;

	r = judge_arguments(options, err);
	if (r >= 0)
		r = op_accept(&options->place, &request, talk_start(options), &comparison, err);
	if (r < 0)
		return r;
	print_outcome(options, comparison);
	if (comparison->applied && !options->policy && !options->quiet && !options->json)
		puts("what it accepted:\n");
	if (options->json || (comparison->applied && !options->policy && !options->quiet))
		r = report_comparison(&out, comparison->changes, &comparison->summary, err);
	if (r >= 0)
		r = cli_flush(err);
	if (r < 0)
		return r;
	return comparison->summary.counts.unexamined ? 8 : 0;
}
