/*
 * output.c - stdout: as the report wants it, as JSON lines, and flushed with its errors seen.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "cli/cli.h"
#include "report/json.h"

struct report_out cli_out(const struct options *options)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	bool color = isatty(STDOUT_FILENO) && !options->no_color && !(no_color && *no_color) && term &&
		     strcmp(term, "dumb") != 0;

	return (struct report_out){ .file = stdout, .json = options->json, .color = color, .quiet = options->quiet };
}

int cli_flush(struct err *err)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_errno_as(err, ERR_IO, errno ? errno : EIO, "cannot write to standard output");
	return 0;
}

int cli_print_json(json_t *item, struct err *err)
{
	CLEANUP(freep) char *line = item ? json_dumps(item, JSON_COMPACT) : NULL;

	json_decref(item);
	if (!line)
		return err_nomem(err);
	return puts(line) < 0 ? cli_flush(err) : 0;
}

void output_generation(struct record *record, const struct generation_view *view)
{
	const struct statement *statement = view->statement;

	record_bytes(record, "host", bytes_of(statement->host));
	record_string(record, "host_id", statement->host_id);
	record_count(record, "sequence", statement->sequence);
	record_string(record, "created", time_utc_seconds(statement->created.sec).text);
	record_bytes(record, "tool", bytes_of(statement->tool));
	record_count(record, "entries", statement->entries);
	record_count(record, "unexamined", statement->unexamined);
	record_string(record, "root", statement->root);
	record_bytes(record, "reason", bytes_of(view->reason));
	record_set(record, "trusted", json_boolean(view->vouched));
	record_signers(record, "signers", view->signers, view->signer_count);
	record_messages(record, "unknown_signers", view->unknown_signers, view->unknown_signer_count);
}

static int generation_json(const struct options *options, const struct generation_view *view, const char *name,
			   struct err *err)
{
	CLEANUP(record_done) struct record record = record_new();
	struct report_out out = cli_out(options);

	record_string(&record, "record", name);
	record_count(&record, "format", 1);
	output_generation(&record, view);
	return record_write(&out, &record, err);
}

void output_signer_lines(const struct report_signer *signers, size_t count, const char *const *unknown,
			 size_t unknown_count)
{
	for (size_t i = 0; i < count; i++)
		printf("  signed   by %s\n           key %s, %s\n", QUOTE(signers[i].name), signers[i].key_id,
		       signers[i].fingerprint);
	for (size_t i = 0; i < unknown_count; i++)
		printf("  signed   by unknown key %s (ignored)\n", unknown[i]);
}

int print_generation(const struct options *options, const struct generation_view *view, const char *record,
		     struct err *err)
{
	const struct statement *statement = view->statement;
	struct timetext created = time_local_seconds(statement->created.sec);

	if (options->json)
		return generation_json(options, view, record, err);
	printf("generation %llu of %s, made %s\n", (unsigned long long)statement->sequence, QUOTE(statement->host),
	       created.text);
	if (view->reason[0])
		printf("  reason   %s\n", QUOTE(view->reason));
	printf("  entries  %llu (%llu with something unexamined)\n", (unsigned long long)statement->entries,
	       (unsigned long long)statement->unexamined);
	printf("  root     %s\n", statement->root);
	output_signer_lines(view->signers, view->signer_count, view->unknown_signers, view->unknown_signer_count);
	if (view->signer_count == 0)
		printf("  signed   by no key that is trusted here; %s\n",
		       view->vouched ? "authentic through a later generation, which is" : "nothing vouches for it");
	return 0;
}
