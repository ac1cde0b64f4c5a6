/*
 * medium_sums.c - SHA256SUMS of a medium and the signatures over it.
 *
 * "Any byte changed is told" takes more here than a valid signature: of a .minisig the untrusted comment and the key id are
 * covered by nothing, and one by a key that nobody trusts can be checked against the hint in keys/ only: without one it is a file too many.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "medium/medium_inner.h"

enum { KEY_ID_LEN = KEY_ID_HEX - 1 };

/* The key id in SHA256SUMS.KEYID.minisig; "" for SHA256SUMS.minisig; NULL when it is neither. */
static const char *key_id_in(const char *name, char ret_id[KEY_ID_HEX])
{
	const size_t stem = sizeof(MEDIUM_SUMS) - 1;

	ret_id[0] = '\0';
	if (strcmp(name, MEDIUM_SUMS_MINISIG) == 0)
		return ret_id;
	if (strlen(name) != stem + 1 + KEY_ID_LEN + sizeof(MEDIUM_SIGNATURE_END) - 1 ||
	    memcmp(name, MEDIUM_SUMS ".", stem + 1) != 0 || strspn(name + stem + 1, "0123456789ABCDEF") != KEY_ID_LEN ||
	    strcmp(name + stem + 1 + KEY_ID_LEN, MEDIUM_SIGNATURE_END) != 0)
		return NULL;
	memcpy(ret_id, name + stem + 1, KEY_ID_LEN);
	ret_id[KEY_ID_LEN] = '\0';
	return ret_id;
}

bool medium_sums_is(const char *name)
{
	char id[KEY_ID_HEX];

	return strcmp(name, MEDIUM_SUMS) == 0 || key_id_in(name, id) != NULL;
}

/* ---- before anything else is read ---- */

/* Reads the signatures. TEXTS has room for TRUST_SIGNATURES_MAX. */
static int read_signatures(struct medium *medium, struct signature_text *texts, size_t *ret_count, struct err *err)
{
	unsigned char digest[DIGEST_BYTES];
	char id[KEY_ID_HEX];
	size_t count = 0;
	int r;

	for (size_t i = 0; i < medium->source.count; i++) {
		const char *name = medium->source.files[i].name;
		struct signature ignored;

		if (!key_id_in(name, id))
			continue;
		if (count == TRUST_SIGNATURES_MAX)
			return err_set(err, ERR_UNTRUSTED, "there are more than %d signatures over " MEDIUM_SUMS,
				       TRUST_SIGNATURES_MAX);
		r = medium_read(medium, i, digest, err);
		if (r < 0)
			return r;
		texts[count] =
			(struct signature_text){ (const char *)medium->kept[i].text.data, medium->kept[i].text.len };
		r = signature_parse(texts[count].text, texts[count].len, &ignored, err);
		if (r < 0)
			return err_wrap(err, r, "'%s'", name);
		medium->signed_by[count++] = i;
	}
	if (count == 0)
		return err_set(err, ERR_UNTRUSTED,
			       "'" MEDIUM_SUMS_MINISIG "' is missing, and no other file signs " MEDIUM_SUMS);
	*ret_count = count;
	return 0;
}

int medium_sums_open(struct medium *medium, const struct trust *trust, struct err *err)
{
	struct signature_text texts[TRUST_SIGNATURES_MAX];
	const struct source_file *list = source_find(&medium->source, MEDIUM_SUMS);
	const struct buf *text;
	unsigned char digest[DIGEST_BYTES];
	size_t count = 0;
	int r;

	if (!list)
		return err_set(err, ERR_UNTRUSTED, "'" MEDIUM_SUMS "' is missing: this is no medium, or no longer one");
	text = &medium->kept[list - medium->source.files].text;
	r = medium_read(medium, (size_t)(list - medium->source.files), digest, err);
	if (r >= 0)
		r = read_signatures(medium, texts, &count, err);
	if (r < 0)
		return r;
	r = trust_judge(trust, text->data, text->len, texts, count, &medium->verdict, err);
	if (r >= 0)
		r = manifest_parse((const char *)text->data, text->len, &medium->manifest, err);
	return r < 0 ? err_wrap(err, r, "'" MEDIUM_SUMS "'") : 0;
}

/* ---- when all has been read ---- */

/* What is in TEXT beside the signatures and the trusted comment: the first line and the ends of all. */
static int prove_form(const struct buf *text, const char *name, struct err *err)
{
	static const char *const comments[] = { MEDIUM_COMMENT, MEDIUM_COMMENT_MINISIGN };
	static const char before[] = "untrusted comment: ";

	if (text->len == 0 || text->data[text->len - 1] != '\n' || memchr(text->data, '\r', text->len))
		return err_set(err, ERR_UNTRUSTED, "'%s' does not end its lines as minisign does", name);
	for (size_t i = 0; i < ARRAY_SIZE(comments); i++) {
		size_t len = sizeof(before) - 1 + strlen(comments[i]);

		if (text->len > len && memcmp(text->data, before, sizeof(before) - 1) == 0 &&
		    memcmp(text->data + sizeof(before) - 1, comments[i], strlen(comments[i])) == 0 &&
		    text->data[len] == '\n')
			return 0;
	}
	return err_set(err, ERR_UNTRUSTED,
		       "the first line of '%s' is covered by no signature: only 'untrusted comment: " MEDIUM_COMMENT
		       "' or '... " MEDIUM_COMMENT_MINISIGN "' may stand there",
		       name);
}

/* By a key that is not trusted: then the hint on the medium must bear it out. Without one it could be anybody's, and be anything. */
static int prove_by_hint(const struct medium *medium, const struct signature *signature, const char *name,
			 struct err *err)
{
	char id[KEY_ID_HEX], hint[MEDIUM_NAME_MAX + 1];
	struct public_key key;
	struct bytes text, list;
	int r;

	key_id_hex(signature->key_id, id);
	(void)snprintf(hint, sizeof(hint), MEDIUM_KEYS "/%s.pub", id);
	if (!medium_text(medium, MEDIUM_SUMS, &list))
		return err_set(err, ERR_INTERNAL, "the list was not kept");
	if (!medium_text(medium, hint, &text))
		return err_set(err, ERR_UNTRUSTED,
			       "'%s' is signed by key %s, which is not trusted here and not in " MEDIUM_KEYS
			       "/: name it with --trust, or take the file away",
			       name, id);
	r = public_key_parse((const char *)text.data, text.len, &key, err);
	if (r >= 0)
		r = signature_verify(signature, &key, list.data, list.len, err);
	if (r == ERR_UNTRUSTED || r == ERR_DATA)
		return err_set(err, ERR_UNTRUSTED, "'%s' is not valid under the key in '%s'", name, hint);
	return r;
}

int medium_sums_prove(const struct medium *medium, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < medium->verdict.count; i++) {
		const struct verdict_signature *signature = &medium->verdict.signatures[i];
		const char *name = medium->source.files[medium->signed_by[i]].name;
		const struct trusted_key *signer = signature->signer;
		char named[KEY_ID_HEX], id[KEY_ID_HEX];

		key_id_hex(signature->parsed.key_id, id);
		(void)key_id_in(name, named);
		r = prove_form(&medium->kept[medium->signed_by[i]].text, name, err);
		if (r >= 0 && named[0] && strcmp(named, id) != 0)
			r = err_set(err, ERR_UNTRUSTED, "'%s' names key %s in it", name, id);
		else if (r >= 0 && signer && memcmp(signer->key.id, signature->parsed.key_id, KEY_ID_BYTES) != 0)
			r = err_set(err, ERR_UNTRUSTED, "'%s' names key %s in it, but the key that made it is another",
				    name, id);
		else if (r >= 0 && !signer)
			r = prove_by_hint(medium, &signature->parsed, name, err);
	}
	return r;
}
