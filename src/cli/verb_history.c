/* verb_history.c - tally history. */
#include <jansson.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "cli/cli.h"

static int on_generation(void *context, const struct generation_view *view, struct err *err)
{
	return print_generation(context, view, "generation", err);
}

struct printing {
	const struct options *options;
	struct report_out out;
};

/* The generation of a version is a line (or object) of its own before the entry. */
static int on_version(void *context, const struct entry *entry, const struct generation_view *since, uint64_t until,
		      struct err *err)
{
	const struct printing *printing = context;
	struct timetext created = time_local_seconds(since->statement->created.sec);
	int r;

	if (printing->options->json) {
		CLEANUP(freep) char *reason = quote_dup(since->reason, strlen(since->reason));

		if (!reason)
			return err_nomem(err);
		r = cli_print_json(json_pack("{s:s,s:I,s:I,s:s}", "record", "version", "since",
					     (json_int_t)since->statement->sequence, "until", (json_int_t)until,
					     "reason", reason),
				   err);
	} else {
		printf("generation %llu%s, from %s%s%s\n", (unsigned long long)since->statement->sequence,
		       until ? "" : " and since", created.text, since->reason[0] ? ": " : "", QUOTE(since->reason));
		if (until)
			printf("  until generation %llu\n", (unsigned long long)until);
		r = 0;
	}
	return r < 0 ? r : report_entry(&printing->out, entry, true, err);
}

int verb_history(struct options *options, struct err *err)
{
	struct printing printing = { options, cli_out(options) };
	int r;

	(void)talk_start(options);
	r = options->arg_count ? op_history_path(&options->place, options->args[0], on_version, &printing, err)
			       : op_history(&options->place, on_generation, options, err);
	return r < 0 ? r : cli_flush(err);
}
