/* verb_key.c - tally key generate|show. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "cli/cli.h"

static int print_key(const struct options *options, const struct public_key *key, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	char id[KEY_ID_HEX], fingerprint[KEY_FINGERPRINT_TEXT];
	const char *line;

	key_id_hex(key->id, id);
	public_key_fingerprint(key, fingerprint);
	if (public_key_format(key, &text) < 0 || !buf_str(&text))
		return err_nomem(err);
	line = strchr((const char *)text.data, '\n');
	line = line ? line + 1 : "";
	if (options->json)
		return cli_print_json(json_pack("{s:s,s:i,s:s,s:s,s:s#}", "record", "key", "format", 1, "key_id", id,
						"fingerprint", fingerprint, "public_key", line,
						(int)strcspn(line, "\n")),
				      err);
	printf("key id       %s\nfingerprint  %s\npublic key   %s", id, fingerprint, line);
	return 0;
}

static int generate(struct options *options, struct public_key *key, struct err *err)
{
	const char *prefix = options->args[1];
	int r;

	r = op_key_generate(prefix, !options->no_passphrase, talk_start(options), key, err);
	if (r >= 0 && !options->json && !options->quiet)
		printf("wrote '%s.key' (secret, %s) and '%s.pub'\n", QUOTE(prefix),
		       options->no_passphrase ? "not encrypted" : "encrypted", QUOTE(prefix));
	return r;
}

int verb_key(struct options *options, struct err *err)
{
	struct public_key key;
	int r;

	if (strcmp(options->args[0], "generate") == 0 && options->arg_count == 2)
		r = generate(options, &key, err);
	else if (strcmp(options->args[0], "show") == 0)
		r = op_key_show(&options->place, options->arg_count == 2 ? options->args[1] : NULL, &key, err);
	else
		return err_set(err, ERR_USAGE, "key wants: generate PREFIX, or show [FILE]");
	if (r >= 0)
		r = print_key(options, &key, err);
	return r < 0 ? r : cli_flush(err);
}
