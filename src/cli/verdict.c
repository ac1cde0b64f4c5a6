/* verdict.c - a comparison as check and drift print it. */
#include "cli/cli.h"

/* One line on what to do next; the words depend on what was found. */
static const char *hint_of(const struct report_summary *summary, bool elsewhere)
{
	const struct diff_counts *counts = &summary->counts;

	if (elsewhere && (counts->added || counts->removed || counts->changed || counts->moved))
		return "next: `tally explain PATH` with the same --baseline and --trust tells which rule decides, and "
		       "what was recorded";
	if (counts->added || counts->removed || counts->changed || counts->moved)
		return "next: `tally explain PATH` tells why; `tally accept PATH --reason TEXT` if the change is yours";
	if (summary->quick)
		return "next: `tally check` reads every content";
	return NULL;
}

int print_comparison(const struct options *options, bool hint, struct comparison *comparison, struct err *err)
{
	struct report_out out = cli_out(options);
	int status = 0;
	int r;

	if (hint)
		comparison->summary.hint = hint_of(&comparison->summary, options->place.baseline != NULL);
	r = report_comparison(&out, comparison->changes, &comparison->summary, err);
	if (r >= 0)
		r = comparison_status(comparison, options->fail_on, &status, err);
	if (r >= 0)
		r = cli_flush(err);
	return r < 0 ? r : status;
}
