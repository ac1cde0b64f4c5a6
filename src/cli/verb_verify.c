/* verb_verify.c - tally verify. */
#include <stdio.h>

#include "cli/cli.h"

static int on_generation(void *context, const struct generation_view *view, struct err *err)
{
	const struct options *options = context;

	if (!options->json)
		puts("AUTHENTIC  signatures, chain of generations and every root hash are right");
	if (options->quiet && !options->json)
		return 0;
	return print_generation(options, view, "verify", err);
}

int verb_verify(struct options *options, struct err *err)
{
	int r;

	(void)talk_start(options);
	r = op_verify(&options->place, options->arg_count ? options->args[0] : NULL, on_generation, options, err);
	return r < 0 ? r : cli_flush(err);
}
