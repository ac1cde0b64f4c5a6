/* sign.c - see sign.h. */
#include "crypto/sign.h"

#include <sodium.h>
#include <string.h>

#include "crypto/minisign.h"
#include "crypto/secret.h"

struct signature_file {
	unsigned char algorithm[2];
	unsigned char key_id[KEY_ID_BYTES];
	unsigned char signature[SIGNATURE_BYTES];
};
_Static_assert(sizeof(struct signature_file) == 74, "minisign's signature");
_Static_assert((int)SIGNATURE_COMMENT == (int)MINISIGN_TRUSTED_MAX + 1, "SIGNATURE_COMMENT");

/* What the global signature is over. Returns its length. */
static size_t global_message(const unsigned char signature[SIGNATURE_BYTES], const char *trusted_comment,
			     unsigned char message[SIGNATURE_BYTES + SIGNATURE_COMMENT])
{
	size_t len = strlen(trusted_comment);

	memcpy(message, signature, SIGNATURE_BYTES);
	memcpy(message + SIGNATURE_BYTES, trusted_comment, len);
	return SIGNATURE_BYTES + len;
}

int signature_make(const struct secret_key *key, const void *message, size_t len, const char *untrusted_comment,
		   const char *trusted_comment, struct buf *out, struct err *err)
{
	struct signature_file file = { .algorithm = { 'E', 'd' } };
	unsigned char global[SIGNATURE_BYTES], global_text[SIGNATURE_BYTES + SIGNATURE_COMMENT];
	size_t start = out->len;

	if (!minisign_comment_fits(untrusted_comment, MINISIGN_UNTRUSTED_MAX) ||
	    !minisign_comment_fits(trusted_comment, MINISIGN_TRUSTED_MAX))
		return err_set(err, ERR_USAGE, "a signature's comment is too long or holds a control character");
	memcpy(file.key_id, key->public.id, sizeof(file.key_id));
	(void)crypto_sign_detached(file.signature, NULL, message, len, key->secret);
	(void)crypto_sign_detached(global, NULL, global_text,
				   global_message(file.signature, trusted_comment, global_text), key->secret);
	if (buf_printf(out, MINISIGN_UNTRUSTED "%s\n", untrusted_comment) == 0 &&
	    minisign_add_base64(out, &file, sizeof(file)) == 0 &&
	    buf_printf(out, MINISIGN_TRUSTED "%s\n", trusted_comment) == 0 &&
	    minisign_add_base64(out, global, sizeof(global)) == 0)
		return 0;
	out->len = start;
	return err_nomem(err);
}

int signature_parse(const char *text, size_t len, struct signature *ret_signature, struct err *err)
{
	struct bytes rest = { (const unsigned char *)text, len };
	struct bytes line, comment;
	struct signature_file file;
	unsigned char global[SIGNATURE_BYTES];

	if (!minisign_take_line(&rest, &line) || !minisign_comment(line, MINISIGN_UNTRUSTED, &comment))
		return err_set(err, ERR_DATA, "not a minisign signature: expected a line 'untrusted comment: ...'");
	if (!minisign_take_line(&rest, &line) || !minisign_decode(line, &file, sizeof(file)))
		return err_set(err, ERR_DATA, "not a minisign signature: expected %zu base64 characters in line 2",
			       MINISIGN_BASE64_LEN(sizeof(file)));
	if (memcmp(file.algorithm, "ED", 2) == 0)
		return err_set(err, ERR_DATA,
			       "the signature is over a hash of the text ('ED'), not over the text; sign with "
			       "'minisign -S -l'");
	if (memcmp(file.algorithm, "Ed", 2) != 0)
		return err_set(err, ERR_DATA, "not a minisign signature: its algorithm is not Ed25519 ('Ed')");
	if (!minisign_take_line(&rest, &line) || !minisign_comment(line, MINISIGN_TRUSTED, &comment) ||
	    comment.len > MINISIGN_TRUSTED_MAX)
		return err_set(err, ERR_DATA,
			       "not a minisign signature: expected a line 'trusted comment: ...' of at most %d bytes",
			       MINISIGN_TRUSTED_MAX);
	if (!minisign_take_line(&rest, &line) || rest.len || !minisign_decode(line, global, sizeof(global)))
		return err_set(err, ERR_DATA,
			       "not a minisign signature: expected %zu base64 characters in line 4, the last",
			       MINISIGN_BASE64_LEN(sizeof(global)));
	memcpy(ret_signature->key_id, file.key_id, sizeof(file.key_id));
	memcpy(ret_signature->signature, file.signature, sizeof(file.signature));
	memcpy(ret_signature->global, global, sizeof(global));
	memcpy(ret_signature->trusted_comment, comment.data, comment.len);
	ret_signature->trusted_comment[comment.len] = '\0';
	return 0;
}

int signature_verify(const struct signature *signature, const struct public_key *key, const void *message, size_t len,
		     struct err *err)
{
	unsigned char global_text[SIGNATURE_BYTES + SIGNATURE_COMMENT];
	size_t global_len = global_message(signature->signature, signature->trusted_comment, global_text);

	if (crypto_sign_verify_detached(signature->signature, message, len, key->public_key) != 0)
		return err_set(err, ERR_UNTRUSTED, "the signature is not valid");
	if (crypto_sign_verify_detached(signature->global, global_text, global_len, key->public_key) != 0)
		return err_set(err, ERR_UNTRUSTED, "the signature's trusted comment is not what was signed");
	return 0;
}
