/*
 * medium.c - see medium.h.
 *
 * Order of belief: the shape of what holds the files, the signatures over the list, the list, then each file by its digest;
 * the baseline of an image is copied into memory behind all that.
 */
#include "medium/medium.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "medium/medium_inner.h"
#include "store/baseline.h"

static const char prefix[] = "medium:";

enum { KEPT_BYTES_MAX = 4 * MEDIUM_SMALL_MAX, IMAGE_MAGIC_AT = 16 * 2048 + 1, IMAGE_MAGIC_LEN = 5 };

const char *medium_path(const char *what)
{
	const size_t len = sizeof(prefix) - 1;

	return strlen(what) > len && memcmp(what, prefix, len) == 0 ? what + len : what;
}

int medium_is(const char *what, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	char magic[IMAGE_MAGIC_LEN];
	struct stat status;

	if (medium_path(what) != what)
		return 1;
	if (stat(what, &status) < 0)
		return err_errno(err, errno, "cannot open '%s'", QUOTE(what));
	if (S_ISDIR(status.st_mode))
		return 1;
	if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
		return 0;
	fd = open(what, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_errno(err, errno, "cannot open '%s'", QUOTE(what));
	return pread(fd, magic, sizeof(magic), IMAGE_MAGIC_AT) == IMAGE_MAGIC_LEN &&
	       memcmp(magic, "CD001", sizeof(magic)) == 0;
}

void medium_freep(struct medium **medium)
{
	if (*medium) {
		for (size_t i = 0; (*medium)->kept && i < (*medium)->source.count; i++)
			buf_done(&(*medium)->kept[i].text);
		free((*medium)->kept);
		trust_verdict_done(&(*medium)->verdict);
		manifest_done(&(*medium)->manifest);
		source_done(&(*medium)->source);
		fd_closep(&(*medium)->baseline_fd);
	}
	free(*medium);
	*medium = NULL;
}

const struct manifest *medium_manifest(const struct medium *medium)
{
	return &medium->manifest;
}

const struct trust_verdict *medium_verdict(const struct medium *medium)
{
	return &medium->verdict;
}

int medium_baseline_fd(const struct medium *medium)
{
	return medium->baseline_fd;
}

bool medium_is_image(const struct medium *medium)
{
	return medium->source.image;
}

void medium_size(const struct medium *medium, uint64_t *ret_files, uint64_t *ret_bytes)
{
	*ret_files = medium->source.count;
	*ret_bytes = 0;
	for (size_t i = 0; i < medium->source.count; i++)
		*ret_bytes += medium->source.files[i].size;
}

bool medium_text(const struct medium *medium, const char *name, struct bytes *ret_text)
{
	const struct source_file *file = source_find(&medium->source, name);
	const struct medium_kept *kept = file ? &medium->kept[file - medium->source.files] : NULL;

	if (!kept || !kept->whole)
		return false;
	*ret_text = (struct bytes){ kept->text.data, kept->text.len };
	return true;
}

/* ---- reading one file ---- */

static bool is_large(const char *name)
{
	static const char *const large[] = { MEDIUM_BASELINE, MEDIUM_SHA256, MEDIUM_MTREE, MEDIUM_BODYFILE };
	static const char tools[] = MEDIUM_TOOLS "/";

	for (size_t i = 0; i < ARRAY_SIZE(large); i++)
		if (strcmp(name, large[i]) == 0)
			return true;
	return strlen(name) > sizeof(tools) - 1 && memcmp(name, tools, sizeof(tools) - 1) == 0;
}

struct piece_sink {
	struct digest_state digest;
	struct buf *text; /* NULL: not kept */
	int copy; /* -1: not copied */
	const char *name;
};

static int on_piece(void *context, const void *data, size_t len, struct err *err)
{
	struct piece_sink *sink = context;

	digest_update(&sink->digest, data, len);
	if (sink->text && buf_add(sink->text, data, len) < 0)
		return err_nomem(err);
	return sink->copy >= 0 ? fd_write_all(sink->copy, data, len, sink->name, err) : 0;
}

int medium_read(struct medium *medium, size_t at, unsigned char ret_digest[DIGEST_BYTES], struct err *err)
{
	const struct source_file *file = &medium->source.files[at];
	const bool baseline = strcmp(file->name, MEDIUM_BASELINE) == 0;
	struct piece_sink sink = { .copy = -1, .name = file->name };
	int r;

	if (!is_large(file->name)) {
		sink.text = &medium->kept[at].text;
		if (file->size > MEDIUM_SMALL_MAX || file->size + medium->kept_bytes > KEPT_BYTES_MAX)
			return err_set(err, ERR_UNTRUSTED, "'%s' is larger than such a file may be", file->name);
		medium->kept_bytes += (size_t)file->size;
	}
	digest_init(&sink.digest);
	r = source_read(&medium->source, file, on_piece, &sink, medium->interrupted,
			baseline && !medium->source.image ? &medium->baseline_fd : NULL, err);
	if (r < 0)
		return r;
	digest_final(&sink.digest, ret_digest);
	medium->kept[at].whole = sink.text != NULL;
	return 0;
}

/* Of an image: once more, and into memory this time. LISTED says how it was, and must still be. */
static int hold_baseline(struct medium *medium, const struct manifest_file *listed, struct err *err)
{
	const struct source_file *file = source_find(&medium->source, listed->name);
	CLEANUP(fd_closep) int copy = memfd_create(MEDIUM_BASELINE, MFD_CLOEXEC);
	struct piece_sink sink = { .copy = copy, .name = listed->name };
	unsigned char digest[DIGEST_BYTES];
	int r;

	if (copy < 0 || !file)
		return err_errno_as(err, ERR_INTERNAL, errno, "cannot hold '%s' in memory", listed->name);
	digest_init(&sink.digest);
	r = source_read(&medium->source, file, on_piece, &sink, medium->interrupted, NULL, err);
	if (r < 0)
		return r;
	digest_final(&sink.digest, digest);
	if (!digest_equal(digest, listed->digest))
		return err_set(err, ERR_UNTRUSTED, "'%s' changed while it was read", listed->name);
	medium->baseline_fd = STEAL_FD(copy);
	return 0;
}

/* ---- the whole ---- */

/* No file more or less than the list, the list itself, and what signs it. Both are in order. */
static int compare_names(const struct medium *medium, struct err *err)
{
	const struct manifest *manifest = &medium->manifest;
	size_t listed = 0;

	for (size_t i = 0; i < medium->source.count; i++) {
		const char *name = medium->source.files[i].name;
		int order;

		if (medium_sums_is(name))
			continue;
		order = listed < manifest->count ? strcmp(manifest->files[listed].name, name) : 1;
		if (order < 0)
			break;
		if (order > 0)
			return err_set(err, ERR_UNTRUSTED,
				       "'%s' is one file too many: " MEDIUM_SUMS " does not list it", name);
		listed++;
	}
	if (listed < manifest->count)
		return err_set(err, ERR_UNTRUSTED, "'%s' is missing", manifest->files[listed].name);
	return 0;
}

static int compare_contents(struct medium *medium, struct err *err)
{
	for (size_t i = 0; i < medium->source.count; i++) {
		const char *name = medium->source.files[i].name;
		const struct manifest_file *listed = manifest_find(&medium->manifest, name);
		unsigned char digest[DIGEST_BYTES];
		int r;

		if (!listed)
			continue;
		r = medium_read(medium, i, digest, err);
		if (r < 0)
			return r;
		if (!digest_equal(digest, listed->digest))
			return err_set(err, ERR_UNTRUSTED, "'%s' is not as " MEDIUM_SUMS " says: its digest is another",
				       name);
	}
	return manifest_find(&medium->manifest, MEDIUM_BASELINE)
		       ? 0
		       : err_set(err, ERR_UNTRUSTED, "it has no '" MEDIUM_BASELINE "'");
}

static int prove_keys(const struct medium *medium, struct err *err)
{
	static const char folder[] = MEDIUM_KEYS "/";

	for (size_t i = 0; i < medium->source.count; i++) {
		const char *name = medium->source.files[i].name;
		char id[KEY_ID_HEX], want[MEDIUM_NAME_MAX + 1];
		struct public_key key;
		struct bytes text;
		int r;

		if (strlen(name) < sizeof(folder) || memcmp(name, folder, sizeof(folder) - 1) != 0 ||
		    !medium_text(medium, name, &text))
			continue;
		r = public_key_parse((const char *)text.data, text.len, &key, err);
		if (r < 0)
			return err_wrap(err, r, "'%s'", name);
		key_id_hex(key.id, id);
		(void)snprintf(want, sizeof(want), "%s%s.pub", folder, id);
		if (strcmp(name, want) != 0)
			return err_set(err, ERR_UNTRUSTED, "'%s' holds key %s", name, id);
	}
	return 0;
}

/* The date is in no list; it is the statement's. */
static int prove_date(const struct medium *medium, struct err *err)
{
	struct statement statement;
	struct bytes text;
	int r;

	if (!medium_text(medium, MEDIUM_STATEMENT, &text))
		return err_set(err, ERR_UNTRUSTED, "it has no '" MEDIUM_STATEMENT "'");
	r = statement_parse((const char *)text.data, text.len, &statement, err);
	if (r < 0)
		return err_wrap(err, r, "'" MEDIUM_STATEMENT "'");
	if (medium->source.image && medium->source.date != statement.created.sec)
		return err_set(err, ERR_UNTRUSTED, "the date in the image is not that of '" MEDIUM_STATEMENT "'");
	return 0;
}

int medium_refuse_key(const struct trusted_key *key, struct err *err)
{
	return err_set(err, ERR_USAGE,
		       "the key '%s' lies on the medium itself, so it proves nothing about it: name one brought from "
		       "elsewhere "
		       "(the host's, the operator's), or a copy whose fingerprint is the one on paper",
		       QUOTE(key->name));
}

static int refuse_own_keys(const struct medium *medium, const struct trust *trust, struct err *err)
{
	for (size_t i = 0; i < trust->count; i++) {
		const struct trusted_key *key = &trust->keys[i];

		if ((key->device || key->inode) && source_holds(&medium->source, key->device, key->inode))
			return medium_refuse_key(key, err);
	}
	return 0;
}

static int prove(struct medium *medium, const struct trust *trust, struct err *err)
{
	int r = refuse_own_keys(medium, trust, err);

	if (r >= 0)
		r = medium_sums_open(medium, trust, err);
	if (r >= 0)
		r = compare_names(medium, err);
	if (r >= 0)
		r = compare_contents(medium, err);
	if (r >= 0)
		r = prove_keys(medium, err);
	if (r >= 0)
		r = medium_sums_prove(medium, err);
	if (r >= 0)
		r = prove_date(medium, err);
	/* only what is proved may take memory: its size is whatever an image says */
	if (r >= 0 && medium->source.image)
		r = hold_baseline(medium, manifest_find(&medium->manifest, MEDIUM_BASELINE), err);
	return r;
}

int medium_open(const char *what, const struct trust *trust, const atomic_bool *interrupted, struct medium **ret_medium,
		struct err *err)
{
	CLEANUP(medium_freep) struct medium *medium = calloc(1, sizeof(*medium));
	const char *path = medium_path(what);
	int r;

	if (!medium)
		return err_nomem(err);
	medium->baseline_fd = -1;
	medium->interrupted = interrupted;
	medium->source = SOURCE_INIT;
	r = source_open(path, &medium->source, err);
	if (r < 0)
		return err_wrap(err, r, "medium '%s'", QUOTE(path));
	medium->kept = calloc(medium->source.count + 1, sizeof(*medium->kept));
	if (!medium->kept)
		return err_nomem(err);
	r = prove(medium, trust, err);
	if (r == ERR_DATA) /* what is malformed in it is wrong with the medium, whatever it is */
		r = err->code = ERR_UNTRUSTED;
	if (r < 0)
		return err_wrap(err, r, "medium '%s'", QUOTE(path));
	*ret_medium = STEAL(medium);
	return 0;
}
