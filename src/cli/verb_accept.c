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

static const char *word(uint64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

static void print_outcome(const struct options *options, const struct comparison *comparison)
{
	unsigned long long sequence = comparison->summary.sequence;
	unsigned long long recorded = comparison->recorded, dropped = comparison->dropped;

	if (options->json)
		printf("{\"record\":\"accepted\",\"format\":1,\"applied\":%s,\"sequence\":%llu,\"recorded\":%llu,"
		       "\"dropped\":%llu}\n",
		       comparison->applied ? "true" : "false", sequence, recorded, dropped);
	else if (!comparison->applied)
		printf("NOTHING TO ACCEPT  generation %llu stays the newest\n", sequence);
	else if (options->policy)
		printf("ACCEPTED  generation %llu is signed; the policy files are its policy: %llu %s newly recorded, "
		       "%llu "
		       "no longer covered\n",
		       sequence, recorded, word(recorded, "path", "paths"), dropped);
	else
		printf("ACCEPTED  generation %llu is signed\n", sequence);
}

/* What is no change in itself, yet is recorded as it is now. */
static void print_renewed(const struct comparison *comparison)
{
	unsigned long long renewed = comparison->renewed;

	if (renewed)
		printf("%llu %s renewed without a change to report: logs that grew, directories that follow\n", renewed,
		       word(renewed, "record was", "records were"));
}

static bool tells(const struct comparison *comparison)
{
	const struct diff_counts *counts = &comparison->summary.counts;

	return counts->added || counts->removed || counts->changed || counts->moved || counts->unexamined;
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
	bool shown;
	int r;

	r = judge_arguments(options, err);
	if (r >= 0)
		r = op_accept(&options->place, &request, talk_start(options), &comparison, err);
	if (r < 0)
		return r;
	shown = comparison->applied && !options->policy && !options->quiet && !options->json;
	print_outcome(options, comparison);
	if (shown)
		print_renewed(comparison);
	shown = shown && tells(comparison);
	if (shown)
		puts("what it accepted:\n");
	if (options->json || shown)
		r = report_comparison(&out, comparison->changes, &comparison->summary, err);
	if (r >= 0)
		r = cli_flush(err);
	if (r < 0)
		return r;
	return comparison->summary.counts.unexamined ? 8 : 0;
}
