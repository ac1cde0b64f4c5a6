/* key.c - public keys; see key.h. Secret keys are in secret.c. */
#include "crypto/key.h"

#include <sodium.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/minisign.h"

struct public_file {
	unsigned char algorithm[2];
	unsigned char id[KEY_ID_BYTES];
	unsigned char public_key[KEY_PUBLIC_BYTES];
};
_Static_assert(sizeof(struct public_file) == 42, "minisign's public key");
_Static_assert((int)KEY_FINGERPRINT_TEXT == (int)HASH_TEXT, "a fingerprint is a hash");

enum { SECRET_FILE_BYTES = 158 };

int public_key_parse(const char *text, size_t len, struct public_key *ret_key, struct err *err)
{
	struct bytes rest = { (const unsigned char *)text, len };
	struct bytes line = { NULL, 0 }, comment;
	struct public_file file;
	bool found = minisign_take_line(&rest, &line);

	if (found && minisign_comment(line, MINISIGN_UNTRUSTED, &comment))
		found = minisign_take_line(&rest, &line);
	if (found && line.len == MINISIGN_BASE64_LEN(SECRET_FILE_BYTES))
		return err_set(err, ERR_DATA, "this is a secret key; the public one is expected");
	if (!found || rest.len || !minisign_decode(line, &file, sizeof(file)))
		return err_set(err, ERR_DATA,
			       "not a minisign public key: expected a line 'untrusted comment: ...' and one of %zu "
			       "base64 characters, or only the latter",
			       MINISIGN_BASE64_LEN(sizeof(file)));
	if (memcmp(file.algorithm, "Ed", 2) != 0)
		return err_set(err, ERR_DATA, "not a minisign public key: its algorithm is not Ed25519 ('Ed')");
	memcpy(ret_key->id, file.id, sizeof(file.id));
	memcpy(ret_key->public_key, file.public_key, sizeof(file.public_key));
	return 0;
}

int public_key_format(const struct public_key *key, struct buf *out)
{
	struct public_file file = { .algorithm = { 'E', 'd' } };
	char id[KEY_ID_HEX];
	size_t start = out->len;

	memcpy(file.id, key->id, sizeof(file.id));
	memcpy(file.public_key, key->public_key, sizeof(file.public_key));
	key_id_hex(key->id, id);
	/* minisign prints the id here as a number: no leading zeros */
	if (buf_printf(out, MINISIGN_UNTRUSTED "minisign public key %s\n", id + strspn(id, "0")) == 0 &&
	    minisign_add_base64(out, &file, sizeof(file)) == 0)
		return 0;
	out->len = start;
	return -1;
}

void key_id_hex(const unsigned char id[KEY_ID_BYTES], char ret_hex[KEY_ID_HEX])
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < KEY_ID_BYTES; i++) {
		unsigned char byte = id[KEY_ID_BYTES - 1 - i];

		ret_hex[2 * i] = digits[byte >> 4];
		ret_hex[2 * i + 1] = digits[byte & 15];
	}
	ret_hex[KEY_ID_HEX - 1] = '\0';
}

void public_key_fingerprint(const struct public_key *key, char ret_text[KEY_FINGERPRINT_TEXT])
{
	unsigned char hash[HASH_BYTES];

	/* without a domain, so that b2sum -l 256 gives it too */
	(void)crypto_generichash_blake2b(hash, sizeof(hash), key->public_key, sizeof(key->public_key), NULL, 0);
	hash_text(hash, ret_text);
}
