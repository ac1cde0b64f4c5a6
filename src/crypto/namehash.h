/*
 * namehash.h - a hash for tables whose keys are names that an intruder may choose: SipHash-2-4 (libsodium) under a key
 * drawn at random once in each process. Thread-safe after crypto_self_test().
 */
#ifndef CRYPTO_NAMEHASH_H
#define CRYPTO_NAMEHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t name_hash(const void *name, size_t len);

#endif
