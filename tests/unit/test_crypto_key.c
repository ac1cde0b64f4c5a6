/* test_crypto_key.c - key files: fixed ones of another hand, round trips, damage of every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/sign.h"
#include "crypto_fixture.h"

static void test_public(void **state)
{
	static const char *const forms[] = {
		FIXTURE_PUBLIC,
		FIXTURE_PUBLIC_LINE,
		FIXTURE_PUBLIC_LINE "\n",
		"untrusted comment: \n" FIXTURE_PUBLIC_LINE,
		"untrusted comment: a\tb\r\n" FIXTURE_PUBLIC_LINE "\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		CLEANUP(buf_done) struct buf out = BUF_INIT;
		struct public_key key;
		struct err err = ERR_INIT;
		char id[KEY_ID_HEX], fingerprint[KEY_FINGERPRINT_TEXT];

		assert_int_equal(public_key_parse(forms[i], strlen(forms[i]), &key, &err), 0);
		key_id_hex(key.id, id);
		assert_string_equal(id, FIXTURE_ID);
		public_key_fingerprint(&key, fingerprint);
		assert_string_equal(fingerprint, FIXTURE_FINGERPRINT);
		assert_int_equal(public_key_format(&key, &out), 0);
		assert_string_equal(buf_str(&out), FIXTURE_PUBLIC);
	}
}

/* The id in the comment is a number, as minisign prints it. */
static void test_public_comment(void **state)
{
	const struct public_key key = { .id = { 0x09, 0x3e, 0x5a, 0x74, 0x6c, 0x0c, 0xe2, 0x06 } };
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(public_key_format(&key, &out), 0);
	assert_non_null(strstr(buf_str(&out), "minisign public key 6E20C6C745A3E09\n"));
}

static void test_public_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "", "expected" },
		{ "\n", "expected" },
		{ "untrusted comment: x\n", "expected" },
		{ "trusted comment: x\n" FIXTURE_PUBLIC_LINE "\n", "expected" },
		{ FIXTURE_PUBLIC_LINE "\n" FIXTURE_PUBLIC_LINE "\n", "expected" },
		{ FIXTURE_PUBLIC "more\n", "expected" },
		{ FIXTURE_PUBLIC "\n", "expected" },
		{ " " FIXTURE_PUBLIC_LINE, "expected" },
		{ "untrusted comment: \x1b[31m\n" FIXTURE_PUBLIC_LINE, "expected" },
		{ "RWShoqOkpaanqPxRzY5iGKGjjaR+0AIw8FgIFu0TujMDrF3rkRVIkIA=", "56 base64 characters" },
		{ "RWShoqOkpaanqPxRzY5iGKGjjaR-0AIw8FgIFu0TujMDrF3rkRVIkIAl", "expected" }, /* the URL alphabet */
		{ "RUShoqOkpaanqPxRzY5iGKGjjaR+0AIw8FgIFu0TujMDrF3rkRVIkIAl", "not Ed25519" }, /* "ED" */
		{ FIXTURE_SECRET, "secret key" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct public_key key = { .id = { 42 } };
		struct err err = ERR_INIT;

		assert_int_equal(public_key_parse(rows[i].text, strlen(rows[i].text), &key, &err), ERR_DATA);
		assert_non_null(strstr(err.message, rows[i].says));
		assert_int_equal(key.id[0], 42);
	}
}

static int parse(const char *text, const char *passphrase, struct secret_key **ret_key, struct err *err)
{
	return secret_key_parse(text, strlen(text), passphrase, ret_key, err);
}

static void assert_is_fixture(const struct secret_key *key)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	assert_int_equal(public_key_format(secret_key_public(key), &out), 0);
	assert_string_equal(buf_str(&out), FIXTURE_PUBLIC);
}

static void test_secret(void **state)
{
	static const struct {
		const char *text, *passphrase;
	} rows[] = {
		{ FIXTURE_SECRET, NULL },
		{ FIXTURE_SECRET, "not looked at" },
		{ FIXTURE_SECRET_CHECKED, NULL },
		{ FIXTURE_SECRET_ENCRYPTED, FIXTURE_PASSPHRASE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(secret_key_freep) struct secret_key *key = NULL;
		CLEANUP(buf_done) struct buf out = BUF_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(parse(rows[i].text, rows[i].passphrase, &key, &err), 0);
		assert_is_fixture(key);
		assert_int_equal(buf_add_str(&out, "before"), 0);
		assert_int_equal(secret_key_format(key, NULL, &out, &err), 0);
		assert_string_equal(buf_str(&out), "before" FIXTURE_SECRET);
	}
}

static void test_secret_refused(void **state)
{
	static const struct {
		const char *text, *passphrase;
		int code;
		const char *says;
	} rows[] = {
		{ "", NULL, ERR_DATA, "expected" },
		{ FIXTURE_PUBLIC, NULL, ERR_DATA, "not a minisign secret key" },
		{ FIXTURE_SECRET "\n", NULL, ERR_DATA, "expected" },
		{ FIXTURE_SECRET_COMMENT, NULL, ERR_DATA, "expected" },
		{ FIXTURE_SECRET_MISMATCHED, NULL, ERR_DATA, "damaged" },
		{ FIXTURE_SECRET_ENCRYPTED, NULL, ERR_DENIED, "the key is encrypted: a passphrase is needed" },
		{ FIXTURE_SECRET_ENCRYPTED, "", ERR_DENIED, "wrong passphrase" },
		{ FIXTURE_SECRET_ENCRYPTED, FIXTURE_PASSPHRASE " ", ERR_DENIED, "wrong passphrase" },
		{ FIXTURE_SECRET_HUGE, FIXTURE_PASSPHRASE, ERR_DATA, "107374182400 bytes of memory" },
		{ FIXTURE_SECRET_LONG, FIXTURE_PASSPHRASE, ERR_DATA, "1152921504606846976 scrypt operations" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(secret_key_freep) struct secret_key *key = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(parse(rows[i].text, rows[i].passphrase, &key, &err), rows[i].code);
		assert_int_equal(err.code, rows[i].code);
		assert_non_null(strstr(err.message, rows[i].says));
		assert_null(key);
	}
}

/* Changes each byte of TEXT in turn: the key is refused, or it is the very same key under another id or comment. */
static void flip_every_byte(const char *text, const char *passphrase)
{
	CLEANUP(secret_key_freep) struct secret_key *whole = NULL;
	struct err err = ERR_INIT;
	size_t refused = 0;

	assert_int_equal(parse(text, passphrase, &whole, &err), 0);
	for (size_t i = 0; i < strlen(text); i++) {
		CLEANUP(secret_key_freep) struct secret_key *key = NULL;
		CLEANUP(freep) char *copy = strdup(text);

		assert_non_null(copy);
		copy[i] = (char)(copy[i] ^ 1);
		if (secret_key_parse(copy, strlen(text), passphrase, &key, &err) < 0) {
			assert_true(err.code == ERR_DATA || err.code == ERR_DENIED);
			refused++;
			continue;
		}
		assert_memory_equal(secret_key_public(key)->public_key, secret_key_public(whole)->public_key,
				    KEY_PUBLIC_BYTES);
	}
	assert_in_range(refused, 100, strlen(text));
}

static void test_every_byte(void **state)
{
	(void)state;
	flip_every_byte(FIXTURE_SECRET, NULL);
	flip_every_byte(FIXTURE_SECRET_CHECKED, NULL);
	flip_every_byte(FIXTURE_SECRET_ENCRYPTED, FIXTURE_PASSPHRASE);
}

static void test_generate(void **state)
{
	CLEANUP(secret_key_freep) struct secret_key *first = NULL;
	CLEANUP(secret_key_freep) struct secret_key *second = NULL;
	CLEANUP(secret_key_freep) struct secret_key *again = NULL;
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(secret_key_generate(&first, &err), 0);
	assert_int_equal(secret_key_generate(&second, &err), 0);
	assert_memory_not_equal(secret_key_public(first), secret_key_public(second), sizeof(struct public_key));
	assert_int_equal(secret_key_format(first, NULL, &out, &err), 0);
	assert_int_equal(secret_key_parse((const char *)out.data, out.len, NULL, &again, &err), 0);
	assert_memory_equal(secret_key_public(first), secret_key_public(again), sizeof(struct public_key));
	secret_key_freep(&again);
	assert_null(again);
	secret_key_freep(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_public),         cmocka_unit_test(test_public_comment),
		cmocka_unit_test(test_public_refused), cmocka_unit_test(test_secret),
		cmocka_unit_test(test_secret_refused), cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_generate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
