/* readback.c - see readback.h. */
#include "medium/readback.h"

#include <string.h>

#include "base/cleanup.h"
#include "medium/source.h"

static int on_piece(void *context, const void *data, size_t len, struct err *err)
{
	(void)err;
	digest_update(context, data, len);
	return 0;
}

static int compare(const struct source *source, const struct manifest_file *listed, const atomic_bool *interrupted,
		   struct err *err)
{
	const struct source_file *file = source_find(source, listed->name);
	unsigned char digest[DIGEST_BYTES];
	struct digest_state state;
	int r;

	if (!file)
		return err_set(err, ERR_UNTRUSTED, "'%s' is missing", listed->name);
	digest_init(&state);
	r = source_read(source, file, on_piece, &state, interrupted, NULL, err);
	if (r < 0)
		return r;
	digest_final(&state, digest);
	return digest_equal(digest, listed->digest)
		       ? 0
		       : err_set(err, ERR_UNTRUSTED, "the digest of '%s' is another", listed->name);
}

static int read_back(const char *path, const struct manifest *manifest, struct timestamp date,
		     const atomic_bool *interrupted, struct err *err)
{
	CLEANUP(source_done) struct source source = SOURCE_INIT;
	int r = source_open(path, &source, err);

	for (size_t i = 0; r >= 0 && i < manifest->count; i++)
		r = compare(&source, &manifest->files[i], interrupted, err);
	if (r < 0)
		return r;
	if (source.date != date.sec)
		return err_set(err, ERR_UNTRUSTED, "its date is another");
	for (size_t i = 0; i < source.count; i++) {
		const char *name = source.files[i].name;

		if (!manifest_find(manifest, name) && strcmp(name, MEDIUM_SUMS) != 0 &&
		    strcmp(name, MEDIUM_SUMS_MINISIG) != 0)
			return err_set(err, ERR_UNTRUSTED, "'%s' is one file too many", name);
	}
	return source_find(&source, MEDIUM_SUMS) && source_find(&source, MEDIUM_SUMS_MINISIG)
		       ? 0
		       : err_set(err, ERR_UNTRUSTED, "'" MEDIUM_SUMS "' or its signature is missing");
}

int readback_iso(const char *path, const struct manifest *manifest, struct timestamp date,
		 const atomic_bool *interrupted, struct err *err)
{
	int r = read_back(path, manifest, date, interrupted, err);

	if (r == ERR_UNTRUSTED || r == ERR_DATA) /* nobody's attack: it did not turn out */
		r = err->code = ERR_IO;
	return r < 0 && r != ERR_INTERRUPTED ? err_wrap(err, r, "the ISO file is not what was written") : r;
}
