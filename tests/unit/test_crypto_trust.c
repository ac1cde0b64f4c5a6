/* test_crypto_trust.c - the rules of trust.h as a table: who is trusted, who must sign, what is there, what follows. */
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
#include "crypto/trust.h"

static const char message[] = "tallystick-baseline: 1\n";
enum { MESSAGE_LEN = sizeof(message) - 1 };

/* The host key, an operator key, and one of a stranger. */
enum { HOST, OPS, OTHER, KEYS };
static struct secret_key *keys[KEYS];

/* Texts that may lie beside a message. */
enum {
	NO_TEXT, /* ends a row */
	BY_HOST,
	BY_OPS,
	BY_OTHER,
	BY_HOST_OTHER_MESSAGE, /* valid, but over another text */
	BY_OPS_BAD_COMMENT, /* trusted comment changed afterwards */
	BY_OTHER_AS_OPS, /* the key id of another */
	BY_OPS_AS_OTHER,
	NOT_A_SIGNATURE,
	TEXTS
};
static char *texts[TEXTS];

static char *sign(int key, const char *signed_text, size_t len)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(signature_make(keys[key], signed_text, len, "u", "comment", &out, &err), 0);
	return buf_steal_str(&out);
}

/* A signature by KEY that claims to be by AS. */
static char *sign_as(int key, int as)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	CLEANUP(buf_done) struct buf secret = BUF_INIT;
	CLEANUP(secret_key_freep) struct secret_key *disguised = NULL;
	struct err err = ERR_INIT;
	unsigned char file[158];

	/* the id stands in bytes 54 to 61 of a secret key file, unprotected when that is not encrypted */
	assert_int_equal(secret_key_format(keys[key], NULL, &secret, &err), 0);
	assert_int_equal(sodium_base642bin(file, sizeof(file), (const char *)secret.data + secret.len - 213, 212, NULL,
					   NULL, NULL, sodium_base64_VARIANT_ORIGINAL),
			 0);
	memcpy(file + 54, secret_key_public(keys[as])->id, KEY_ID_BYTES);
	secret.len -= 213;
	assert_int_equal(buf_reserve(&secret, 300), 0);
	(void)sodium_bin2base64((char *)secret.data + secret.len, 213, file, sizeof(file),
				sodium_base64_VARIANT_ORIGINAL);
	secret.len += 212;
	assert_int_equal(secret_key_parse((const char *)secret.data, secret.len, NULL, &disguised, &err), 0);
	assert_int_equal(signature_make(disguised, message, MESSAGE_LEN, "u", "comment", &out, &err), 0);
	return buf_steal_str(&out);
}

static int setup(void **state)
{
	struct err err;

	(void)state;
	for (size_t i = 0; i < KEYS; i++)
		if (secret_key_generate(&keys[i], &err) < 0)
			return -1;
	texts[BY_HOST] = sign(HOST, message, MESSAGE_LEN);
	texts[BY_OPS] = sign(OPS, message, MESSAGE_LEN);
	texts[BY_OTHER] = sign(OTHER, message, MESSAGE_LEN);
	texts[BY_HOST_OTHER_MESSAGE] = sign(HOST, message, MESSAGE_LEN - 1);
	texts[BY_OPS_BAD_COMMENT] = sign(OPS, message, MESSAGE_LEN);
	*strstr(texts[BY_OPS_BAD_COMMENT], "comment\n") = 'C'; /* the trusted one: the untrusted is "u" */
	texts[BY_OTHER_AS_OPS] = sign_as(OTHER, OPS);
	texts[BY_OPS_AS_OTHER] = sign_as(OPS, OTHER);
	texts[NOT_A_SIGNATURE] = strdup("untrusted comment: nothing\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYS; i++)
		secret_key_freep(&keys[i]);
	for (size_t i = 0; i < TEXTS; i++)
		free(texts[i]);
	return 0;
}

static void trust_keys(struct trust *trust, const char *which)
{
	struct err err = ERR_INIT;

	for (; *which; which++) {
		const struct public_key *key = secret_key_public(keys[*which == 'h'   ? HOST
								      : *which == 'p' ? OPS
										      : OTHER]);
		const char *name = *which == 'h'   ? "/etc/tallystick/host.pub"
				   : *which == 'p' ? "/etc/tallystick/trusted.d/ops.pub"
						   : "other.pub";

		assert_int_equal(trust_add(trust, key, name, *which == 'h', &err), 0);
	}
}

static const struct row {
	const char *trusted; /* h, p, o: which keys, in which order */
	const char *required; /* text of trusted.d/require, NULL: none */
	int texts[4];
	int code;
	const char *signers; /* of each text: h, p, o or - ; or what the message says */
} rows[] = {
	{ "hp", NULL, { BY_HOST }, 0, "h" },
	{ "hp", NULL, { BY_OPS }, 0, "p" },
	{ "hp", NULL, { BY_HOST, BY_OPS }, 0, "hp" },
	{ "ph", NULL, { BY_OPS, BY_HOST }, 0, "ph" },
	{ "h", NULL, { BY_HOST, BY_HOST }, 0, "hh" },
	/* none, or none by a trusted key */
	{ "hp", NULL, { NO_TEXT }, ERR_UNTRUSTED, "there is no signature" },
	{ "hp", NULL, { BY_OTHER }, ERR_UNTRUSTED, "no signature by a trusted key" },
	{ "", NULL, { BY_HOST }, ERR_UNTRUSTED, "no signature by a trusted key (0 trusted)" },
	{ "p", NULL, { BY_HOST, BY_OTHER }, ERR_UNTRUSTED, "and others" },
	/* unknown ones are listed and ignored */
	{ "hp", NULL, { BY_OTHER, BY_HOST }, 0, "-h" },
	{ "h", NULL, { BY_HOST, BY_OPS_BAD_COMMENT }, 0, "h-" },
	/* an invalid one by a trusted key is never ignored */
	{ "hp",
	  NULL,
	  { BY_HOST_OTHER_MESSAGE },
	  ERR_UNTRUSTED,
	  "'/etc/tallystick/host.pub': the signature is not valid" },
	{ "hp", NULL, { BY_OPS, BY_HOST_OTHER_MESSAGE }, ERR_UNTRUSTED, "host.pub" },
	{ "hp", NULL, { BY_HOST_OTHER_MESSAGE, BY_OPS }, ERR_UNTRUSTED, "host.pub" },
	{ "hp", NULL, { BY_HOST, BY_OPS_BAD_COMMENT }, ERR_UNTRUSTED, "trusted comment" },
	{ "hp", NULL, { BY_HOST, BY_OTHER_AS_OPS }, ERR_UNTRUSTED, "ops.pub" },
	/* ids are hints */
	{ "hp", NULL, { BY_OPS_AS_OTHER }, 0, "p" },
	{ "hpo", NULL, { BY_OTHER_AS_OPS }, 0, "o" },
	{ "o", NULL, { BY_OPS_AS_OTHER }, ERR_UNTRUSTED, "other.pub" },
	/* required */
	{ "hp", "ops.pub\n", { BY_OPS }, 0, "p" },
	{ "hp",
	  "ops.pub\n",
	  { BY_HOST },
	  ERR_UNTRUSTED,
	  "required key '/etc/tallystick/trusted.d/ops.pub' is missing" },
	{ "hp", "ops.pub\n", { BY_HOST, BY_OTHER }, ERR_UNTRUSTED, "ops.pub" },
	{ "hp", "# both\n\n  host.pub\t\n\tops.pub", { BY_HOST, BY_OPS }, 0, "hp" },
	{ "hp", "host.pub\r\nops.pub\r\n", { BY_OPS }, ERR_UNTRUSTED, "host.pub" },
	{ "hp", "# nobody\n", { BY_HOST }, 0, "h" },
	/* one key pinned twice: whoever of the two is asked has signed */
	{ "php", "ops.pub", { BY_OPS }, 0, "p" },
	{ "hp", NULL, { BY_HOST, NOT_A_SIGNATURE }, ERR_DATA, "not a minisign signature" },
};

static void check_verdict(const struct row *row, const struct trust_verdict *verdict)
{
	static const char letters[] = "hpo";

	assert_int_equal(verdict->count, strlen(row->signers));
	for (size_t i = 0; i < verdict->count; i++) {
		const struct trusted_key *signer = verdict->signatures[i].signer;
		char letter = '-';

		for (size_t key = 0; signer && key < KEYS; key++)
			if (memcmp(&signer->key, secret_key_public(keys[key]), sizeof(signer->key)) == 0)
				letter = letters[key];
		assert_int_equal(letter, row->signers[i]);
		if (signer)
			assert_int_equal(signer->host, letter == 'h');
		assert_string_equal(verdict->signatures[i].parsed.trusted_comment,
				    row->texts[i] == BY_OPS_BAD_COMMENT ? "Comment" : "comment");
	}
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(trust_done) struct trust trust = TRUST_INIT;
		CLEANUP(trust_verdict_done) struct trust_verdict verdict = { .signatures = NULL };
		struct signature_text given[4];
		struct err err = ERR_INIT;
		size_t count = 0;
		int r;

		trust_keys(&trust, rows[i].trusted);
		if (rows[i].required)
			assert_int_equal(trust_require(&trust, rows[i].required, strlen(rows[i].required), &err), 0);
		for (; count < 4 && rows[i].texts[count] != NO_TEXT; count++)
			given[count] = (struct signature_text){ texts[rows[i].texts[count]],
								strlen(texts[rows[i].texts[count]]) };
		r = trust_judge(&trust, message, MESSAGE_LEN, given, count, &verdict, &err);
		if (r != rows[i].code || (r < 0 && !strstr(err.message, rows[i].signers)))
			print_message("row %zu: %d '%s'\n", i, r, err.message);
		assert_int_equal(r, rows[i].code);
		if (r == 0) {
			check_verdict(&rows[i], &verdict);
		} else {
			assert_non_null(strstr(err.message, rows[i].signers));
			assert_null(verdict.signatures);
		}
	}
}

static void test_require(void **state)
{
	CLEANUP(trust_done) struct trust trust = TRUST_INIT;
	static const char *const missing[] = { "ops.pub\nnone.pub\n", "ops", "trusted.d/ops.pub", "ops.pub # comment",
					       "0123456789abcdef" };
	struct err err = ERR_INIT;
	char id[KEY_ID_HEX];

	(void)state;
	trust_keys(&trust, "hp");
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++) {
		assert_int_equal(trust_require(&trust, missing[i], strlen(missing[i]), &err), ERR_UNTRUSTED);
		assert_false(trust.keys[0].required || trust.keys[1].required);
	}
	key_id_hex(secret_key_public(keys[OPS])->id, id);
	assert_int_equal(trust_require(&trust, id, strlen(id), &err), 0);
	assert_true(trust.keys[1].required);
	for (char *at = id; *at; at++)
		*at = (char)(*at >= 'A' ? *at + 32 : *at);
	trust.keys[1].required = false;
	assert_int_equal(trust_require(&trust, id, strlen(id), &err), 0);
	assert_true(trust.keys[1].required);
	assert_false(trust.keys[0].required);
}

static void test_too_many(void **state)
{
	static struct signature_text given[TRUST_SIGNATURES_MAX + 1];
	CLEANUP(trust_done) struct trust trust = TRUST_INIT;
	CLEANUP(trust_verdict_done) struct trust_verdict verdict = { .signatures = NULL };
	struct err err = ERR_INIT;

	(void)state;
	trust_keys(&trust, "h");
	for (size_t i = 0; i < ARRAY_SIZE(given); i++)
		given[i] = (struct signature_text){ texts[BY_HOST], strlen(texts[BY_HOST]) };
	assert_int_equal(trust_judge(&trust, message, MESSAGE_LEN, given, ARRAY_SIZE(given), &verdict, &err), ERR_DATA);
	assert_int_equal(trust_judge(&trust, message, MESSAGE_LEN, given, TRUST_SIGNATURES_MAX, &verdict, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_require),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
