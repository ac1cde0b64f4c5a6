/* verb_verify.c - tally verify. */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "cli/cli.h"
#include "report/json.h"
#include "tally/log.h"
#include "tally/verify.h"

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

static int verify_journal(struct options *options, const char *folder, struct err *err)
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

/* ---- a folder or an ISO file: a medium ---- */

static int medium_json(const struct options *options, const struct medium_view *view, struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();
	struct report_out out = cli_out(options);

	record_string(&record, "record", "verify");
	record_count(&record, "format", 1);
	record_string(&record, "what", "medium");
	record_bytes(&record, "name", bytes_of(view->path));
	record_set(&record, "iso", json_boolean(view->image));
	output_generation(&record, &view->generation);
	record_signers(&record, "list_signers", view->signers, view->signer_count);
	record_messages(&record, "list_unknown_signers", view->unknown_signers, view->unknown_signer_count);
	record_count(&record, "files", view->files);
	record_count(&record, "bytes", view->bytes);
	return record_write(&out, &record, err);
}

static int on_medium(void *context, const struct medium_view *view, struct err *err)
{
	const struct options *options = context;
	int r;

	if (options->json)
		return medium_json(options, view, err);
	puts("AUTHENTIC  the medium is whole: signatures, sums, root hash, and no file more or less");
	if (options->quiet)
		return 0;
	r = print_generation(options, &view->generation, "verify", err);
	if (r < 0)
		return r;
	printf("%s %s\n", view->image ? "ISO file" : "folder", QUOTE(view->path));
	printf("  files    %llu, %llu bytes, as its list SHA256SUMS says\n", (unsigned long long)view->files,
	       (unsigned long long)view->bytes);
	output_signer_lines(view->signers, view->signer_count, view->unknown_signers, view->unknown_signer_count);
	return 0;
}

static int verify(struct options *options, const char *what, struct err *err)
{
	struct verifying verifying = { .options = options };

	switch (op_verify_kind(&options->place, what)) {
	case VERIFY_JOURNAL:
		return verify_journal(options, what, err);
	case VERIFY_MEDIUM:
		(void)talk_start(options);
		return op_verify_medium(&options->place, what, on_medium, options, err);
	case VERIFY_BASELINE:
	default:
		(void)talk_start(options);
		return op_verify(&options->place, what, on_generation, &verifying, err);
	}
}

int verb_verify(struct options *options, struct err *err)
{
	int r = verify(options, options->arg_count ? options->args[0] : NULL, err);

	return r < 0 ? r : cli_flush(err);
}
