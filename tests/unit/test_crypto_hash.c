/* test_crypto_hash.c - SHA-256 and BLAKE2b against published answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "crypto/hash.h"

static void test_self_test(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(crypto_self_test(&err), 0);
	assert_int_equal(crypto_self_test(&err), 0); /* harmless twice */
}

/* NIST's examples for FIPS 180-4; COUNT times the text, in pieces that do not fit blocks. */
static void test_sha256(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		const char *expected;
	} rows[] = {
		{ "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmno"
		  "pqrstnopqrstu",
		  1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaa", 40000,
		  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned char digest[DIGEST_BYTES], prefix[DIGEST_BYTES];
		struct digest_state running, copy;
		char hex[DIGEST_HEX];

		digest_init(&running);
		for (size_t n = 0; n < rows[i].count; n++)
			digest_update(&running, rows[i].text, strlen(rows[i].text));
		copy = running; /* a state can be forked: */
		digest_update(&copy, "more", 4);
		digest_final(&copy, prefix);
		digest_final(&running, digest);
		digest_hex(digest, hex);
		assert_string_equal(hex, rows[i].expected);
		assert_false(digest_equal(digest, prefix));
		assert_true(digest_equal(digest, digest));
	}
}

static void test_equal_looks_at_every_byte(void **state)
{
	unsigned char a[DIGEST_BYTES] = { 0 }, b[DIGEST_BYTES] = { 0 };

	(void)state;
	assert_true(digest_equal(a, b));
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		b[i] = 1;
		assert_false(digest_equal(a, b));
		b[i] = 0;
	}
}

/* RFC 7693 appendix E: deterministic input, Fibonacci-like. */
static void rfc_sequence(unsigned char *out, size_t len, uint32_t seed)
{
	uint32_t previous = 0xDEAD4BADu * seed, present = 1;

	for (size_t i = 0; i < len; i++) {
		uint32_t next = previous + present;

		previous = present;
		present = next;
		out[i] = (unsigned char)(next >> 24);
	}
}

/* RFC 7693 appendix E: a BLAKE2b-256 over the hashes, with and without key, of many lengths. */
static void test_blake2b_rfc7693(void **state)
{
	static const char expected[] = "c23a7800d98123bd10f506c61e29da5603d763b8bbad2e737f5e765a7bccd475";
	static const size_t hash_lens[] = { 20, 32, 48, 64 }, input_lens[] = { 0, 3, 128, 129, 255, 1024 };
	crypto_generichash_blake2b_state all;
	unsigned char hash[64], key[64], input[1024];
	char hex[65];

	(void)state;
	assert_int_equal(crypto_generichash_blake2b_init(&all, NULL, 0, 32), 0);
	for (size_t i = 0; i < ARRAY_SIZE(hash_lens); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(input_lens); j++) {
			rfc_sequence(input, input_lens[j], (uint32_t)input_lens[j]);
			crypto_generichash_blake2b(hash, hash_lens[i], input, input_lens[j], NULL, 0);
			crypto_generichash_blake2b_update(&all, hash, hash_lens[i]);
			rfc_sequence(key, hash_lens[i], (uint32_t)hash_lens[i]);
			crypto_generichash_blake2b(hash, hash_lens[i], input, input_lens[j], key, hash_lens[i]);
			crypto_generichash_blake2b_update(&all, hash, hash_lens[i]);
		}
	}
	assert_int_equal(crypto_generichash_blake2b_final(&all, hash, 32), 0);
	assert_string_equal(sodium_bin2hex(hex, sizeof(hex), hash, 32), expected);
}

/* The bytes that each function feeds, and that the domain stands first. */
static void test_hash_bytes(void **state)
{
	static const unsigned char fed[] =
		"\x06\0\0\0\0\0\0\0domainab\x08\x07\x06\x05\x04\x03\x02\x01\x03\0\0\0\0\0\0\0xyz";
	unsigned char hash[HASH_BYTES], expected[HASH_BYTES];
	struct hash_state running;

	(void)state;
	hash_init(&running, "domain");
	hash_update(&running, "a", 1);
	hash_update(&running, NULL, 0);
	hash_update(&running, "b", 1);
	hash_update_u64(&running, 0x0102030405060708);
	hash_update_sized(&running, "xyz", 3);
	hash_final(&running, hash);
	crypto_generichash_blake2b(expected, sizeof(expected), fed, sizeof(fed) - 1, NULL, 0);
	assert_memory_equal(hash, expected, HASH_BYTES);
	hash_init(&running, "domai");
	hash_update(&running, "nab", 3);
	hash_final(&running, hash);
	assert_memory_not_equal(hash, expected, HASH_BYTES);
}

static void test_text(void **state)
{
	static const char good[] = "blake2b256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	static const char *const bad[] = {
		"",
		"blake2b256:",
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		"blake2b256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeef",
		"blake2b256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0",
		"blake2b256:00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff",
		"blake2b256:0011223344556677-899aabbccddeeff00112233445566778899aabbccddeeff",
		"blake2b512:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		"blake2b256 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		" blake2b25:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	};
	unsigned char hash[HASH_BYTES], untouched[HASH_BYTES];
	char text[HASH_TEXT];

	(void)state;
	assert_true(hash_parse(good, hash));
	assert_int_equal(hash[31], 0xff);
	hash_text(hash, text);
	assert_string_equal(text, good);
	memcpy(untouched, hash, sizeof(hash));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(hash_parse(bad[i], hash));
		assert_memory_equal(hash, untouched, sizeof(hash));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self_test),
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_equal_looks_at_every_byte),
		cmocka_unit_test(test_blake2b_rfc7693),
		cmocka_unit_test(test_hash_bytes),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
