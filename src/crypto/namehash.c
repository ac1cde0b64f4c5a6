/* namehash.c - see namehash.h. */
#include "crypto/namehash.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

static unsigned char key[crypto_shorthash_KEYBYTES];

static void draw_key(void)
{
	crypto_shorthash_keygen(key);
}

uint64_t name_hash(const void *name, size_t len)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	unsigned char hash[crypto_shorthash_BYTES];
	uint64_t number;

	(void)pthread_once(&once, draw_key);
	(void)crypto_shorthash(hash, name, len, key);
	memcpy(&number, hash, sizeof(number));
	return number;
}
