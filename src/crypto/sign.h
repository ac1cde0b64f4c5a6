/*
 * sign.h - minisign signature texts of the legacy kind (plain Ed25519 over the message, algorithm "Ed"),
 * which minisign -V, signify and openssl all verify. Prehashed ("ED") ones are refused with a clear line.
 * Thread-safe: nothing is shared. Source of the format: https://jedisct1.github.io/minisign/
 */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include "crypto/key.h"

enum { SIGNATURE_BYTES = 64, SIGNATURE_COMMENT = 8174 /* the longest trusted comment that minisign reads, NUL */ };

struct signature {
	unsigned char key_id[KEY_ID_BYTES]; /* a hint, never a reason to trust */
	unsigned char signature[SIGNATURE_BYTES];
	unsigned char global[SIGNATURE_BYTES]; /* over signature and trusted comment */
	char trusted_comment[SIGNATURE_COMMENT]; /* no control characters but tab; may not be UTF-8: quote it */
};

/*
 * Appends the four lines of a .minisig over MESSAGE (LEN bytes) to OUT, which is unchanged on failure. Comments: one
 * line each, no control characters but tab, at most 1003 bytes and SIGNATURE_COMMENT - 1: ERR_USAGE.
 */
int signature_make(const struct secret_key *key, const void *message, size_t len, const char *untrusted_comment,
		   const char *trusted_comment, struct buf *out, struct err *err);
/* Parses the four lines; nothing may follow them. ERR_DATA with what was expected. Proves nothing yet. */
int signature_parse(const char *text, size_t len, struct signature *ret_signature, struct err *err);

/*
 * Both the signature over MESSAGE and the global one over signature and trusted comment. 0 when valid under KEY,
 * ERR_UNTRUSTED when not. KEY's id is not consulted.
 */
int signature_verify(const struct signature *signature, const struct public_key *key, const void *message, size_t len,
		     struct err *err);

#endif
