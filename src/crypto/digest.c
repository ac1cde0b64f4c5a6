/* digest.c - see digest.h. */
#include "crypto/digest.h"

#include <sodium.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/path.h"

void digest_init(struct digest_state *state)
{
	sha256_init(&state->sha256);
}

void digest_update(struct digest_state *state, const void *data, size_t len)
{
	sha256_update(&state->sha256, len, data);
}

void digest_final(struct digest_state *state, unsigned char ret_digest[DIGEST_BYTES])
{
	sha256_digest(&state->sha256, DIGEST_BYTES, ret_digest);
}

bool digest_equal(const unsigned char a[DIGEST_BYTES], const unsigned char b[DIGEST_BYTES])
{
	return memcmp(a, b, DIGEST_BYTES) == 0;
}

void digest_hex(const unsigned char digest[DIGEST_BYTES], char ret_hex[DIGEST_HEX])
{
	(void)sodium_bin2hex(ret_hex, DIGEST_HEX, digest, DIGEST_BYTES);
}

/*
 * SHA-256: NIST's examples for FIPS 180-4, of one block and of two. BLAKE2b-256 (RFC 7693) of the same texts: as b2sum
 * -l 256 and Python's hashlib give them.
 */
static const struct {
	const char *message, *sha256, *blake2b;
} answers[] = {
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	  "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
	  "5f7a93da9c5621583f22e49e8e91a40cbba37536622235a380f434b9f68e49c4" },
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	  "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8" },
};

static bool sha256_answers(struct bytes message, const char *expected)
{
	unsigned char digest[DIGEST_BYTES];
	struct digest_state state;
	char hex[DIGEST_HEX];

	digest_init(&state);
	digest_update(&state, message.data, message.len);
	digest_final(&state, digest);
	digest_hex(digest, hex);
	return strcmp(hex, expected) == 0;
}

static bool blake2b_answers(struct bytes message, const char *expected)
{
	unsigned char hash[DIGEST_BYTES];
	char hex[DIGEST_HEX];

	(void)crypto_generichash_blake2b(hash, sizeof(hash), message.data, message.len, NULL, 0);
	digest_hex(hash, hex);
	return strcmp(hex, expected) == 0;
}

int crypto_self_test(struct err *err)
{
	if (sodium_init() < 0)
		return err_set(err, ERR_INTERNAL, "libsodium cannot be initialised");
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct bytes message = bytes_of(answers[i].message);

		if (!sha256_answers(message, answers[i].sha256))
			return err_set(err, ERR_INTERNAL, "self-test failed: SHA-256 does not give its known answers");
		if (!blake2b_answers(message, answers[i].blake2b))
			return err_set(err, ERR_INTERNAL, "self-test failed: BLAKE2b does not give its known answers");
	}
	return 0;
}
