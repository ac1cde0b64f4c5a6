/*
 * hash.h - BLAKE2b-256 (RFC 7693, libsodium) for the root hash and for the hashes in a statement, always
 * with a domain: the state begins with the length-prefixed name of what is hashed. No function here can fail.
 *
 * A state is aligned to 64 bytes: on the stack, or from aligned_alloc(), not from malloc(). Thread-safe, one state a
 * thread.
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HASH_BYTES = 32, HASH_TEXT = 76 /* "blake2b256:" 64 hex digits, NUL */ };

struct hash_state {
	crypto_generichash_blake2b_state blake2b;
};

void hash_init(struct hash_state *state, const char *domain);
void hash_update(struct hash_state *state, const void *data, size_t len);
void hash_update_u64(struct hash_state *state, uint64_t value); /* little endian, 8 bytes */
void hash_update_sized(struct hash_state *state, const void *data, size_t len); /* u64 length, then bytes */
void hash_final(struct hash_state *state, unsigned char ret_hash[HASH_BYTES]);
void hash_text(const unsigned char hash[HASH_BYTES], char ret_text[HASH_TEXT]); /* "blake2b256:HEX" */
bool hash_parse(const char *text, unsigned char ret_hash[HASH_BYTES]); /* exactly that form, lower case */

#endif
