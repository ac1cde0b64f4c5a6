/*
 * sign.h - minisign signature texts of the legacy kind (plain Ed25519 over the message, algorithm "Ed"),
 * which minisign -V, signify and openssl all verify. Prehashed ("ED") ones are refused with a clear line.
 */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include "crypto/key.h"

struct signature {
	unsigned char key_id[KEY_ID_BYTES]; /* a hint, never a reason to trust */
	unsigned char signature[64];
	unsigned char global[64]; /* over signature and trusted comment */
	char trusted_comment[1024];
};

/* The four lines of a .minisig over MESSAGE. Comments: one line each, no control characters. */
int signature_make(const struct secret_key *key, const void *message, size_t len, const char *untrusted_comment,
		   const char *trusted_comment, struct buf *out, struct err *err);
int signature_parse(const char *text, size_t len, struct signature *ret_signature, struct err *err);

/* Both the signature and the global signature. 0 when valid under KEY, ERR_UNTRUSTED when not. KEY's id is
 * not consulted. */
int signature_verify(const struct signature *signature, const struct public_key *key, const void *message, size_t len,
		     struct err *err);

#endif
