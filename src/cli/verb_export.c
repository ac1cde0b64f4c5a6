/* verb_export.c - tally export. */
#include <jansson.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "cli/cli.h"
#include "report/json.h"
#include "tally/export.h"

static int print_json(const struct options *options, const struct export_result *result, struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();
	struct report_out out = cli_out(options);

	record_string(&record, "record", "export");
	record_count(&record, "format", 1);
	record_bytes(&record, "output", bytes_of(options->args[0]));
	record_string(&record, "kind", options->iso ? "iso" : "folder");
	record_bytes(&record, "host", bytes_of(result->statement.host));
	record_string(&record, "host_id", result->statement.host_id);
	record_count(&record, "sequence", result->statement.sequence);
	record_string(&record, "root", result->statement.root);
	record_string(&record, "signed_by", result->sums_key);
	record_set(&record, "statement_signed", json_boolean(result->statement_signed));
	record_string(&record, "sha256sums", result->sums_sha256);
	if (options->iso)
		record_string(&record, "sha256", result->iso_sha256);
	record_count(&record, "files", result->files);
	return record_write(&out, &record, err);
}

static void print_text(const struct options *options, const struct export_result *result)
{
	if (options->quiet) {
		printf("EXPORTED  generation %llu of %s to '%s'\n", (unsigned long long)result->statement.sequence,
		       QUOTE(result->statement.host), QUOTE(options->args[0]));
		return;
	}
	fputs(result->page, stdout);
	if (options->iso)
		printf("The ISO file '%s' has the SHA-256\n          %s\n", QUOTE(options->args[0]),
		       result->iso_sha256);
	if (!result->statement_signed)
		printf("\nnote: key %s signed the medium, but not this generation's statement: who trusts that key "
		       "alone\n"
		       "cannot use it. `tally sign` the baseline with it first, or name a signer of the statement as "
		       "well.\n",
		       result->sums_key);
	printf("\nEXPORTED  generation %llu of %s: %zu files in '%s'\n"
	       "Next: `tally verify` it from another machine, with the public key in your hands.\n",
	       (unsigned long long)result->statement.sequence, QUOTE(result->statement.host), result->files,
	       QUOTE(options->args[0]));
}

int verb_export(struct options *options, struct err *err)
{
	CLEANUP(export_result_done) struct export_result result = { .page = NULL };
	struct export_request request = { options->args[0], options->key, options->iso };
	int r;

	r = op_export(&options->place, &request, talk_start(options), &result, err);
	if (r >= 0 && options->json)
		r = print_json(options, &result, err);
	else if (r >= 0)
		print_text(options, &result);
	return r < 0 ? r : cli_flush(err);
}
