/* verb_verify.c - tally verify. */
#include <stdio.h>

#include "cli/cli.h"

struct verifying {
	const struct options *options;
	uint64_t first, last; /* generations that nobody trusted vouches for; 0 none */
};

static void print_head(const struct verifying *verifying)
{
	unsigned long long first = verifying->first, last = verifying->last;

	if (first == 0)
		puts("AUTHENTIC  signatures, chain of generations and every root hash are right");
	else if (first == last)
		printf("AUTHENTIC UP TO GENERATION %llu  generation %llu is whole, but nobody trusted vouches for it\n",
		       first - 1, first);
	else
		printf("AUTHENTIC UP TO GENERATION %llu  generations %llu to %llu are whole, but nobody trusted "
		       "vouches "
		       "for them\n",
		       first - 1, first, last);
}

/* The reference generation comes last. */
static int on_generation(void *context, const struct generation_view *view, struct err *err)
{
	struct verifying *verifying = context;
	const struct options *options = verifying->options;

	if (!view->vouched) {
		verifying->last = view->statement->sequence;
		if (verifying->first == 0)
			verifying->first = verifying->last;
		return options->json ? print_generation(options, view, "generation", err) : 0;
	}
	if (!options->json)
		print_head(verifying);
	if (options->quiet && !options->json)
		return 0;
	return print_generation(options, view, "verify", err);
}

int verb_verify(struct options *options, struct err *err)
{
	struct verifying verifying = { .options = options };
	int r;

	(void)talk_start(options);
	r = op_verify(&options->place, options->arg_count ? options->args[0] : NULL, on_generation, &verifying, err);
	return r < 0 ? r : cli_flush(err);
}
