/* verb_status.c - tally status. */
#include <jansson.h>

#include "base/cleanup.h"
#include "cli/cli.h"

int verb_status(struct options *options, struct err *err)
{
	static const int exits[] = { [DAEMON_GREEN] = 0, [DAEMON_YELLOW] = 8, [DAEMON_RED] = 16 };
	CLEANUP(json_decrefp) json_t *status = NULL;
	struct report_out out = cli_out(options);
	enum daemon_state state;
	int r;

	r = op_status(options->control, options->sync, talk_start(options), &status, &state, err);
	if (r >= 0)
		r = report_status(&out, status, err);
	if (r >= 0)
		r = cli_flush(err);
	return r < 0 ? r : exits[state];
}
