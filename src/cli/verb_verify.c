/* verb_verify.c - tally verify. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "report/json.h"
#include "tally/log.h"

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

/* ---- a folder: a journal ---- */

static int on_break(void *context, const char *line, bool broken, struct err *err)
{
	(void)broken;
	return report_break(context, line, err);
}

static int journal_json(const struct report_out *out, const struct journal_view *view, struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();

	record_string(&record, "record", "verify");
	record_count(&record, "format", 1);
	record_string(&record, "what", "journal");
	record_count(&record, "lines", view->lines);
	record_count(&record, "segments", view->segments);
	record_count(&record, "first_seq", view->first_seq);
	record_count(&record, "last_seq", view->last_seq);
	record_string(&record, "first", time_utc(view->first).text);
	record_string(&record, "last", time_utc(view->last).text);
	record_string(&record, "chain", view->head);
	record_set(&record, "torn", json_boolean(view->torn));
	record_set(&record, "sealed", json_false());
	return record_write(out, &record, err);
}

static int verify_journal(const struct options *options, const char *folder, struct err *err)
{
	struct report_out out = cli_out(options);
	struct journal_view view;
	int r = op_verify_journal(folder, talk_start(options), on_break, &out, &view, err);

	if (r < 0) {
		struct err ignored = ERR_INIT;

		(void)cli_flush(&ignored);
		return r;
	}
	if (out.json)
		return journal_json(&out, &view, err);
	puts("CONSISTENT, UNSEALED  the chain is whole; whoever was root can have rewritten it");
	if (out.quiet)
		return 0;
	printf("  lines    %llu to %llu, in %llu segment%s%s\n", (unsigned long long)view.first_seq,
	       (unsigned long long)view.last_seq, (unsigned long long)view.segments, view.segments == 1 ? "" : "s",
	       view.torn ? "; a last line has no end yet" : "");
	printf("  first    %s\n", time_local(view.first).text);
	printf("  last     %s\n", time_local(view.last).text);
	printf("  chain    %s\n", view.head);
	return 0;
}

int verb_verify(struct options *options, struct err *err)
{
	const char *what = options->arg_count ? options->args[0] : NULL;
	struct stat st;
	struct verifying verifying = { .options = options };
	int r;

	if (what && stat(what, &st) == 0 && S_ISDIR(st.st_mode)) {
		r = verify_journal(options, what, err);
		return r < 0 ? r : cli_flush(err);
	}
	(void)talk_start(options);
	r = op_verify(&options->place, what, on_generation, &verifying, err);
	return r < 0 ? r : cli_flush(err);
}
