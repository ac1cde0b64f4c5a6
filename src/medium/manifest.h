/*
 * manifest.h - SHA256SUMS of a medium: whose it is, and the digest of each file. docs/FORMATS.md "Medium".
 *
 * `sha256sum -c` reads the same text: its first line is a comment to it. Strict: one form only, names in byte order, none
 * twice, none with anything but the bytes of layout.h. Parsing takes hostile text. Pure functions, thread-safe.
 */
#ifndef MEDIUM_MANIFEST_H
#define MEDIUM_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/path.h"
#include "crypto/digest.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "medium/layout.h"

struct manifest_file {
	char name[MEDIUM_NAME_MAX + 1];
	unsigned char digest[DIGEST_BYTES];
};

struct manifest {
	char host_id[33];
	uint64_t sequence;
	char statement[HASH_TEXT]; /* statement_hash() of statement.txt */
	struct manifest_file *files; /* owned */
	size_t count;
};
#define MANIFEST_INIT ((struct manifest){ .files = NULL })
void manifest_done(struct manifest *manifest);

/* May a file of a medium be called so? One or two parts of [A-Za-z0-9._-], none of which begins with a dot or a dash. */
bool manifest_name_fits(const char *name);

/* Adds a file, in any order. ERR_DATA for a name that does not fit, begins with MEDIUM_SUMS, is there, or is the folder of another; ERR_INTERNAL
 * when memory is short. */
int manifest_add(struct manifest *manifest, const char *name, const unsigned char digest[DIGEST_BYTES],
		 struct err *err);
/* Appends the text, files in byte order. 0, or -1 when memory is short. */
int manifest_format(const struct manifest *manifest, struct buf *out);
/* ERR_DATA with the line that is wrong; *ret_manifest is the caller's. */
int manifest_parse(const char *text, size_t len, struct manifest *ret_manifest, struct err *err);
/* Appends KEY's signature over TEXT, which is MANIFEST's, as a .minisig file holds it. ERR_INTERNAL. */
int manifest_sign(const struct manifest *manifest, struct bytes text, const struct secret_key *key, struct buf *out,
		  struct err *err);
/* NULL when there is no such file. */
const struct manifest_file *manifest_find(const struct manifest *manifest, const char *name);

#endif
