/*
 * export.c - a baseline generation put on a medium: what lies there, and in which order it is made.
 *
 * The rows are read once: they prove themselves, and become the database and the lists, on the same pass.
 */
#include "tally/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "medium/licences.h"
#include "medium/lists.h"
#include "medium/readme.h"
#include "medium/draft.h"
#include "ops/config.h"
#include "ops/generation.h"
#include "ops/reference.h"
#include "ops/tool.h"

enum { LIST_BYTES = 1 << 18 };

struct export
{
	struct reference reference;
	struct draft *draft;
	struct secret_key *key;
	int tool; /* fd */
	char tool_name[64];
	struct lists *makes; /* the lines of the lists */
	struct draft_file lists[LIST_COUNT];
	struct buf lines[LIST_COUNT];
	const atomic_bool *interrupted;
	struct medium_key *keys;
	struct medium_facts facts;
};

static void export_done(struct export *export)
{
	for (size_t i = 0; i < LIST_COUNT; i++) {
		draft_file_done(&export->lists[i]);
		buf_done(&export->lines[i]);
	}
	lists_freep(&export->makes);
	draft_freep(&export->draft);
	secret_key_freep(&export->key);
	fd_closep(&export->tool);
	reference_done(&export->reference);
	free(export->keys);
}

void export_result_done(struct export_result *result)
{
	free(STEAL(result->page));
}

static int open_key(struct export *export, const struct export_request *request, const struct talk *talk,
		    struct err *err)
{
	if (request->key)
		return config_secret_key(AT_FDCWD, request->key, talk, &export->key, err);
	if (!export->reference.installed)
		return err_set(err, ERR_USAGE, "name the key that is to sign the medium: --key FILE");
	return config_secret_key(export->reference.config_dirfd, "host.key", talk, &export->key, err);
}

/* Everything that can be missing is asked for before anything is written. */
static int begin(struct export *export, const struct place *place, const struct export_request *request,
		 const struct talk *talk, struct err *err)
{
	int r = reference_open(place, &export->reference, err);

	if (r >= 0)
		r = tool_open(&export->tool, export->tool_name, err);
	if (r >= 0)
		r = open_key(export, request, talk, err);
	return r < 0 ? r : draft_new(request->dest, &export->draft, err);
}

/* --- the rows --- */

static int flush(struct export *export, enum list list, struct err *err)
{
	struct buf *lines = &export->lines[list];
	int r = draft_file_add(&export->lists[list], (struct bytes){ lines->data, lines->len }, err);

	buf_clear(lines);
	return r;
}

static int take_entry(void *context, const struct entry *entry, struct err *err)
{
	struct export *export = context;
	int r = 0;

	if (export->interrupted && atomic_load(export->interrupted))
		return err_set(err, ERR_INTERRUPTED, "interrupted: nothing was written");
	for (enum list list = 0; r >= 0 && list < LIST_COUNT; list++) {
		if (list_entry(export->makes, list, entry, &export->lines[list]) < 0)
			return err_nomem(err);
		if (export->lines[list].len >= LIST_BYTES)
			r = flush(export, list, err);
	}
	return r;
}

static int write_rows(struct export *export, struct err *err)
{
	struct reference *reference = &export->reference;
	int r = lists_new(reference->policy, reference->mounts, reference->mount_count, &export->makes, err);

	for (enum list list = 0; r >= 0 && list < LIST_COUNT; list++) {
		r = draft_file_begin(export->draft, list_name(list), &export->lists[list], err);
		if (r >= 0 && list_begin(export->makes, list, &export->lines[list]) < 0)
			return err_nomem(err);
	}
	if (r >= 0)
		r = baseline_extract(reference->baseline, reference->sequence, generation_in_scope, reference->policy,
				     draft_dirfd(export->draft), MEDIUM_BASELINE, take_entry, export, err);
	if (r >= 0)
		r = draft_count(export->draft, MEDIUM_BASELINE, err);
	for (enum list list = 0; r >= 0 && list < LIST_COUNT; list++) {
		if (list_end(export->makes, list, &export->lines[list]) < 0)
			return err_nomem(err);
		r = flush(export, list, err);
		if (r >= 0)
			r = draft_file_end(&export->lists[list], err);
	}
	return r;
}

/* --- statement, keys, program --- */

static int write_statement(struct export *export, struct err *err)
{
	const struct reference *reference = &export->reference;
	const struct signature_text *signatures;
	size_t count = baseline_signatures(reference->baseline, reference->sequence, &signatures);
	int r;

	r = draft_put(export->draft, MEDIUM_STATEMENT,
		      bytes_of(baseline_statement_text(reference->baseline, reference->sequence)), err);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		char id[KEY_ID_HEX], name[MEDIUM_NAME_MAX + 1];
		struct signature signature;

		r = signature_parse(signatures[i].text, signatures[i].len, &signature, err);
		if (r < 0)
			return r;
		key_id_hex(signature.key_id, id);
		(void)snprintf(name, sizeof(name), MEDIUM_STATEMENT ".%s" MEDIUM_SIGNATURE_END, id);
		r = draft_put(export->draft, name,
			      (struct bytes){ (const unsigned char *)signatures[i].text, signatures[i].len }, err);
	}
	if (r >= 0)
		r = draft_put(export->draft, MEDIUM_POLICY,
			      (struct bytes){ reference->resolved->text, reference->resolved->len }, err);
	return r;
}

static struct medium_key *key_of(struct export *export, const struct public_key *key)
{
	struct medium_facts *facts = &export->facts;

	for (size_t i = 0; i < facts->key_count; i++) {
		if (memcmp(&export->keys[i].key, key, sizeof(*key)) == 0)
			return &export->keys[i];
	}
	export->keys[facts->key_count].key = *key;
	return &export->keys[facts->key_count++];
}

static int key_order(const void *a, const void *b)
{
	const struct medium_key *left = a, *right = b;

	return memcmp(&left->key, &right->key, sizeof(left->key));
}

/* Who signed, as far as it is known here, in an order of its own. */
static int gather_facts(struct export *export, struct err *err)
{
	const struct trust_verdict *verdict = &export->reference.verdict;
	const struct public_key *own = secret_key_public(export->key);

	export->keys = calloc(verdict->count + 1, sizeof(*export->keys));
	if (!export->keys)
		return err_nomem(err);
	export->facts = (struct medium_facts){ .statement = export->reference.statement,
					       .tool = export->tool_name,
					       .keys = export->keys };
	for (size_t i = 0; i < verdict->count; i++) {
		if (verdict->signatures[i].signer)
			key_of(export, &verdict->signatures[i].signer->key)->signed_statement = true;
	}
	key_of(export, own)->signed_sums = true;
	key_id_hex(own->id, export->facts.sums_key);
	qsort(export->keys, export->facts.key_count, sizeof(*export->keys), key_order);
	return 0;
}

static int write_keys(struct export *export, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < export->facts.key_count; i++) {
		CLEANUP(buf_done) struct buf text = BUF_INIT;
		char id[KEY_ID_HEX], name[MEDIUM_NAME_MAX + 1];

		if (public_key_format(&export->keys[i].key, &text) < 0)
			return err_nomem(err);
		key_id_hex(export->keys[i].key.id, id);
		(void)snprintf(name, sizeof(name), MEDIUM_KEYS "/%s.pub", id);
		r = draft_put(export->draft, name, (struct bytes){ text.data, text.len }, err);
	}
	return r;
}

static int write_tool(struct export *export, struct err *err)
{
	CLEANUP(buf_done) struct buf readme = BUF_INIT;
	char name[MEDIUM_NAME_MAX + 1];
	int r;

	(void)snprintf(name, sizeof(name), MEDIUM_TOOLS "/%s", export->tool_name);
	r = draft_copy(export->draft, name, export->tool, true, err);
	if (r >= 0)
		r = draft_put(export->draft, MEDIUM_LICENCES, (struct bytes){ licences_text, licences_text_len }, err);
	if (r >= 0 && readme_format(&export->facts, &readme) < 0)
		return err_nomem(err);
	return r < 0 ? r : draft_put(export->draft, MEDIUM_README, (struct bytes){ readme.data, readme.len }, err);
}

/* --- the list, its signature, the page --- */

static int sign_sums(struct export *export, const struct buf *sums, struct err *err)
{
	const struct manifest *manifest = draft_manifest(export->draft);
	CLEANUP(buf_done) struct buf signature = BUF_INIT;
	int r;

	r = manifest_sign(manifest, (struct bytes){ sums->data, sums->len }, export->key, &signature, err);
	return r < 0 ? r
		     : draft_put_uncounted(export->draft, MEDIUM_SUMS_MINISIG,
					   (struct bytes){ signature.data, signature.len }, err);
}

static int make_page(const struct export *export, struct export_result *result, struct err *err)
{
	const struct reference *reference = &export->reference;
	CLEANUP(buf_done) struct buf page = BUF_INIT;

	if (digest_page_format(&export->facts, baseline_statement_text(reference->baseline, reference->sequence),
			       result->sums_sha256, &page) < 0)
		return err_nomem(err);
	result->page = buf_steal_str(&page);
	return result->page ? 0 : err_nomem(err);
}

static int write_sums(struct export *export, struct export_result *result, struct err *err)
{
	const struct statement *statement = export->reference.statement;
	struct manifest *manifest = draft_manifest(export->draft);
	const char *text = baseline_statement_text(export->reference.baseline, export->reference.sequence);
	CLEANUP(buf_done) struct buf sums = BUF_INIT;
	unsigned char digest[DIGEST_BYTES];
	struct digest_state state;
	int r;

	(void)memcpy(manifest->host_id, statement->host_id, sizeof(manifest->host_id));
	manifest->sequence = statement->sequence;
	statement_hash(text, strlen(text), manifest->statement);
	if (manifest_format(manifest, &sums) < 0)
		return err_nomem(err);
	digest_init(&state);
	digest_update(&state, sums.data, sums.len);
	digest_final(&state, digest);
	digest_hex(digest, result->sums_sha256);
	(void)memcpy(result->sums_key, export->facts.sums_key, sizeof(result->sums_key));
	result->files = manifest->count + 2;
	for (size_t i = 0; i < export->facts.key_count; i++)
		result->statement_signed |= export->keys[i].signed_sums && export->keys[i].signed_statement;
	r = draft_put_uncounted(export->draft, MEDIUM_SUMS, (struct bytes){ sums.data, sums.len }, err);
	if (r >= 0)
		r = sign_sums(export, &sums, err);
	return r < 0 ? r : make_page(export, result, err);
}

static int finish(struct export *export, const struct export_request *request, struct export_result *result,
		  struct err *err)
{
	const struct timestamp date = export->reference.statement->created;
	unsigned char digest[DIGEST_BYTES];
	int r;

	result->statement = *export->reference.statement;
	if (!request->iso)
		return draft_finish_folder(export->draft, date, err);
	r = draft_finish_iso(export->draft, date, export->interrupted, digest, err);
	if (r >= 0)
		digest_hex(digest, result->iso_sha256);
	return r;
}

int op_export(const struct place *place, const struct export_request *request, const struct talk *talk,
	      struct export_result *ret_result, struct err *err)
{
	CLEANUP(export_done) struct export export = { .reference = REFERENCE_INIT, .tool = -1 };
	CLEANUP(export_result_done) struct export_result result = { .page = NULL };
	int r;

	for (enum list list = 0; list < LIST_COUNT; list++)
		export.lists[list] = DRAFT_FILE_INIT;
	export.interrupted = talk ? talk->interrupted : NULL;
	r = begin(&export, place, request, talk, err);
	if (r >= 0)
		r = gather_facts(&export, err);
	if (r >= 0)
		r = write_rows(&export, err);
	if (r >= 0)
		r = write_statement(&export, err);
	if (r >= 0)
		r = write_keys(&export, err);
	if (r >= 0)
		r = write_tool(&export, err);
	if (r >= 0)
		r = write_sums(&export, &result, err);
	if (r >= 0)
		r = finish(&export, request, &result, err);
	if (r < 0)
		return r;
	reference_remember(&export.reference, 0, false, talk);
	*ret_result = result;
	result.page = NULL;
	return 0;
}
