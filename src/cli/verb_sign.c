/* verb_sign.c - tally sign: make a detached signature off the host, attach it on the host. */
#include <jansson.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "cli/cli.h"
#include "report/json.h"
#include "tally/verify.h"

static int add(struct options *options, struct err *err)
{
	char key_id[KEY_ID_HEX];
	uint64_t sequence;
	int r;

	if (options->arg_count || options->key || options->output)
		return err_set(err, ERR_USAGE, "--add SIG stands alone");
	r = op_sign_add(&options->place, options->add, &sequence, key_id, err);
	if (r < 0)
		return r;
	if (options->json)
		return cli_print_json(json_pack("{s:s,s:i,s:I,s:s}", "record", "signature", "format", 1, "sequence",
						(json_int_t)sequence, "key_id", key_id),
				      err);
	printf("ADDED  generation %llu now carries a signature of key %s\n", (unsigned long long)sequence, key_id);
	return 0;
}

/* COMPARISON: of a baseline with what the key signed before; NULL: there was nothing. */
static int signed_json(const struct options *options, bool medium, const struct statement *statement,
		       const struct comparison *comparison, struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();
	struct report_out out = cli_out(options);

	record_string(&record, "record", "signed");
	record_count(&record, "format", 1);
	record_bytes(&record, "host", bytes_of(statement->host));
	record_string(&record, "host_id", statement->host_id);
	record_count(&record, "sequence", statement->sequence);
	record_string(&record, "root", statement->root);
	record_bytes(&record, "output", bytes_of(options->output));
	if (!medium)
		record_set(&record, "compared_with",
			   comparison ? json_integer((json_int_t)comparison->summary.sequence) : json_null());
	return record_write(&out, &record, err);
}

static int print_signed(const struct options *options, bool medium, const struct statement *statement,
			const struct comparison *comparison, struct err *err)
{
	if (options->json)
		return signed_json(options, medium, statement, comparison, err);
	printf("SIGNED  %sgeneration %llu of %s (host-id %s)\n  root  %s\n  into  %s\n",
	       medium ? "the medium with " : "", (unsigned long long)statement->sequence, QUOTE(statement->host),
	       statement->host_id, statement->root, QUOTE(options->output));
	if (medium) {
		puts("  note  lay it on the medium as SHA256SUMS.KEYID.minisig, KEYID being the key's id");
		return 0;
	}
	if (options->place.trust_count == 0)
		puts("  note  no --trust was given: the file is whole, but nobody vouched for who made it");
	if (!comparison)
		printf("  note  this key signed nothing in it before, so nothing was compared: it vouches for all of "
		       "its "
		       "%llu entries now\n",
		       (unsigned long long)statement->entries);
	else if (!options->quiet)
		puts("\nwhat changed since the last generation that this key signed:\n");
	return 0;
}

int verb_sign(struct options *options, struct err *err)
{
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	struct report_out out = cli_out(options);
	struct sign_request request = { .key = options->key, .output = options->output, .force = options->force };
	struct statement statement;
	bool medium;
	int r;

	if (options->add) {
		(void)talk_start(options);
		r = add(options, err);
		return r < 0 ? r : cli_flush(err);
	}
	if (options->arg_count != 1 || !options->key || !options->output)
		return err_set(err, ERR_USAGE, "sign wants: BASELINE-OR-MEDIUM --key FILE --output SIG, or --add SIG");
	request.baseline = options->args[0];
	medium = op_verify_kind(&options->place, request.baseline) == VERIFY_MEDIUM;
	if (medium)
		r = op_sign_medium(&options->place, &request, talk_start(options), &statement, err);
	else
		r = op_sign(&options->place, &request, talk_start(options), &statement, &comparison, err);
	if (r >= 0)
		r = print_signed(options, medium, &statement, comparison, err);
	if (r >= 0 && comparison && !options->quiet)
		r = report_comparison(&out, comparison->changes, &comparison->summary, err);
	return r < 0 ? r : cli_flush(err);
}
