/*
 * scan_fixture.h - a temporary tree to scan, and what a scan of it delivered. For test_scan_*.c only.
 */
#ifndef SCAN_FIXTURE_H
#define SCAN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "scan/scan.h"
#include "scan/scan_private.h"

struct fixture {
	char dir[64]; /* the tree's root */
	int fd; /* of it */
	struct policy *policy;
	struct sys_mounts mounts;
};

struct got {
	struct entry_copy *a, *b; /* one may be NULL */
};

struct result {
	struct got *rows;
	size_t count, capacity;
	int r; /* what the last pairs_next() said */
	struct err err;
	uint64_t examined, files_read, bytes_read, skipped, unexamined, excluded, mounts_skipped;
};

static inline void set_policy(struct fixture *fixture, const char *yaml)
{
	struct policy_source source = { "policy.yaml", (const unsigned char *)yaml, strlen(yaml) };
	struct err err = ERR_INIT;

	policy_freep(&fixture->policy);
	if (policy_parse(&source, 1, &fixture->policy, &err) < 0)
		fail_msg("policy: %s", err.message);
}

static inline int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct err err = ERR_INIT;

	assert_non_null(fixture);
	(void)snprintf(fixture->dir, sizeof(fixture->dir), "%s", "/tmp/tally-scan-XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	fixture->fd = open(fixture->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fixture->fd >= 0);
	set_policy(fixture, "version: 1\nrules:\n  - path: /\n");
	if (sys_mounts_load(NULL, &fixture->mounts, &err) < 0)
		fail_msg("mounts: %s", err.message);
	*state = fixture;
	return 0;
}

/* By descriptors, since paths may be longer than PATH_MAX; rm does so. */
static inline void remove_tree(const char *dir)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)execlp("rm", "rm", "-rf", "--", dir, (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	(void)close(fixture->fd);
	remove_tree(fixture->dir);
	policy_freep(&fixture->policy);
	sys_mounts_done(&fixture->mounts);
	free(fixture);
	return 0;
}

static inline void put_file(const struct fixture *fixture, const char *name, const char *content)
{
	int fd = openat(fixture->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(close(fd), 0);
}

static inline void put_dir(const struct fixture *fixture, const char *name)
{
	assert_int_equal(mkdirat(fixture->fd, name, 0755), 0);
}

static inline struct scan_options options_of(const struct fixture *fixture)
{
	return (struct scan_options){
		.root = fixture->dir, .policy = fixture->policy, .mounts = &fixture->mounts, .threads = 2
	};
}

static inline void collect_from(struct pairs *pairs, struct result *result)
{
	const struct scan_stats *stats;
	struct pair pair;

	while ((result->r = pairs_next(pairs, &pair, &result->err)) > 0) {
		struct got got = { NULL, NULL };
		struct err err = ERR_INIT;

		if (pair.b && entry_check(pair.b, &err) < 0)
			fail_msg("%s: %s", QUOTE_N(pair.b->path.data, pair.b->path.len), err.message);
		if (pair.b)
			assert_true(path_valid(pair.b->path));
		if (pair.a && pair.b)
			assert_true(bytes_equal(pair.a->path, pair.b->path));
		if (pair.a)
			assert_int_equal(entry_copy(pair.a, &got.a, &err), 0);
		if (pair.b)
			assert_int_equal(entry_copy(pair.b, &got.b, &err), 0);
		if (result->count == result->capacity) {
			result->capacity = result->capacity ? result->capacity * 2 : 256;
			result->rows = realloc(result->rows, result->capacity * sizeof(*result->rows));
			assert_non_null(result->rows);
		}
		result->rows[result->count++] = got;
	}
	stats = scan_stats(pairs);
	result->examined = stats->examined;
	result->files_read = stats->files_read;
	result->bytes_read = stats->bytes_read;
	result->skipped = stats->skipped;
	result->unexamined = stats->unexamined;
	result->excluded = stats->excluded;
	result->mounts_skipped = stats->mounts_skipped;
}

static inline struct bytes path_of(const struct got *got)
{
	return got->b ? got->b->entry.path : got->a->entry.path;
}

/* Every scan in these tests must come in strictly ascending order. */
static inline void check_order(const struct result *result)
{
	for (size_t i = 1; i < result->count; i++)
		if (path_compare(path_of(&result->rows[i - 1]), path_of(&result->rows[i])) >= 0)
			fail_msg("out of order: '%s'",
				 QUOTE_N(path_of(&result->rows[i]).data, path_of(&result->rows[i]).len));
}

static inline struct result collect(const struct scan_options *options)
{
	struct result result = { .rows = NULL };
	struct pairs *pairs = NULL;

	if (scan_new(options, &pairs, &result.err) < 0)
		fail_msg("scan: %s", result.err.message);
	collect_from(pairs, &result);
	pairs_freep(&pairs);
	check_order(&result);
	return result;
}

static inline struct result scan_all(const struct fixture *fixture)
{
	struct scan_options options = options_of(fixture);
	struct result result = collect(&options);

	if (result.r < 0)
		fail_msg("scan: %s", result.err.message);
	return result;
}

static inline void result_done(struct result *result)
{
	for (size_t i = 0; i < result->count; i++) {
		entry_copy_freep(&result->rows[i].a);
		entry_copy_freep(&result->rows[i].b);
	}
	free(result->rows);
}

/* The pair of that path, or NULL. */
static inline const struct got *got_at(const struct result *result, const char *path)
{
	for (size_t i = 0; i < result->count; i++)
		if (bytes_equal(path_of(&result->rows[i]), bytes_of(path)))
			return &result->rows[i];
	return NULL;
}

/* What is there now at that path; it must be. */
static inline const struct entry *entry_at(const struct result *result, const char *path)
{
	const struct got *got = got_at(result, path);

	if (!got || !got->b)
		fail_msg("no entry '%s'", QUOTE(path));
	return &got->b->entry;
}

static inline void assert_problem(const struct entry *entry, const char *text)
{
	if (!memmem(entry->problem.data ? entry->problem.data : (const unsigned char *)"", entry->problem.len, text,
		    strlen(text)))
		fail_msg("'%s' says '%.*s', not '%s'", QUOTE_N(entry->path.data, entry->path.len),
			 (int)entry->problem.len, (const char *)entry->problem.data, text);
}

static inline void assert_digest(const struct entry *entry, const char *content, size_t len)
{
	unsigned char digest[DIGEST_BYTES];
	struct digest_state state;

	digest_init(&state);
	digest_update(&state, content, len);
	digest_final(&state, digest);
	assert_true(entry->value & ATTR_BIT(ATTR_CONTENT));
	assert_int_equal(entry->digest_bytes, len);
	assert_memory_equal(entry->digest, digest, sizeof(digest));
}

/* A tree out of a result's entries, as a reference for another scan. */
struct replay {
	struct tree tree;
	const struct result *result;
	size_t at;
};

static inline int replay_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct replay *replay = (struct replay *)(void *)tree;

	(void)err;
	if (replay->at == replay->result->count)
		return 0;
	*ret_entry = &replay->result->rows[replay->at++].b->entry;
	return 1;
}

static inline struct replay replay_of(const struct result *result)
{
	return (struct replay){ .tree = { .kind = "test", .name = "test", .gives = ATTR_ALL, .next = replay_next },
				.result = result };
}

#endif
