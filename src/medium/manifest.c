/*
 * manifest.c - see manifest.h.
 *
 * Invariants: the files of a struct manifest are in byte order, none twice; a text that parses is byte for byte what
 * manifest_format() writes for what was parsed.
 */
#include "medium/manifest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/quote.h"

enum { HOST_ID_HEX = 32, HASH_LEN = HASH_TEXT - 1, HEX_LEN = DIGEST_HEX - 1, SEQUENCE_DIGITS = 10 };

void manifest_done(struct manifest *manifest)
{
	free(manifest->files);
	*manifest = MANIFEST_INIT;
}

static bool part_fits(const char *part, size_t len)
{
	static const char bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	/* a dot hides it from `ls`, a dash makes it an option of whatever gets a `*` */
	return len > 0 && part[0] != '.' && part[0] != '-' && strspn(part, bytes) >= len;
}

bool manifest_name_fits(const char *name)
{
	size_t len = strnlen(name, MEDIUM_NAME_MAX + 1);
	const char *slash;

	if (len > MEDIUM_NAME_MAX)
		return false;
	slash = memchr(name, '/', len);
	if (!slash)
		return part_fits(name, len);
	return part_fits(name, (size_t)(slash - name)) && part_fits(slash + 1, len - (size_t)(slash + 1 - name));
}

static bool begins(const char *text, const char *start)
{
	size_t len = strlen(start);

	return strlen(text) >= len && memcmp(text, start, len) == 0;
}

/* The list itself and what signs it can't stand in it. */
static bool is_listable(const char *name)
{
	return manifest_name_fits(name) && !begins(name, MEDIUM_SUMS);
}

/* Where NAME is, or would be put in. */
static size_t place_of(const struct manifest *manifest, const char *name, bool *ret_there)
{
	size_t low = 0, high = manifest->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(manifest->files[middle].name, name);

		if (order == 0) {
			*ret_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_there = false;
	return low;
}

const struct manifest_file *manifest_find(const struct manifest *manifest, const char *name)
{
	bool there;
	size_t at = place_of(manifest, name, &there);

	return there ? &manifest->files[at] : NULL;
}

/* "keys" cannot be a file and the folder of "keys/x". */
static bool is_folder_of_another(const struct manifest *manifest, const char *name)
{
	for (size_t i = 0; i < manifest->count; i++) {
		const char *other = manifest->files[i].name;

		if ((begins(other, name) && other[strlen(name)] == '/') ||
		    (begins(name, other) && name[strlen(other)] == '/'))
			return true;
	}
	return false;
}

int manifest_add(struct manifest *manifest, const char *name, const unsigned char digest[DIGEST_BYTES], struct err *err)
{
	struct manifest_file *grown;
	bool there;
	size_t at;

	if (!is_listable(name))
		return err_set(err, ERR_DATA, "'%s' cannot be the name of a file on a medium", QUOTE(name));
	at = place_of(manifest, name, &there);
	if (there)
		return err_set(err, ERR_DATA, "'%s' is there twice", name);
	if (is_folder_of_another(manifest, name))
		return err_set(err, ERR_DATA, "'%s' is a file and a folder, or lies in a file", name);
	if (manifest->count == MEDIUM_FILES_MAX)
		return err_set(err, ERR_DATA, "there are more than %d files", MEDIUM_FILES_MAX);
	grown = reallocarray(manifest->files, manifest->count + 1, sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	manifest->files = grown;
	memmove(grown + at + 1, grown + at, (manifest->count - at) * sizeof(*grown));
	manifest->count++;
	memset(&grown[at], 0, sizeof(grown[at]));
	memcpy(grown[at].name, name, strlen(name));
	memcpy(grown[at].digest, digest, DIGEST_BYTES);
	return 0;
}

int manifest_format(const struct manifest *manifest, struct buf *out)
{
	int r = buf_printf(out, MEDIUM_MAGIC "%s %" PRIu64 " %s\n", manifest->host_id, manifest->sequence,
			   manifest->statement);

	for (size_t i = 0; r == 0 && i < manifest->count; i++) {
		char hex[DIGEST_HEX];

		digest_hex(manifest->files[i].digest, hex);
		r = buf_printf(out, "%s  %s\n", hex, manifest->files[i].name);
	}
	return r;
}

/* ---- reading ---- */

/* Takes LEN bytes and the byte END behind them off the front. */
static bool take(struct bytes *line, size_t len, char end, char *ret_text)
{
	if (line->len <= len || line->data[len] != (unsigned char)end)
		return false;
	memcpy(ret_text, line->data, len);
	ret_text[len] = '\0';
	*line = (struct bytes){ line->data + len + 1, line->len - len - 1 };
	return true;
}

/* A decimal number from 1 to 4294967295 as statements have it, without leading zeros. */
static bool take_sequence(struct bytes *line, uint64_t *ret_sequence)
{
	const unsigned char *space = memchr(line->data, ' ', line->len);
	size_t len = space ? (size_t)(space - line->data) : 0;
	char text[SEQUENCE_DIGITS + 1];
	uint64_t number = 0;

	if (len == 0 || len > SEQUENCE_DIGITS || line->data[0] == '0' || !take(line, len, ' ', text) ||
	    strspn(text, "0123456789") != len)
		return false;
	for (size_t i = 0; i < len; i++)
		number = number * 10 + (unsigned)(text[i] - '0');
	*ret_sequence = number;
	return number <= UINT32_MAX;
}

/* LINE has its newline still. */
static bool parse_head(struct bytes line, struct manifest *manifest)
{
	const size_t magic = sizeof(MEDIUM_MAGIC) - 1;
	unsigned char hash[HASH_BYTES];

	if (line.len < magic || memcmp(line.data, MEDIUM_MAGIC, magic) != 0)
		return false;
	line = (struct bytes){ line.data + magic, line.len - magic };
	return take(&line, HOST_ID_HEX, ' ', manifest->host_id) &&
	       strspn(manifest->host_id, "0123456789abcdef") == HOST_ID_HEX &&
	       take_sequence(&line, &manifest->sequence) && take(&line, HASH_LEN, '\n', manifest->statement) &&
	       hash_parse(manifest->statement, hash);
}

static unsigned nibble(char digit)
{
	return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static int parse_file(struct bytes line, struct manifest *manifest, struct err *err)
{
	unsigned char digest[DIGEST_BYTES];
	char hex[DIGEST_HEX], name[MEDIUM_NAME_MAX + 1], space[1];
	size_t name_len;

	if (!take(&line, HEX_LEN, ' ', hex) || strspn(hex, "0123456789abcdef") != HEX_LEN ||
	    !take(&line, 0, ' ', space) || line.len < 2)
		return err_set(err, ERR_DATA, "64 hex digits, two spaces and a name were expected");
	name_len = line.len - 1;
	if (name_len > MEDIUM_NAME_MAX || !take(&line, name_len, '\n', name))
		return err_set(err, ERR_DATA, "the name is too long");
	if (strlen(name) != name_len)
		return err_set(err, ERR_DATA, "there is a NUL in the name");
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		digest[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
	/* what comes behind must sort behind: so the text has one form, and nothing is there twice */
	if (manifest->count && strcmp(manifest->files[manifest->count - 1].name, name) >= 0)
		return err_set(err, ERR_DATA, "'%s' is out of order, or there twice", QUOTE(name));
	return manifest_add(manifest, name, digest, err);
}

int manifest_parse(const char *text, size_t len, struct manifest *ret_manifest, struct err *err)
{
	CLEANUP(manifest_done) struct manifest manifest = MANIFEST_INIT;
	struct bytes rest = { (const unsigned char *)text, len };

	for (unsigned number = 1; rest.len || number == 1; number++) {
		const unsigned char *newline = rest.len ? memchr(rest.data, '\n', rest.len) : NULL;
		struct bytes line = { rest.data, newline ? (size_t)(newline + 1 - rest.data) : rest.len };
		int r = 0;

		if (number == 1 && (!newline || !parse_head(line, &manifest)))
			r = err_set(err, ERR_DATA, "'" MEDIUM_MAGIC "HOST-ID SEQUENCE HASH' was expected");
		else if (!newline)
			r = err_set(err, ERR_DATA, "the line has no end");
		else if (number > 1)
			r = parse_file(line, &manifest, err);
		if (r < 0)
			return err_wrap(err, r, "line %u", number);
		rest = (struct bytes){ rest.data + line.len, rest.len - line.len };
	}
	*ret_manifest = manifest;
	manifest = MANIFEST_INIT;
	return 0;
}

int manifest_sign(const struct manifest *manifest, struct bytes text, const struct secret_key *key, struct buf *out,
		  struct err *err)
{
	char comment[128];

	(void)snprintf(comment, sizeof(comment), "tallystick-medium %s %llu", manifest->host_id,
		       (unsigned long long)manifest->sequence);
	return signature_make(key, text.data, text.len, "signature of a tallystick medium", comment, out, err);
}
