/*
 * digest.h - SHA-256 of file contents (nettle), with a known-answer self-test. FIPS 180-4.
 *
 * A state is a plain value without memory of its own or locks: one a thread, copy it to fork a hash (the digest of
 * a prefix). nettle chooses the processor's SHA instructions when the program is loaded. No function but the
 * self-test can fail.
 */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>

#include "tally/err.h"

enum { DIGEST_BYTES = 32, DIGEST_HEX = 65 };

struct digest_state {
	struct sha256_ctx sha256;
};

void digest_init(struct digest_state *state);
void digest_update(struct digest_state *state, const void *data, size_t len);
void digest_final(struct digest_state *state, unsigned char ret_digest[DIGEST_BYTES]); /* starts anew */
bool digest_equal(const unsigned char a[DIGEST_BYTES], const unsigned char b[DIGEST_BYTES]); /* all 32 bytes */
void digest_hex(const unsigned char digest[DIGEST_BYTES], char ret_hex[DIGEST_HEX]); /* lower case, NUL */

/*
 * Initialises libsodium; ERR_INTERNAL when SHA-256 or BLAKE2b do not give their published answers. Call once, before
 * any use of this room and before threads are made.
 */
int crypto_self_test(struct err *err);

#endif
