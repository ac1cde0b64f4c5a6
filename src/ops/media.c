/* media.c - see media.h. */
#include "ops/media.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "ops/reference.h"
#include "sys/file.h"

bool media_is(const char *named)
{
	struct err ignored;

	if (medium_path(named) == named && baseline_file(named) != named)
		return false;
	return medium_is(named, &ignored) > 0;
}

bool media_in(const char *folder)
{
	char magic[sizeof(MEDIUM_MAGIC) - 1];
	CLEANUP(fd_closep) int dirfd = sys_open_dir(AT_FDCWD, folder);
	CLEANUP(fd_closep) int fd = dirfd < 0 ? -1 : sys_open_file(dirfd, MEDIUM_SUMS, false);

	return fd >= 0 && pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
	       memcmp(magic, MEDIUM_MAGIC, sizeof(magic)) == 0;
}

static int refuse_other(const char *what, struct err *err)
{
	return err_set(err, ERR_UNTRUSTED, "%s is not that of " MEDIUM_BASELINE, what);
}

static int compare_list(const struct manifest *manifest, const struct baseline *baseline, struct err *err)
{
	const struct statement *statement = baseline_statement(baseline, 0);
	const char *text = baseline_statement_text(baseline, 0);
	char hash[HASH_TEXT];

	if (baseline_oldest(baseline) != baseline_newest(baseline))
		return err_set(err, ERR_UNTRUSTED, "'" MEDIUM_BASELINE "' holds more generations than one");
	statement_hash(text, strlen(text), hash);
	if (strcmp(manifest->host_id, statement->host_id) != 0)
		return refuse_other("the host-id in '" MEDIUM_SUMS "'", err);
	if (manifest->sequence != statement->sequence)
		return refuse_other("the sequence in '" MEDIUM_SUMS "'", err);
	if (strcmp(manifest->statement, hash) != 0)
		return refuse_other("the statement hash in '" MEDIUM_SUMS "'", err);
	return 0;
}

static int compare_text(const struct medium *medium, const char *name, const void *data, size_t len, struct err *err)
{
	struct bytes text;

	if (!medium_text(medium, name, &text))
		return err_set(err, ERR_UNTRUSTED, "it has no '%s'", name);
	if (!bytes_equal(text, (struct bytes){ data, len }))
		return err_set(err, ERR_UNTRUSTED, "'%s' is not what " MEDIUM_BASELINE " holds", name);
	return 0;
}

static void signature_name(const struct signature *signature, char name[MEDIUM_NAME_MAX + 1])
{
	char id[KEY_ID_HEX];

	key_id_hex(signature->key_id, id);
	(void)snprintf(name, MEDIUM_NAME_MAX + 1, MEDIUM_STATEMENT ".%s" MEDIUM_SIGNATURE_END, id);
}

struct signature_names {
	char names[TRUST_SIGNATURES_MAX][MEDIUM_NAME_MAX + 1];
	size_t count;
};

static bool is_named(const struct signature_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->names[i], name) == 0)
			return true;
	return false;
}

/* Each signature is a file beside statement.txt, and each file there is one. */
static int compare_signatures(const struct medium *medium, const struct baseline *baseline, struct err *err)
{
	static const char before[] = MEDIUM_STATEMENT ".";
	const struct manifest *manifest = medium_manifest(medium);
	struct signature_names names = { .count = 0 };
	const struct signature_text *texts;
	size_t count = baseline_signatures(baseline, 0, &texts);

	for (size_t i = 0; i < count && i < TRUST_SIGNATURES_MAX; i++) {
		char *name = names.names[names.count++];
		struct signature signature;
		int r = signature_parse(texts[i].text, texts[i].len, &signature, err);

		if (r < 0)
			return err_wrap(err, r, "'" MEDIUM_BASELINE "'");
		signature_name(&signature, name);
		r = compare_text(medium, name, texts[i].text, texts[i].len, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < manifest->count; i++) {
		const char *name = manifest->files[i].name;

		if (strlen(name) > sizeof(before) - 1 && memcmp(name, before, sizeof(before) - 1) == 0 &&
		    !is_named(&names, name))
			return err_set(err, ERR_UNTRUSTED, "'%s' is no signature that " MEDIUM_BASELINE " holds", name);
	}
	return 0;
}

static int compare(const struct medium *medium, struct baseline *baseline, struct err *err)
{
	const char *statement = baseline_statement_text(baseline, 0);
	const struct policy_file *files, *resolved;
	size_t count;
	int r;

	r = compare_list(medium_manifest(medium), baseline, err);
	if (r >= 0)
		r = compare_text(medium, MEDIUM_STATEMENT, statement, strlen(statement), err);
	if (r >= 0)
		r = compare_signatures(medium, baseline, err);
	if (r >= 0)
		r = baseline_policy(baseline, 0, &files, &count, &resolved, err);
	return r < 0 ? r : compare_text(medium, MEDIUM_POLICY, resolved->text, resolved->len, err);
}

int media_open(const char *named, const struct trust *trust, const atomic_bool *interrupted, struct medium **ret_medium,
	       struct baseline **ret_baseline, struct err *err)
{
	CLEANUP(medium_freep) struct medium *medium = NULL;
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	int fd, r;

	r = medium_open(named, trust, interrupted, &medium, err);
	if (r < 0)
		return r;
	fd = fcntl(medium_baseline_fd(medium), F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return err_errno_as(err, ERR_INTERNAL, errno, "cannot use the baseline of a medium");
	r = baseline_open_fd(fd, MEDIUM_BASELINE, &baseline, err);
	if (r >= 0)
		r = compare(medium, baseline, err);
	if (r == ERR_DATA) /* signed by a trusted key, and malformed all the same: nothing to be believed */
		r = err->code = ERR_UNTRUSTED;
	if (r < 0)
		return err_wrap(err, r, "medium '%s'", QUOTE(medium_path(named)));
	*ret_medium = STEAL(medium);
	*ret_baseline = STEAL(baseline);
	return 0;
}

/* Whoever takes a key from there takes it by its name there: nothing else is asked for on the host. */
static bool has_name(const struct trusted_key *key, const char *id)
{
	const char *slash = strrchr(key->name, '/');
	const char *name = slash ? slash + 1 : key->name;

	return strlen(name) > KEY_ID_HEX - 1 && memcmp(name, id, KEY_ID_HEX - 1) == 0 &&
	       strcmp(name + KEY_ID_HEX - 1, ".pub") == 0;
}

int media_refuse_beside(const char *file, const struct trust *trust, struct err *err)
{
	const char *slash = strrchr(file, '/');

	for (size_t i = 0; i < trust->count; i++) {
		CLEANUP(buf_done) struct buf name = BUF_INIT;
		const struct trusted_key *key = &trust->keys[i];
		char id[KEY_ID_HEX];
		struct stat status;

		key_id_hex(key->key.id, id);
		if (!has_name(key, id))
			continue;
		(void)buf_printf(&name, "%.*s" MEDIUM_KEYS "/%s.pub", slash ? (int)(slash + 1 - file) : 0, file, id);
		if (!buf_str(&name))
			return err_nomem(err);
		if (stat((char *)name.data, &status) == 0 && status.st_dev == key->device &&
		    status.st_ino == key->inode)
			return medium_refuse_key(key, err);
	}
	return 0;
}
