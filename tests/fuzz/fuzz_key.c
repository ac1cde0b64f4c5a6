/*
 * fuzz_key.c - public and secret key files from anywhere. Without a passphrase: a derivation takes a gigabyte.
 */
/* rooms: crypto base */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* What was read is written and read again: the same key. */
static void check_public(const struct public_key *key)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct public_key again;
	struct err err;

	check(public_key_format(key, &out) == 0);
	check(public_key_parse((const char *)out.data, out.len, &again, &err) == 0);
	check(memcmp(key, &again, sizeof(again)) == 0);
}

static void check_secret(const struct secret_key *key)
{
	CLEANUP(secret_key_freep) struct secret_key *again = NULL;
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct err err;

	check_public(secret_key_public(key));
	check(secret_key_format(key, NULL, &out, &err) == 0);
	check(secret_key_parse((const char *)out.data, out.len, NULL, &again, &err) == 0);
	check(memcmp(secret_key_public(key), secret_key_public(again), sizeof(struct public_key)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(secret_key_freep) struct secret_key *secret = NULL;
	struct public_key public;
	struct err err = ERR_INIT;

	if (public_key_parse((const char *)data, size, &public, &err) == 0)
		check_public(&public);
	else
		check(err.code == ERR_DATA);
	if (secret_key_parse((const char *)data, size, NULL, &secret, &err) == 0)
		check_secret(secret);
	else
		check(err.code == ERR_DATA || err.code == ERR_DENIED);
	return 0;
}
