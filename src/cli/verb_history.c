/* verb_history.c - tally history. */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "cli/cli.h"
#include "report/json.h"

static int on_generation(void *context, const struct generation_view *view, struct err *err)
{
	return print_generation(context, view, "generation", err);
}

struct printing {
	const struct options *options;
	struct report_out out;
};

static int version_json(const struct printing *printing, uint64_t generation, const struct generation_view *since,
			uint64_t until, struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();

	record_string(&record, "record", "version");
	record_count(&record, "format", 1);
	record_count(&record, "since", generation);
	record_count(&record, "until", until);
	record_bytes(&record, "reason", bytes_of(since->reason));
	record_set(&record, "trusted", json_boolean(since->vouched));
	return record_write(&printing->out, &record, err);
}

static void version_text(uint64_t generation, const struct generation_view *since, uint64_t until)
{

	printf("generation %llu%s, ", (unsigned long long)generation, until ? "" : " and since");
	if (since->statement)
		printf("from %s%s%s\n", time_local_seconds(since->statement->created.sec).text,
		       since->reason[0] ? ": " : "", QUOTE(since->reason));
	else
		puts("of which this file holds only what came of it");
	if (!since->vouched)
		puts("  signed by no key that is trusted here; nothing vouches for it");
	if (until)
		printf("  until generation %llu\n", (unsigned long long)until);
}

/* The generation of a version is a line (or object) of its own before the entry. */
static int on_version(void *context, const struct entry *entry, const struct generation_view *since, uint64_t until,
		      struct err *err)
{
	const struct printing *printing = context;
	int r = 0;

	if (printing->options->json)
		r = version_json(printing, entry->since, since, until, err);
	else
		version_text(entry->since, since, until);
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
