/* verb_show.c - tally show. */
#include "cli/cli.h"

struct showing {
	struct report_out out;
	bool detail;
};

static int show_entry(void *context, const struct entry *entry, bool exact, struct err *err)
{
	const struct showing *showing = context;

	return report_entry(&showing->out, entry, showing->detail && exact, err);
}

int verb_show(struct options *options, struct err *err)
{
	/* The one path that is asked for is shown whole; what lies below it, or several paths, are a list. */
	struct showing showing = { cli_out(options), options->arg_count == 1 };
	int r;

	(void)talk_start(options);
	r = op_show(&options->place, options->args, options->arg_count, show_entry, &showing, err);
	return r < 0 ? r : cli_flush(err);
}
