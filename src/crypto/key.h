/*
 * key.h - minisign-compatible Ed25519 keys: files, fingerprints. Byte for byte what minisign reads and
 * writes (docs/FORMATS.md "Keys"); encrypted (scrypt) and unencrypted secret keys.
 *
 * Secret keys live in sodium_malloc'd memory and are wiped by secret_key_freep(). Thread-safe: a key is not changed
 * once made. Source of the formats: https://jedisct1.github.io/minisign/
 */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "tally/err.h"

enum { KEY_ID_BYTES = 8, KEY_ID_HEX = 17, KEY_PUBLIC_BYTES = 32, KEY_FINGERPRINT_TEXT = 76 };

struct public_key {
	unsigned char id[KEY_ID_BYTES]; /* as in the file; minisign shows it as a little endian number */
	unsigned char public_key[KEY_PUBLIC_BYTES];
};

struct secret_key; /* opaque, locked memory */

/* Parses the text of a .pub file (two lines) or the bare base64 line. ERR_DATA with what was expected. */
int public_key_parse(const char *text, size_t len, struct public_key *ret_key, struct err *err);
/* Appends the text of a .pub file. 0, or -1 when memory is short; then OUT is as it was. */
int public_key_format(const struct public_key *key, struct buf *out);
void key_id_hex(const unsigned char id[KEY_ID_BYTES], char ret_hex[KEY_ID_HEX]); /* upper case, as minisign shows it */
/*
 * "blake2b256:HEX" over the 32 key bytes, for people to compare; without us:
 * sed -n 2p KEY.pub | base64 -d | tail -c 32 | b2sum -l 256
 */
void public_key_fingerprint(const struct public_key *key, char ret_text[KEY_FINGERPRINT_TEXT]);

/* A new random key and key id. */
int secret_key_generate(struct secret_key **ret_key, struct err *err);
/*
 * Parses the text of a minisign secret key. PASSPHRASE NULL: an encrypted key is ERR_DENIED with the message
 * "the key is encrypted: a passphrase is needed" so that the caller can ask. A wrong one is ERR_DENIED. For a
 * key that is not encrypted PASSPHRASE is not looked at. Deriving takes seconds and 1 GiB of memory for keys as
 * minisign makes them; a file that asks for more is ERR_DATA. A damaged key is ERR_DATA.
 */
int secret_key_parse(const char *text, size_t len, const char *passphrase, struct secret_key **ret_key,
		     struct err *err);
/*
 * Appends the text of a secret key file to OUT, unchanged on failure. PASSPHRASE NULL writes it unencrypted, as
 * minisign -W does. OUT should be empty; wipe it with sodium_memzero after use.
 */
int secret_key_format(const struct secret_key *key, const char *passphrase, struct buf *out, struct err *err);
const struct public_key *secret_key_public(const struct secret_key *key);
void secret_key_freep(struct secret_key **key);

#endif
