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

static json_t *signers_json(const struct generation_view *view)
{
	json_t *list = json_array();

	for (size_t i = 0; i < view->signer_count; i++) {
		const struct report_signer *signer = &view->signers[i];
		CLEANUP(freep) char *name = quote_dup(signer->name, strlen(signer->name));

		if (!name ||
		    json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "name", name, "key_id", signer->key_id,
							  "fingerprint", signer->fingerprint)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *unknown_json(const struct generation_view *view)
{
	json_t *list = json_array();

	for (size_t i = 0; i < view->unknown_signer_count; i++)
		(void)json_array_append_new(list, json_string(view->unknown_signers[i]));
	return list;
}

static int generation_json(const struct generation_view *view, const char *record, struct err *err)
{
	const struct statement *statement = view->statement;
	CLEANUP(freep) char *host = quote_dup(statement->host, strlen(statement->host));
	CLEANUP(freep) char *reason = quote_dup(view->reason, strlen(view->reason));
	struct timetext created = time_utc_seconds(statement->created.sec);

	if (!host || !reason)
		return err_nomem(err);
	return cli_print_json(json_pack("{s:s,s:i,s:s,s:s,s:I,s:s,s:s,s:I,s:I,s:s,s:s,s:o,s:o}", "record", record,
					"format", 1, "host", host, "host_id", statement->host_id, "sequence",
					(json_int_t)statement->sequence, "created", created.text, "tool",
					statement->tool, "entries", (json_int_t)statement->entries, "unexamined",
					(json_int_t)statement->unexamined, "root", statement->root, "reason", reason,
					"signers", signers_json(view), "unknown_signers", unknown_json(view)),
			      err);
}

int print_generation(const struct options *options, const struct generation_view *view, const char *record,
		     struct err *err)
{
	const struct statement *statement = view->statement;
	struct timetext created = time_local_seconds(statement->created.sec);

	if (options->json)
		return generation_json(view, record, err);
	printf("generation %llu of %s, made %s\n", (unsigned long long)statement->sequence, QUOTE(statement->host),
	       created.text);
	if (view->reason[0])
		printf("  reason   %s\n", QUOTE(view->reason));
	printf("  entries  %llu (%llu with something unexamined)\n", (unsigned long long)statement->entries,
	       (unsigned long long)statement->unexamined);
	printf("  root     %s\n", statement->root);
	for (size_t i = 0; i < view->signer_count; i++)
		printf("  signed   by %s\n           key %s, %s\n", QUOTE(view->signers[i].name),
		       view->signers[i].key_id, view->signers[i].fingerprint);
	for (size_t i = 0; i < view->unknown_signer_count; i++)
		printf("  signed   by unknown key %s (ignored)\n", view->unknown_signers[i]);
	if (view->signer_count == 0)
		puts("  signed   by no key that is trusted now; authentic through the generation after it");
	return 0;
}
