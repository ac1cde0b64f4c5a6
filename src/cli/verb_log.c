/* verb_log.c - tally log. */
#include "cli/cli.h"
#include "tally/log.h"

static int on_line(void *context, const char *line, bool broken, struct err *err)
{
	const struct report_out *out = context;

	if (!line)
		return cli_flush(err);
	return broken ? report_break(out, line, err) : report_event(out, line, err);
}

int verb_log(struct options *options, struct err *err)
{
	struct log_request request = {
		.paths = options->args, .path_count = options->arg_count, .all = options->all, .follow = options->follow
	};
	struct report_out out = cli_out(options);
	struct timestamp since;
	int r;

	if (options->since) {
		r = op_log_since(options->since, time_now(), &since, err);
		if (r < 0)
			return r;
		request.since = &since;
	}
	return op_log(&options->place, &request, talk_start(options), on_line, &out, err);
}
