/*
 * baseline.c - opening a baseline and judging its signatures; policy and mounts of its generations.
 *
 * Not for entries: baseline_tree.c. Not for writing: writer.c.
 */
#include "store/baseline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "store/inner.h"
#include "store/schema.h"

void baseline_freep(struct baseline **baseline)
{
	if (*baseline) {
		generations_done(&(*baseline)->generations);
		db_finalizep(&(*baseline)->find);
		buf_done(&(*baseline)->find_space);
		db_closep(&(*baseline)->db);
		fd_closep(&(*baseline)->fd);
		free((*baseline)->name);
	}
	free(*baseline);
	*baseline = NULL;
}

/* Baselines are never written in place, so a journal is not ours: it would change what is read. */
static int refuse_journals(int dirfd, const char *name, struct err *err)
{
	static const char *const suffixes[] = { "-journal", "-wal", "-shm" };

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		CLEANUP(freep) char *beside = NULL;
		struct stat status;

		if (asprintf(&beside, "%s%s", name, suffixes[i]) < 0) {
			beside = NULL;
			return err_nomem(err);
		}
		if (fstatat(dirfd, beside, &status, AT_SYMLINK_NOFOLLOW) == 0)
			return err_set(err, ERR_DATA, "cannot believe baseline '%s': '%s' lies beside it", QUOTE(name),
				       QUOTE(beside));
		if (errno != ENOENT && errno != ENAMETOOLONG)
			return err_errno(err, errno, "cannot look for '%s'", QUOTE(beside));
	}
	return 0;
}

static int check_kind(const struct stat *status, const char *name, struct err *err)
{
	if (S_ISLNK(status->st_mode))
		return err_set(err, ERR_DATA, "'%s' is a symbolic link, not a baseline", QUOTE(name));
	if (!S_ISREG(status->st_mode))
		return err_set(err, ERR_DATA, "'%s' is not a regular file, so not a baseline", QUOTE(name));
	return 0;
}

int baseline_open_file(int dirfd, const char *name, int *ret_fd, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	struct stat status;
	int r;

	/* looked at first: opening a device can act on it */
	if (fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, errno, "cannot open baseline '%s'", QUOTE(name));
	r = check_kind(&status, name, err);
	if (r < 0)
		return r;
	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_errno(err, errno, "cannot open baseline '%s'", QUOTE(name));
	if (fstat(fd, &status) < 0)
		return err_errno(err, errno, "cannot open baseline '%s'", QUOTE(name));
	r = check_kind(&status, name, err);
	if (r < 0)
		return r;
	r = refuse_journals(dirfd, name, err);
	if (r < 0)
		return r;
	*ret_fd = STEAL_FD(fd);
	return 0;
}

int baseline_open_fd(int fd, const char *name, struct baseline **ret_baseline, struct err *err)
{
	CLEANUP(baseline_freep) struct baseline *baseline = calloc(1, sizeof(*baseline));
	const struct policy_file *files, *resolved;
	const struct mount *mounts;
	size_t count;
	int r;

	if (!baseline) {
		fd_closep(&fd);
		return err_nomem(err);
	}
	baseline->fd = fd;
	baseline->name = strdup(name);
	if (!baseline->name)
		return err_nomem(err);
	r = schema_check_header(fd, name, err);
	if (r < 0)
		return r;
	r = db_open(fd, name, &baseline->db, err);
	if (r < 0)
		return r;
	r = schema_check(baseline->db, name, err);
	if (r < 0)
		return r;
	r = generations_load(baseline->db, name, &baseline->generations, err);
	if (r < 0)
		return r;
	r = baseline_policy(baseline, 0, &files, &count, &resolved, err);
	if (r < 0)
		return r;
	r = baseline_mounts(baseline, 0, &mounts, &count, err);
	if (r < 0)
		return r;
	*ret_baseline = STEAL(baseline);
	return 0;
}

int baseline_open(int dirfd, const char *name, struct baseline **ret_baseline, struct err *err)
{
	int fd = -1;
	int r = baseline_open_file(dirfd, name, &fd, err);

	return r < 0 ? r : baseline_open_fd(fd, name, ret_baseline, err);
}

/* --- signatures --- */

int baseline_verify(struct baseline *baseline, const struct trust *trust, uint64_t sequence,
		    struct trust_verdict *ret_verdict, struct err *err)
{
	const struct generation *chosen = baseline_generation(baseline, sequence);
	int r;

	if (!chosen)
		return baseline_lacks(baseline, sequence, err);
	for (size_t i = 0; i < baseline->generations.count; i++) {
		const struct generation *other = &baseline->generations.list[i];

		for (size_t j = 0; other != chosen && j < other->signature_count; j++) {
			r = trust_refuse_forged(trust, other->text, other->text_len, &other->signatures[j], err);
			if (r < 0)
				return err_wrap(err, r, "baseline '%s', generation %llu", QUOTE(baseline->name),
						(unsigned long long)other->statement.sequence);
		}
	}
	r = trust_judge(trust, chosen->text, chosen->text_len, chosen->signatures, chosen->signature_count, ret_verdict,
			err);
	return r < 0 ? err_wrap(err, r, "baseline '%s', generation %llu", QUOTE(baseline->name),
				(unsigned long long)chosen->statement.sequence)
		     : r;
}

/* --- what was loaded --- */

struct generation *baseline_generation(const struct baseline *baseline, uint64_t sequence)
{
	return generations_find(&baseline->generations, sequence ? sequence : baseline_newest(baseline));
}

int baseline_lacks(const struct baseline *baseline, uint64_t sequence, struct err *err)
{
	return err_set(err, ERR_USAGE, "baseline '%s' has no generation %llu: it holds generations %llu to %llu",
		       QUOTE(baseline->name), (unsigned long long)sequence,
		       (unsigned long long)baseline_oldest(baseline), (unsigned long long)baseline_newest(baseline));
}

uint64_t baseline_newest(const struct baseline *baseline)
{
	return generations_newest(&baseline->generations);
}

uint64_t baseline_oldest(const struct baseline *baseline)
{
	return generations_oldest(&baseline->generations);
}

const struct statement *baseline_statement(const struct baseline *baseline, uint64_t sequence)
{
	const struct generation *generation = baseline_generation(baseline, sequence);

	return generation ? &generation->statement : NULL;
}

const char *baseline_statement_text(const struct baseline *baseline, uint64_t sequence)
{
	const struct generation *generation = baseline_generation(baseline, sequence);

	return generation ? generation->text : NULL;
}

size_t baseline_signatures(const struct baseline *baseline, uint64_t sequence, const struct signature_text **ret_texts)
{
	const struct generation *generation = baseline_generation(baseline, sequence);

	*ret_texts = generation ? generation->signatures : NULL;
	return generation ? generation->signature_count : 0;
}

const char *baseline_reason(const struct baseline *baseline, uint64_t sequence)
{
	const struct generation *generation = baseline_generation(baseline, sequence);

	return generation ? generation->reason : NULL;
}

static int find(const struct baseline *baseline, uint64_t sequence, struct generation **ret_generation, struct err *err)
{
	struct generation *generation = baseline_generation(baseline, sequence);

	if (!generation)
		return baseline_lacks(baseline, sequence, err);
	*ret_generation = generation;
	return 0;
}

static int wrong_hash(const struct baseline *baseline, const struct generation *generation, const char *what,
		      struct err *err)
{
	return err_set(err, ERR_UNTRUSTED, "baseline '%s', generation %llu: the %s is not the one that was signed",
		       QUOTE(baseline->name), (unsigned long long)generation->statement.sequence, what);
}

int baseline_policy(struct baseline *baseline, uint64_t sequence, const struct policy_file **ret_files,
		    size_t *ret_count, const struct policy_file **ret_resolved, struct err *err)
{
	struct generation *generation = NULL;
	char hash[HASH_TEXT];
	int r;

	r = find(baseline, sequence, &generation, err);
	if (r < 0)
		return r;
	if (!generation->has_policy) {
		CLEANUP(set_policy_done) struct set_policy policy = { .files = NULL };
		uint64_t at = generations_policy_at(&baseline->generations, generation->statement.sequence);

		r = set_policy_load(baseline->db, baseline->name, at, &policy, err);
		if (r < 0)
			return r;
		set_policy_hash(&policy.files[0], &policy.files[1], policy.count - 1, hash);
		if (strcmp(hash, generation->statement.policy) != 0)
			return wrong_hash(baseline, generation, "policy", err);
		generation->policy = policy;
		generation->has_policy = true;
		policy = (struct set_policy){ .files = NULL };
	}
	*ret_resolved = &generation->policy.files[0];
	*ret_files = &generation->policy.files[1];
	*ret_count = generation->policy.count - 1;
	return 0;
}

int baseline_mounts(struct baseline *baseline, uint64_t sequence, const struct mount **ret_mounts, size_t *ret_count,
		    struct err *err)
{
	struct generation *generation = NULL;
	char hash[HASH_TEXT];
	int r;

	r = find(baseline, sequence, &generation, err);
	if (r < 0)
		return r;
	if (!generation->has_mounts) {
		CLEANUP(set_mounts_done) struct set_mounts mounts = { .mounts = NULL };
		uint64_t at = generations_mounts_at(&baseline->generations, generation->statement.sequence);

		r = set_mounts_load(baseline->db, baseline->name, at, &mounts, err);
		if (r < 0)
			return r;
		set_mounts_hash(mounts.mounts, mounts.count, hash);
		if (strcmp(hash, generation->statement.mounts) != 0)
			return wrong_hash(baseline, generation, "mount table", err);
		generation->mounts = mounts;
		generation->has_mounts = true;
		mounts = (struct set_mounts){ .mounts = NULL };
	}
	*ret_mounts = generation->mounts.mounts;
	*ret_count = generation->mounts.count;
	return 0;
}
