/*
 * sign.c - the operator's signature: made off the host over a copied baseline, attached on the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "ops/comparison.h"
#include "ops/config.h"
#include "ops/media.h"
#include "ops/reference.h"
#include "ops/records.h"
#include "ops/sign.h"
#include "ops/succession.h"

enum { SIGNATURE_FILE_MAX = 8192 };

struct signing {
	struct baseline *now, *then; /* the same file twice: one tree at a time each */
	struct secret_key *key;
	uint64_t oldest, newest, last; /* last: the newest that this key signed already, 0 none */
};

static void signing_done(struct signing *signing)
{
	baseline_freep(&signing->now);
	baseline_freep(&signing->then);
	secret_key_freep(&signing->key);
}

/* The newest generation that carries a valid signature of this very key. */
static uint64_t last_signed(const struct signing *signing)
{
	const struct public_key *key = secret_key_public(signing->key);

	for (uint64_t sequence = signing->newest; sequence >= signing->oldest; sequence--) {
		const char *text = baseline_statement_text(signing->now, sequence);
		const struct signature_text *signatures;
		size_t count = baseline_signatures(signing->now, sequence, &signatures);

		for (size_t i = 0; i < count; i++) {
			struct signature signature;
			struct err ignored;

			if (signature_parse(signatures[i].text, signatures[i].len, &signature, &ignored) == 0 &&
			    signature_verify(&signature, key, text, strlen(text), &ignored) == 0)
				return sequence;
		}
	}
	return 0;
}

static int summarise(const struct signing *signing, const char *name, struct comparison *comparison, struct err *err)
{
	struct report_summary *summary = &comparison->summary;
	const struct statement *statement = baseline_statement(signing->now, signing->last);

	summary->a = (struct report_side){ .kind = "baseline",
					   .name = texts_printf(comparison->texts, "%s generation %llu", name,
								(unsigned long long)signing->last) };
	summary->b = (struct report_side){ .kind = "baseline",
					   .name = texts_printf(comparison->texts, "%s generation %llu", name,
								(unsigned long long)signing->newest) };
	summary->authentic = true;
	summary->sequence = signing->last;
	summary->created = statement->created;
	summary->root = texts_add(comparison->texts, statement->root);
	summary->host = texts_add(comparison->texts, statement->host);
	summary->host_id = texts_add(comparison->texts, statement->host_id);
	if (!summary->a.name || !summary->b.name || !summary->root || !summary->host || !summary->host_id)
		return err_nomem(err);
	return 0;
}

/* What came between the last generation that this key vouched for and the newest. */
static int compare(const struct signing *signing, const struct place *place, const char *name,
		   struct comparison **ret_comparison, struct err *err)
{
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	struct succession succession = { signing->then, signing->now, signing->last, signing->newest };
	int r;

	r = comparison_new(place->tmp, &comparison, err);
	if (r >= 0)
		r = succession_compare(&succession, comparison, err);
	if (r >= 0)
		r = summarise(signing, name, comparison, err);
	if (r < 0)
		return r;
	*ret_comparison = STEAL(comparison);
	return 0;
}

static int prove(struct signing *signing, const atomic_bool *interrupted, struct err *err)
{
	int r = 0;

	for (uint64_t sequence = signing->oldest; r >= 0 && sequence <= signing->newest; sequence++) {
		CLEANUP(tree_freep) struct tree *tree = NULL;

		r = baseline_tree(signing->now, sequence, NULL, NULL, &tree, err);
		if (r >= 0)
			r = records_read(tree, interrupted, err);
	}
	return r;
}

/* With --trust the host's word is asked for, too; without, the file is only known to be whole. */
static int judge(const struct place *place, const struct signing *signing, const char *file, struct err *err)
{
	CLEANUP(trust_done) struct trust trust = TRUST_INIT;
	CLEANUP(trust_verdict_done) struct trust_verdict verdict = { .signatures = NULL };
	int r;

	if (place->trust_count == 0)
		return 0;
	r = config_trust(place, &trust, err);
	if (r >= 0)
		r = media_refuse_beside(file, &trust, err);
	return r < 0 ? r : baseline_verify(signing->now, &trust, signing->newest, &verdict, err);
}

static int write_signature(const struct signing *signing, const char *output, struct err *err)
{
	const struct statement *statement = baseline_statement(signing->now, signing->newest);
	const char *text = baseline_statement_text(signing->now, signing->newest);
	CLEANUP(outfile_abort) struct outfile out = OUTFILE_INIT;
	CLEANUP(buf_done) struct buf signature = BUF_INIT;
	char comment[256];
	int r;

	(void)snprintf(comment, sizeof(comment), "tallystick baseline host-id:%s sequence:%llu", statement->host_id,
		       (unsigned long long)statement->sequence);
	r = signature_make(signing->key, text, strlen(text), "signature from tally", comment, &signature, err);
	if (r >= 0)
		r = outfile_open(&out, AT_FDCWD, output, 0644, err);
	if (r >= 0)
		r = fd_write_all(out.fd, signature.data, signature.len, output, err);
	return r < 0 ? r : outfile_commit_new(&out, err);
}

int sign_refuse_on_host(const struct place *place, const struct sign_request *request, struct err *err)
{
	CLEANUP(buf_done) struct buf name = BUF_INIT;

	(void)buf_printf(&name, "%s/host.key", place->config);
	if (!buf_str(&name))
		return err_nomem(err);
	if (!request->force && access((char *)name.data, F_OK) == 0)
		return err_set(err, ERR_DENIED,
			       "this is a monitored host ('%s' exists): sign on another machine, or use --force",
			       QUOTE((char *)name.data));
	return 0;
}

/* A signature that was thought better of is not made. */
int sign_not_interrupted(const struct place *place, struct err *err)
{
	if (place->interrupted && atomic_load(place->interrupted))
		return err_set(err, ERR_INTERRUPTED, "interrupted: nothing was signed");
	return 0;
}

int op_sign(const struct place *place, const struct sign_request *request, const struct talk *talk,
	    struct statement *ret_statement, struct comparison **ret_comparison, struct err *err)
{
	CLEANUP(comparison_freep) struct comparison *comparison = NULL;
	CLEANUP(signing_done) struct signing signing = { .now = NULL };
	int r;

	r = sign_refuse_on_host(place, request, err);
	if (r >= 0)
		r = baseline_open(AT_FDCWD, baseline_file(request->baseline), &signing.now, err);
	if (r >= 0)
		r = baseline_open(AT_FDCWD, baseline_file(request->baseline), &signing.then, err);
	if (r < 0)
		return r;
	signing.oldest = baseline_oldest(signing.now);
	signing.newest = baseline_newest(signing.now);
	if (signing.newest < place->min_sequence)
		return err_set(err, ERR_UNTRUSTED,
			       "the baseline ends with sequence %llu, but at least %llu is required",
			       (unsigned long long)signing.newest, (unsigned long long)place->min_sequence);
	r = judge(place, &signing, baseline_file(request->baseline), err);
	if (r >= 0)
		r = prove(&signing, place->interrupted, err);
	if (r >= 0)
		r = config_secret_key(AT_FDCWD, request->key, talk, &signing.key, err);
	if (r < 0)
		return r;
	signing.last = last_signed(&signing);
	if (signing.last)
		r = compare(&signing, place, request->baseline, &comparison, err);
	if (r >= 0)
		r = sign_not_interrupted(place, err);
	if (r >= 0)
		r = write_signature(&signing, request->output, err);
	if (r < 0)
		return r;
	*ret_statement = *baseline_statement(signing.now, signing.newest);
	*ret_comparison = STEAL(comparison);
	return 0;
}

/* The generation whose statement this signature covers, by whichever trusted key made it. */
static uint64_t generation_of(const struct reference *reference, const struct signature *signature)
{
	for (uint64_t sequence = reference->newest; sequence >= reference->oldest; sequence--) {
		const char *text = baseline_statement_text(reference->baseline, sequence);

		for (size_t i = 0; i < reference->trust.count; i++) {
			struct err ignored;

			if (signature_verify(signature, &reference->trust.keys[i].key, text, strlen(text), &ignored) ==
			    0)
				return sequence;
		}
	}
	return 0;
}

static int lock_installed(const struct place *place, int *ret_lock, struct err *err)
{
	CLEANUP(fd_closep) int state = -1;
	int r;

	if (place->baseline)
		return err_set(err, ERR_USAGE, "--add works on the installed baseline");
	r = config_dir_open(place->state, &state, err);
	return r < 0 ? r : state_lock(state, ret_lock, err);
}

int op_sign_add(const struct place *place, const char *signature_file, uint64_t *ret_sequence,
		char ret_key_id[KEY_ID_HEX], struct err *err)
{
	CLEANUP(reference_done) struct reference reference = REFERENCE_INIT;
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	CLEANUP(fd_closep) int lock = -1;
	struct signature signature;
	uint64_t sequence;
	int r;

	r = fd_read_file(AT_FDCWD, signature_file, SIGNATURE_FILE_MAX, &text, NULL, err);
	if (r >= 0)
		r = signature_parse((const char *)text.data, text.len, &signature, err);
	if (r < 0)
		return r;
	r = lock_installed(place, &lock, err);
	if (r >= 0)
		r = reference_open_unfinished(place, &reference, err);
	if (r >= 0)
		r = records_prove_all(&reference, err);
	if (r < 0)
		return r;
	sequence = generation_of(&reference, &signature);
	if (sequence == 0)
		return err_set(err, ERR_UNTRUSTED,
			       "'%s' is no trusted key's signature of any generation here: the operator's public key "
			       "belongs in trusted.d first",
			       QUOTE(signature_file));
	r = sign_not_interrupted(place, err);
	if (r >= 0)
		r = baseline_add_signature(reference.state_dirfd, BASELINE_FILE, sequence, (const char *)text.data,
					   text.len, err);
	if (r < 0)
		return r;
	*ret_sequence = sequence;
	key_id_hex(signature.key_id, ret_key_id);
	return 0;
}
