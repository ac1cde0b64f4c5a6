/* hash.c - see hash.h. */
#include "crypto/hash.h"

#include <string.h>

static const char prefix[] = "blake2b256:";
enum { PREFIX_LEN = sizeof(prefix) - 1 };
_Static_assert(HASH_TEXT == PREFIX_LEN + 2 * HASH_BYTES + 1, "HASH_TEXT");

void hash_init(struct hash_state *state, const char *domain)
{
	(void)crypto_generichash_blake2b_init(&state->blake2b, NULL, 0, HASH_BYTES);
	hash_update_sized(state, domain, strlen(domain));
}

void hash_update(struct hash_state *state, const void *data, size_t len)
{
	if (len)
		(void)crypto_generichash_blake2b_update(&state->blake2b, data, len);
}

void hash_update_u64(struct hash_state *state, uint64_t value)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
	hash_update(state, bytes, sizeof(bytes));
}

void hash_update_sized(struct hash_state *state, const void *data, size_t len)
{
	hash_update_u64(state, len);
	hash_update(state, data, len);
}

void hash_final(struct hash_state *state, unsigned char ret_hash[HASH_BYTES])
{
	(void)crypto_generichash_blake2b_final(&state->blake2b, ret_hash, HASH_BYTES);
}

void hash_text(const unsigned char hash[HASH_BYTES], char ret_text[HASH_TEXT])
{
	memcpy(ret_text, prefix, PREFIX_LEN);
	(void)sodium_bin2hex(ret_text + PREFIX_LEN, 2 * HASH_BYTES + 1, hash, HASH_BYTES);
}

bool hash_parse(const char *text, unsigned char ret_hash[HASH_BYTES])
{
	unsigned char hash[HASH_BYTES];
	char again[HASH_TEXT];
	size_t len;

	if (strlen(text) != HASH_TEXT - 1 ||
	    sodium_hex2bin(hash, sizeof(hash), text + PREFIX_LEN, 2 * HASH_BYTES, NULL, &len, NULL) != 0)
		return false;
	hash_text(hash, again); /* so that the prefix is compared, and upper case refused */
	if (strcmp(text, again) != 0)
		return false;
	memcpy(ret_hash, hash, HASH_BYTES);
	return true;
}
