/*
 * secret.c - secret keys; see key.h.
 *
 * Everything secret, the derived key stream too, is in memory of sodium_malloc(): locked where the system allows
 * it, between guard pages, wiped when freed.
 */
#include "crypto/secret.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "crypto/minisign.h"

/* minisign's secret key, all in bytes; numbers are little endian. */
struct key_block {
	unsigned char id[KEY_ID_BYTES];
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	unsigned char checksum[32]; /* BLAKE2b-256 of algorithm, id and secret; zeros when not encrypted */
};
struct secret_file {
	unsigned char algorithm[2]; /* "Ed" */
	unsigned char kdf[2]; /* "Sc" scrypt, zeros when not encrypted */
	unsigned char checksum_algorithm[2]; /* "B2" */
	unsigned char salt[crypto_pwhash_scryptsalsa208sha256_SALTBYTES];
	unsigned char opslimit[8], memlimit[8];
	struct key_block block; /* when encrypted, xored with what scrypt gives */
};
_Static_assert(sizeof(struct secret_file) == 158, "minisign's secret key");

/* What minisign uses, and so the most that a file may ask for: a planted one must not take all memory or a day. */
static const uint64_t opslimit_max = crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE;
static const uint64_t memlimit_max = crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE;

static const unsigned char kdf_none[2] = { 0, 0 };

static void secret_file_freep(struct secret_file **file)
{
	sodium_free(*file);
	*file = NULL;
}

static void key_block_freep(struct key_block **block)
{
	sodium_free(*block);
	*block = NULL;
}

void secret_key_freep(struct secret_key **key)
{
	sodium_free(*key);
	*key = NULL;
}

/* Locked memory, zeroed. */
static void *secret_alloc(size_t size)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from;
	void *memory;

	if (sodium_init() < 0)
		return NULL;
	memory = sodium_malloc(size);
	if (!memory)
		return NULL;
	sodium_memzero(memory, size);
	/* no child has it: some of ours parse what nobody trusts */
	from = (uintptr_t)memory & ~(page - 1);
	(void)madvise((void *)from, (uintptr_t)memory + size - from, MADV_DONTFORK);
	return memory;
}

int secret_key_generate(struct secret_key **ret_key, struct err *err)
{
	CLEANUP(secret_key_freep) struct secret_key *key = secret_alloc(sizeof(*key));

	if (!key)
		return err_nomem(err);
	randombytes_buf(key->public.id, sizeof(key->public.id));
	(void)crypto_sign_keypair(key->public.public_key, key->secret);
	*ret_key = STEAL(key);
	return 0;
}

const struct public_key *secret_key_public(const struct secret_key *key)
{
	return &key->public;
}

static uint64_t read_le64(const unsigned char bytes[8])
{
	struct cursor cursor = { bytes, 8 };
	uint64_t value = 0;

	(void)cursor_u64(&cursor, &value);
	return value;
}

static void write_le64(unsigned char bytes[8], uint64_t value)
{
	for (size_t i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
}

static void block_checksum(const struct secret_file *file, unsigned char ret_checksum[32])
{
	crypto_generichash_blake2b_state state;

	(void)crypto_generichash_blake2b_init(&state, NULL, 0, 32);
	(void)crypto_generichash_blake2b_update(&state, file->algorithm, sizeof(file->algorithm));
	(void)crypto_generichash_blake2b_update(&state, file->block.id, sizeof(file->block.id));
	(void)crypto_generichash_blake2b_update(&state, file->block.secret, sizeof(file->block.secret));
	(void)crypto_generichash_blake2b_final(&state, ret_checksum, 32);
	sodium_memzero(&state, sizeof(state));
}

/* Encrypts or decrypts the block with salt and limits of the file. */
static int xor_block(struct secret_file *file, const char *passphrase, struct err *err)
{
	CLEANUP(key_block_freep) struct key_block *stream = secret_alloc(sizeof(*stream));
	uint64_t opslimit = read_le64(file->opslimit), memlimit = read_le64(file->memlimit);
	unsigned char *block = (unsigned char *)&file->block;

	if (!stream)
		return err_nomem(err);
	if (opslimit > opslimit_max || memlimit > memlimit_max)
		return err_set(err, ERR_DATA,
			       "the secret key asks for %llu scrypt operations and %llu bytes of memory; at most %llu "
			       "and %llu are allowed",
			       (unsigned long long)opslimit, (unsigned long long)memlimit,
			       (unsigned long long)opslimit_max, (unsigned long long)memlimit_max);
	if (crypto_pwhash_scryptsalsa208sha256((unsigned char *)stream, sizeof(*stream), passphrase, strlen(passphrase),
					       file->salt, opslimit, (size_t)memlimit) != 0)
		return err_errno_as(err, ERR_INTERNAL, errno,
				    "cannot derive a key from the passphrase with %llu bytes of memory",
				    (unsigned long long)memlimit);
	for (size_t i = 0; i < sizeof(*stream); i++)
		block[i] ^= ((const unsigned char *)stream)[i];
	return 0;
}

static int decode(const char *text, size_t len, struct secret_file *file, struct err *err)
{
	struct bytes rest = { (const unsigned char *)text, len };
	struct bytes line, comment;

	if (!minisign_take_line(&rest, &line) || !minisign_comment(line, MINISIGN_UNTRUSTED, &comment) ||
	    !minisign_take_line(&rest, &line) || rest.len || !minisign_decode(line, file, sizeof(*file)))
		return err_set(err, ERR_DATA,
			       "not a minisign secret key: expected a line 'untrusted comment: ...' and one of %zu "
			       "base64 characters",
			       MINISIGN_BASE64_LEN(sizeof(*file)));
	if (memcmp(file->algorithm, "Ed", 2) != 0)
		return err_set(err, ERR_DATA, "not a minisign secret key: its algorithm is not Ed25519 ('Ed')");
	if (memcmp(file->checksum_algorithm, "B2", 2) != 0)
		return err_set(err, ERR_DATA, "not a minisign secret key: its checksum is not BLAKE2b ('B2')");
	if (memcmp(file->kdf, "Sc", 2) != 0 && memcmp(file->kdf, kdf_none, 2) != 0)
		return err_set(err, ERR_DATA, "not a minisign secret key: its key derivation is not scrypt ('Sc')");
	return 0;
}

/* Turns an encrypted block into a plain one and checks it. */
static int unlock(struct secret_file *file, const char *passphrase, struct err *err)
{
	unsigned char checksum[32];
	int r;

	if (memcmp(file->kdf, kdf_none, 2) == 0) {
		block_checksum(file, checksum);
		/* minisign leaves it zero, and does not look at it */
		if (!sodium_is_zero(file->block.checksum, sizeof(checksum)) &&
		    sodium_memcmp(file->block.checksum, checksum, sizeof(checksum)) != 0)
			return err_set(err, ERR_DATA, "the secret key is damaged: its checksum is wrong");
		return 0;
	}
	if (!passphrase)
		return err_set(err, ERR_DENIED, "the key is encrypted: a passphrase is needed");
	r = xor_block(file, passphrase, err);
	if (r < 0)
		return r;
	block_checksum(file, checksum);
	if (sodium_memcmp(file->block.checksum, checksum, sizeof(checksum)) != 0)
		return err_set(err, ERR_DENIED, "wrong passphrase for the secret key");
	return 0;
}

int secret_key_parse(const char *text, size_t len, const char *passphrase, struct secret_key **ret_key, struct err *err)
{
	CLEANUP(secret_file_freep) struct secret_file *file = secret_alloc(sizeof(*file));
	CLEANUP(secret_key_freep) struct secret_key *key = secret_alloc(sizeof(*key));
	int r;

	if (!file || !key)
		return err_nomem(err);
	r = decode(text, len, file, err);
	if (r == 0)
		r = unlock(file, passphrase, err);
	if (r < 0)
		return r;
	memcpy(key->public.id, file->block.id, sizeof(file->block.id));
	/* The second half of the secret is the public key. Signing with a wrong one would give the secret away. */
	(void)crypto_sign_seed_keypair(key->public.public_key, key->secret, file->block.secret);
	if (sodium_memcmp(key->secret, file->block.secret, sizeof(key->secret)) != 0)
		return err_set(err, ERR_DATA, "the secret key is damaged: its public half does not belong to it");
	*ret_key = STEAL(key);
	return 0;
}

int secret_key_format(const struct secret_key *key, const char *passphrase, struct buf *out, struct err *err)
{
	static const char comment[] = MINISIGN_UNTRUSTED "minisign encrypted secret key\n";
	CLEANUP(secret_file_freep) struct secret_file *file = secret_alloc(sizeof(*file));

	if (!file)
		return err_nomem(err);
	memcpy(file->algorithm, "Ed", 2);
	memcpy(file->checksum_algorithm, "B2", 2);
	memcpy(file->block.id, key->public.id, sizeof(file->block.id));
	memcpy(file->block.secret, key->secret, sizeof(file->block.secret));
	if (passphrase) {
		int r;

		memcpy(file->kdf, "Sc", 2);
		randombytes_buf(file->salt, sizeof(file->salt));
		write_le64(file->opslimit, opslimit_max);
		write_le64(file->memlimit, memlimit_max);
		block_checksum(file, file->block.checksum);
		r = xor_block(file, passphrase, err);
		if (r < 0)
			return r;
	}
	/* all at once: growing would leave copies of the secret in freed memory */
	if (buf_reserve(out, sizeof(comment) + MINISIGN_BASE64_LEN(sizeof(*file)) + 1) < 0)
		return err_nomem(err);
	(void)buf_add_str(out, comment);
	(void)minisign_add_base64(out, file, sizeof(*file));
	return 0;
}
