/* test_crypto_sign.c - signatures: RFC 8032's answer, minisign's own file, damage of every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/sign.h"
#include "crypto_fixture.h"

/* minisign 0.11: -G -W, then -S -l over "hello\n" */
#define MINISIGN_PUBLIC "RWTZ5jEGYzyA/7EPyjzGkPPbSgA6x82NshbX1FkhbLHy97iJT0+W5f83"
#define LINE_1          "untrusted comment: signature from minisign secret key\n"
#define LINE_2                                                                                                         \
	"RWTZ5jEGYzyA/9suJVwP6YQM3y/HGXCcUljBV9VkqZhkWFaWjwo/"                                                         \
	"ezHRT2GOMj/s4bQ3ondaZf5JNkuTSSU0brXbUMiu5X0PVgI=\n"
#define LINE_3 "trusted comment: timestamp:1795306133\tfile:m\n"
#define LINE_4 "AnqXvtPT8Sp3/fND632HWCL84YdfAVFP4I6LRzB68sdey4k9/rX7YUZhA8Iie2EPbpjvgWMpkhTPz56kUD4KAQ==\n"
/* the same with -S alone: prehashed */
#define LINE_2_HASHED                                                                                                  \
	"RUTZ5jEGYzyA/yLe0mxbowmuucuBOGtwJkenBpsNuzPn2D99BUfRLwX6EcRthpSjo8XZFPnGZW4OVXDN6kVp0Cm/Ymu5cUminAY=\n"
#define LINE_3_HASHED "trusted comment: timestamp:1795306133\tfile:m\thashed\n"
#define LINE_4_HASHED "0bVmMSgYrIyDSVNg+h6bORRdGCILgTJHUH4Lt5Z/gOiLVbI6TStZTevvPOXZ+FqryF74qimjb1hE6wAdpzz8Aw==\n"

static struct public_key minisign_key;
static struct secret_key *fixture;

static int setup(void **state)
{
	struct err err;

	(void)state;
	return public_key_parse(MINISIGN_PUBLIC, strlen(MINISIGN_PUBLIC), &minisign_key, &err) < 0 ||
	       secret_key_parse(FIXTURE_SECRET, strlen(FIXTURE_SECRET), NULL, &fixture, &err) < 0;
}

static int teardown(void **state)
{
	(void)state;
	secret_key_freep(&fixture);
	return 0;
}

static void make(const char *message, size_t len, const char *comment, struct buf *out)
{
	struct err err = ERR_INIT;

	assert_int_equal(signature_make(fixture, message, len, "signature", comment, out, &err), 0);
}

static void test_rfc8032(void **state)
{
	static const char expected[] = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
				       "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct signature signature;
	struct err err = ERR_INIT;
	char hex[129];

	(void)state;
	make("\xaf\x82", 2, "comment\tand ü", &out);
	assert_int_equal(signature_parse((const char *)out.data, out.len, &signature, &err), 0);
	assert_string_equal(sodium_bin2hex(hex, sizeof(hex), signature.signature, 64), expected);
	assert_string_equal(signature.trusted_comment, "comment\tand ü");
	key_id_hex(signature.key_id, hex);
	assert_string_equal(hex, FIXTURE_ID);
	assert_int_equal(signature_verify(&signature, secret_key_public(fixture), "\xaf\x82", 2, &err), 0);
	assert_int_equal(signature_verify(&signature, &minisign_key, "\xaf\x82", 2, &err), ERR_UNTRUSTED);
	assert_int_equal(signature_verify(&signature, secret_key_public(fixture), "\xaf\x83", 2, &err), ERR_UNTRUSTED);
	assert_int_equal(signature_verify(&signature, secret_key_public(fixture), "\xaf", 1, &err), ERR_UNTRUSTED);
}

static void test_empty_message(void **state)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct signature signature;
	struct err err = ERR_INIT;

	(void)state;
	make(NULL, 0, "", &out);
	assert_int_equal(signature_parse((const char *)out.data, out.len, &signature, &err), 0);
	assert_int_equal(signature_verify(&signature, secret_key_public(fixture), NULL, 0, &err), 0);
}

static void test_minisigns_own(void **state)
{
	static const char *const forms[] = {
		LINE_1 LINE_2 LINE_3 LINE_4,
		"untrusted comment: \n" LINE_2 LINE_3
		"AnqXvtPT8Sp3/fND632HWCL84YdfAVFP4I6LRzB68sdey4k9/rX7YUZhA8Iie2EPbpjvgWMpkhTPz56kUD4KAQ==",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct signature signature;
		struct err err = ERR_INIT;

		assert_int_equal(signature_parse(forms[i], strlen(forms[i]), &signature, &err), 0);
		assert_memory_equal(signature.key_id, minisign_key.id, KEY_ID_BYTES);
		assert_string_equal(signature.trusted_comment, "timestamp:1795306133\tfile:m");
		assert_int_equal(signature_verify(&signature, &minisign_key, "hello\n", 6, &err), 0);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "", "untrusted comment" },
		{ LINE_1, "line 2" },
		{ LINE_1 LINE_2, "trusted comment" },
		{ LINE_1 LINE_2 LINE_3, "line 4" },
		{ LINE_1 LINE_2 LINE_3 LINE_4 "\n", "the last" },
		{ LINE_1 LINE_2 LINE_3 LINE_4 LINE_1, "the last" },
		{ LINE_2 LINE_3 LINE_4, "untrusted comment" },
		{ LINE_1 LINE_2 LINE_1 LINE_4, "trusted comment" },
		{ LINE_1 LINE_2 "trusted comment: a\x01\n" LINE_4, "trusted comment" },
		{ LINE_1 LINE_4 LINE_3 LINE_4, "line 2" },
		{ LINE_1 LINE_2_HASHED LINE_3_HASHED LINE_4_HASHED, "minisign -S -l" },
		{ LINE_1 "RXTZ5jEGYzyA/9suJVwP6YQM3y/HGXCcUljBV9VkqZhkWFaWjwo/ezHRT2GOMj/"
			 "s4bQ3ondaZf5JNkuTSSU0brXbUMiu5X0PVgI=\n",
		  "not Ed25519" },
	};
	char zero[] = LINE_1 LINE_2 LINE_3 LINE_4;
	struct signature signature = { .key_id = { 42 } };
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(signature_parse(rows[i].text, strlen(rows[i].text), &signature, &err), ERR_DATA);
		assert_non_null(strstr(err.message, rows[i].says));
	}
	zero[sizeof(LINE_1 LINE_2) + 30] = '\0'; /* would cut the comment off for C, not for the signature */
	assert_int_equal(signature_parse(zero, sizeof(zero) - 1, &signature, &err), ERR_DATA);
	assert_int_equal(signature.key_id[0], 42);
}

/*
 * Every bit of every byte: refused, or still valid because only the untrusted comment, a line's end or the key id, a
 * hint, was touched.
 */
static void test_every_bit(void **state)
{
	static const char text[] = LINE_1 LINE_2 LINE_3 LINE_4;
	const size_t after_id = strlen(LINE_1) + 14; /* base64 characters that hold algorithm and key id */
	size_t accepted = 0;

	(void)state;
	for (size_t i = 0; i < 8 * strlen(text); i++) {
		char copy[sizeof(text)];
		struct signature signature;
		struct err err = ERR_INIT;

		memcpy(copy, text, sizeof(text));
		copy[i / 8] = (char)(copy[i / 8] ^ (1 << i % 8));
		if (signature_parse(copy, strlen(text), &signature, &err) < 0 ||
		    signature_verify(&signature, &minisign_key, "hello\n", 6, &err) < 0) {
			assert_true(err.code == ERR_DATA || err.code == ERR_UNTRUSTED);
			continue;
		}
		accepted++;
		assert_true(i / 8 < after_id || text[i / 8] == '\n');
	}
	assert_in_range(accepted, 1, 8 * after_id);
}

static void test_comments(void **state)
{
	static const struct {
		size_t len;
		char fill;
		bool trusted;
		int code;
	} rows[] = {
		{ SIGNATURE_COMMENT - 1, 'x', true, 0 },
		{ SIGNATURE_COMMENT, 'x', true, ERR_USAGE },
		{ 1003, 'x', false, 0 },
		{ 1004, 'x', false, ERR_USAGE },
		{ 3, '\n', true, ERR_USAGE },
		{ 3, '\n', false, ERR_USAGE },
		{ 3, '\x1b', true, ERR_USAGE },
		{ 3, '\r', true, ERR_USAGE },
		{ 3, '\t', true, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_done) struct buf out = BUF_INIT;
		char comment[SIGNATURE_COMMENT + 1];
		struct signature signature;
		struct err err = ERR_INIT;

		memset(comment, rows[i].fill, rows[i].len);
		comment[rows[i].len] = '\0';
		assert_int_equal(signature_make(fixture, "m", 1, rows[i].trusted ? "" : comment,
						rows[i].trusted ? comment : "", &out, &err),
				 rows[i].code);
		if (rows[i].code < 0) {
			assert_int_equal(out.len, 0);
			continue;
		}
		assert_int_equal(signature_parse((const char *)out.data, out.len, &signature, &err), 0);
		assert_int_equal(signature_verify(&signature, secret_key_public(fixture), "m", 1, &err), 0);
		assert_string_equal(signature.trusted_comment, rows[i].trusted ? comment : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc8032),       cmocka_unit_test(test_empty_message),
		cmocka_unit_test(test_minisigns_own), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_every_bit),     cmocka_unit_test(test_comments),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
