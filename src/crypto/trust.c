/* trust.c - see trust.h. */
#include "crypto/trust.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/quote.h"
#include "crypto/minisign.h"

int trust_add(struct trust *trust, const struct public_key *key, const char *name, bool host, struct err *err)
{
	CLEANUP(freep) char *copy = strdup(name);
	struct trusted_key *grown;

	if (!copy)
		return err_nomem(err);
	grown = reallocarray(trust->keys, trust->count + 1, sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	trust->keys = grown;
	trust->keys[trust->count++] = (struct trusted_key){ .key = *key, .name = STEAL(copy), .host = host };
	return 0;
}

void trust_done(struct trust *trust)
{
	for (size_t i = 0; i < trust->count; i++)
		free(trust->keys[i].name);
	free(trust->keys);
	*trust = TRUST_INIT;
}

void trust_verdict_done(struct trust_verdict *verdict)
{
	free(verdict->signatures);
	*verdict = (struct trust_verdict){ .signatures = NULL };
}

static bool is_blank(unsigned char byte)
{
	return byte == ' ' || byte == '\t';
}

static struct bytes trim(struct bytes line)
{
	while (line.len && is_blank(line.data[0]))
		line = (struct bytes){ line.data + 1, line.len - 1 };
	while (line.len && is_blank(line.data[line.len - 1]))
		line.len--;
	return line;
}

static bool is_named(const struct trusted_key *key, struct bytes name)
{
	char id[KEY_ID_HEX], given[KEY_ID_HEX] = "";

	if (bytes_equal(path_name(bytes_of(key->name)), name))
		return true;
	if (name.len != KEY_ID_HEX - 1)
		return false;
	memcpy(given, name.data, name.len);
	key_id_hex(key->key.id, id);
	return strcasecmp(id, given) == 0;
}

/* Looks every name up; with MARK, sets `required` too. */
static int require_names(struct trust *trust, struct bytes text, bool mark, struct err *err)
{
	struct bytes line;

	while (minisign_take_line(&text, &line)) {
		struct bytes name = trim(line);
		bool found = false;

		if (name.len == 0 || name.data[0] == '#')
			continue;
		for (size_t i = 0; i < trust->count; i++) {
			if (!is_named(&trust->keys[i], name))
				continue;
			found = true;
			if (mark)
				trust->keys[i].required = true;
		}
		if (!found)
			return err_set(err, ERR_UNTRUSTED, "the required key '%s' is not among the trusted keys",
				       QUOTE_N(name.data, name.len));
	}
	return 0;
}

int trust_require(struct trust *trust, const char *text, size_t len, struct err *err)
{
	struct bytes names = { (const unsigned char *)text, len };
	int r;

	r = require_names(trust, names, false, err);
	return r < 0 ? r : require_names(trust, names, true, err);
}

struct message {
	const void *data;
	size_t len;
};

/* Finds who made one signature; NULL: nobody we know. */
static int find_signer(const struct trust *trust, struct message message, const struct signature *signature,
		       const struct trusted_key **ret_signer, struct err *err)
{
	const struct trusted_key *named = NULL;
	struct err reason = ERR_INIT;

	for (size_t i = 0; i < trust->count; i++) {
		const struct trusted_key *key = &trust->keys[i];
		struct err invalid;

		if (signature_verify(signature, &key->key, message.data, message.len, &invalid) == 0) {
			*ret_signer = key;
			return 0;
		}
		if (memcmp(key->key.id, signature->key_id, KEY_ID_BYTES) == 0) {
			named = key;
			reason = invalid;
		}
	}
	if (named) {
		*err = reason;
		return err_wrap(err, reason.code, "a signature in the name of the trusted key '%s'",
				QUOTE(named->name));
	}
	*ret_signer = NULL;
	return 0;
}

/* The same key may be pinned by two files: it is the key that counts. */
static bool has_signed(const struct trust_verdict *verdict, const struct public_key *key)
{
	for (size_t i = 0; i < verdict->count; i++) {
		const struct trusted_key *signer = verdict->signatures[i].signer;

		if (signer && memcmp(signer->key.public_key, key->public_key, KEY_PUBLIC_BYTES) == 0)
			return true;
	}
	return false;
}

static int suffices(const struct trust *trust, const struct trust_verdict *verdict, struct err *err)
{
	bool any = false;

	for (size_t i = 0; i < trust->count; i++) {
		const struct trusted_key *key = &trust->keys[i];
		bool by_this_key = has_signed(verdict, &key->key);

		any = any || by_this_key;
		if (key->required && !by_this_key)
			return err_set(err, ERR_UNTRUSTED, "the signature of the required key '%s' is missing",
				       QUOTE(key->name));
	}
	if (!any) {
		char id[KEY_ID_HEX];

		key_id_hex(verdict->signatures[0].parsed.key_id, id);
		return err_set(err, ERR_UNTRUSTED, "no signature by a trusted key (%zu trusted); signed by %s%s",
			       trust->count, id, verdict->count > 1 ? " and others" : "");
	}
	return 0;
}

int trust_refuse_forged(const struct trust *trust, const void *message, size_t len,
			const struct signature_text *signature, struct err *err)
{
	const struct trusted_key *signer;
	struct signature parsed;
	int r = signature_parse(signature->text, signature->len, &parsed, err);

	return r < 0 ? r : find_signer(trust, (struct message){ message, len }, &parsed, &signer, err);
}

int trust_judge(const struct trust *trust, const void *message, size_t len, const struct signature_text *texts,
		size_t count, struct trust_verdict *ret_verdict, struct err *err)
{
	CLEANUP(trust_verdict_done) struct trust_verdict verdict = { .signatures = NULL };
	int r;

	if (count == 0)
		return err_set(err, ERR_UNTRUSTED, "there is no signature");
	if (count > TRUST_SIGNATURES_MAX)
		return err_set(err, ERR_DATA, "there are more than %d signatures", TRUST_SIGNATURES_MAX);
	verdict.signatures = calloc(count, sizeof(*verdict.signatures));
	if (!verdict.signatures)
		return err_nomem(err);
	for (; verdict.count < count; verdict.count++) {
		struct verdict_signature *signature = &verdict.signatures[verdict.count];

		r = signature_parse(texts[verdict.count].text, texts[verdict.count].len, &signature->parsed, err);
		if (r == 0)
			r = find_signer(trust, (struct message){ message, len }, &signature->parsed, &signature->signer,
					err);
		if (r < 0)
			return r;
	}
	r = suffices(trust, &verdict, err);
	if (r < 0)
		return r;
	*ret_verdict = verdict;
	verdict = (struct trust_verdict){ .signatures = NULL };
	return 0;
}
