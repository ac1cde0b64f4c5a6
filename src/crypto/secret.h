/*
 * secret.h - the inside of a secret key, for sign.c. Private to this room.
 */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include <sodium.h>

#include "crypto/key.h"

/* Bytes only: sodium_malloc() does not align. */
struct secret_key {
	struct public_key public;
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
};

#endif
