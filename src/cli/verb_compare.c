/* verb_compare.c - tally compare. */
#include "base/cleanup.h"
#include "cli/cli.h"
#include "tally/compare.h"

int verb_compare(struct options *options, struct err *err)
{
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	const struct compare_request request = {
		.a = options->args[0],
		.b = options->args[1],
		.at = options->at,
		.policy = options->policy_file,
		.mount = options->mount,
		.hash_image = options->hash_image,
		.offset = options->offset,
	};
	int r = op_compare(&options->place, &request, talk_start(options), &comparison, err);

	return r < 0 ? r : print_comparison(options, false, comparison, err);
}
