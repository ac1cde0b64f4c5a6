/* verb_init.c - tally init. */
#include <jansson.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "cli/cli.h"

static int print_json(const struct init_result *result, struct err *err)
{
	const struct statement *statement = &result->statement;

	return cli_print_json(json_pack("{s:s,s:i,s:s,s:I,s:I,s:I,s:s,s:s,s:I,s:I,s:I,s:f}", "record", "init", "format",
					1, "host_id", statement->host_id, "sequence", (json_int_t)statement->sequence,
					"entries", (json_int_t)statement->entries, "unexamined",
					(json_int_t)statement->unexamined, "root", statement->root, "host_key",
					result->fingerprint, "bytes_read", (json_int_t)result->bytes_read, "excluded",
					(json_int_t)result->excluded, "mounts_skipped",
					(json_int_t)result->mounts_skipped, "seconds", result->seconds),
			      err);
}

static void print_text(const struct options *options, const struct init_result *result)
{
	const struct statement *statement = &result->statement;
	double mib = (double)result->bytes_read / 1048576.0;

	printf("BASELINE MADE  generation %llu of %s: %llu paths, %.1f MiB read in %.1f s\n",
	       (unsigned long long)statement->sequence, QUOTE(statement->host), (unsigned long long)statement->entries,
	       mib, result->seconds);
	if (options->quiet)
		return;
	printf("  could not be examined: %llu; excluded by the policy: %llu; mounts not entered: %llu\n",
	       (unsigned long long)statement->unexamined, (unsigned long long)result->excluded,
	       (unsigned long long)result->mounts_skipped);
	printf("  root hash   %s\n", statement->root);
	printf("  host key    %s (%s/host.pub%s)\n", result->fingerprint, QUOTE(options->place.config),
	       result->key_made ? ", made now" : "");
	if (result->policy_made)
		printf("  policy      the default one, written to %s/policy.yaml\n", QUOTE(options->place.config));
	puts("\nWrite the root hash and the host key's fingerprint down somewhere off this machine.");
	if (!options->from)
		puts("Next: `tally check`.");
}

int verb_init(struct options *options, struct err *err)
{
	struct init_result result;
	int r;

	r = op_init(&options->place, options->from, talk_start(options), &result, err);
	if (r >= 0 && options->json)
		r = print_json(&result, err);
	else if (r >= 0)
		print_text(options, &result);
	if (r >= 0)
		r = cli_flush(err);
	if (r < 0)
		return r;
	return result.statement.unexamined ? 8 : 0;
}
