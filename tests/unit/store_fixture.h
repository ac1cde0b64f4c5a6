/*
 * store_fixture.h - small baselines in a temporary directory, and everything that can be read of one as text.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/baseline.h"
#include "tree_fixture.h"

#define HOST_ID "00112233445566778899aabbccddeeff"
static const char fixture_name[] = "baseline.db";

struct fixture {
	char path[128]; /* of the directory */
	int dirfd;
	struct secret_key *host, *operator, * stranger;
	struct trust trust; /* host and operator */
};

static inline void must(int r, const struct err *err)
{
	if (r < 0)
		fail_msg("%d: %s", r, err->message);
}

static inline int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const char *tmp = getenv("TMPDIR");
	struct err err = ERR_INIT;

	assert_non_null(fixture);
	assert_true(sodium_init() >= 0);
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/tally-store-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(fixture->path));
	fixture->dirfd = open(fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fixture->dirfd >= 0);
	must(secret_key_generate(&fixture->host, &err), &err);
	must(secret_key_generate(&fixture->operator, & err), &err);
	must(secret_key_generate(&fixture->stranger, &err), &err);
	must(trust_add(&fixture->trust, secret_key_public(fixture->host), "host.pub", true, &err), &err);
	must(trust_add(&fixture->trust, secret_key_public(fixture->operator), "ops.pub", false, &err), &err);
	*state = fixture;
	return 0;
}

/* How many files there are; with REMOVE none is left. */
static inline unsigned fixture_files(const struct fixture *fixture, bool remove)
{
	DIR *dir = opendir(fixture->path);
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		if (remove && unlinkat(fixture->dirfd, entry->d_name, 0) < 0)
			(void)unlinkat(fixture->dirfd, entry->d_name, AT_REMOVEDIR);
	}
	(void)closedir(dir);
	return count;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	(void)fixture_files(fixture, true);
	(void)close(fixture->dirfd);
	(void)rmdir(fixture->path);
	trust_done(&fixture->trust);
	secret_key_freep(&fixture->host);
	secret_key_freep(&fixture->operator);
	secret_key_freep(&fixture->stranger);
	free(fixture);
	return 0;
}

static inline struct policy_file fixture_file(const char *name, const char *text)
{
	union {
		const char *in;
		char *out;
	} file = { name };
	union {
		const char *in;
		unsigned char *out;
	} content = { text };

	return (struct policy_file){ file.out, content.out, strlen(text) };
}

static inline void fixture_commit(const struct fixture *fixture, struct baseline_writer *writer, const char *reason,
				  const char *policy, struct statement *ret_statement)
{
	static const struct mount mounts[] = {
		{ { (const unsigned char *)"/", 1 }, { (const unsigned char *)"ext4", 4 }, { NULL, 0 } },
		{ { (const unsigned char *)"/boot", 5 },
		  { (const unsigned char *)"vfat", 4 },
		  { (const unsigned char *)"uuid:12-34", 10 } },
	};
	struct policy_file files[] = { fixture_file("policy.yaml", "version: 1\n"),
				       fixture_file("policy.d/10-x.yaml", "rules: []\n") };
	struct generation_info info = {
		.host = "host.example",
		.host_id = HOST_ID,
		.tool = "tally 0.1.0",
		.reason = reason,
		.created = { 1700000000, 0 },
		.policy_files = files,
		.policy_file_count = 2,
		.resolved = fixture_file("resolved", policy),
		.mounts = mounts,
		.mount_count = 2,
	};
	struct err err = ERR_INIT;

	must(baseline_writer_commit(writer, &info, fixture->host, ret_statement, &err), &err);
}

/* A random entry at PATH, a directory or not. */
static inline void fixture_at(struct random *random, const char *path, bool directory, struct fixture_entry *ret)
{
	do {
		fixture_random(random, ret);
	} while (ret->entry.xattr_count > 2); /* 64 KiB values are another test's */
	ret->entry.path = bytes_of(path);
	ret->entry.value |= ATTR_BIT(ATTR_TYPE);
	ret->entry.none &= ~ATTR_BIT(ATTR_TYPE);
	ret->entry.failed &= ~ATTR_BIT(ATTR_TYPE);
	ret->entry.type = directory ? TYPE_DIR : TYPE_FILE;
	if (!ret->entry.failed)
		ret->entry.problem.len = 0;
	for (size_t i = 0; i < ret->entry.xattr_count; i++) {
		if (ret->entry.xattrs[i].value.len == FIXTURE_BIG)
			ret->xattrs[i].value.len = 700; /* still more than fits a small page */
	}
}

static inline void fixture_put(struct baseline_writer *writer, struct random *random, const char *path, bool directory)
{
	struct fixture_entry fixture;
	struct err err = ERR_INIT;

	fixture_at(random, path, directory, &fixture);
	must(baseline_writer_put(writer, &fixture.entry, &err), &err);
}

/* Some 60 entries in order; a directory's name ends with a slash. */
static inline void fixture_add_all(struct baseline_writer *writer, struct random *random)
{
	static const char *const head[] = { "/etc/",      "/etc-x",      "/etc/passwd",  "/etc/ssh/",
					    "/etc/ssh-1", "/etc/ssh.d/", "/etc/ssh.d/a", "/etc/ssh/key" };
	char path[64];

	for (unsigned i = 0; i < ARRAY_SIZE(head) + 52; i++) {
		struct fixture_entry fixture;
		struct err err = ERR_INIT;
		size_t len;

		if (i < ARRAY_SIZE(head))
			(void)snprintf(path, sizeof(path), "%s", head[i]);
		else
			(void)snprintf(path, sizeof(path), "/usr/share/file-%04u", i);
		len = strlen(path);
		if (path[len - 1] == '/')
			path[len - 1] = '\0';
		fixture_at(random, path, path[len - 1] == '\0', &fixture);
		must(baseline_writer_add(writer, &fixture.entry, &err), &err);
	}
}

static inline void fixture_sign(const struct fixture *fixture, const struct secret_key *key, uint64_t sequence)
{
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	CLEANUP(buf_done) struct buf signature = BUF_INIT;
	struct err err = ERR_INIT;
	const char *text;

	must(baseline_open(fixture->dirfd, fixture_name, &baseline, &err), &err);
	text = baseline_statement_text(baseline, sequence);
	must(signature_make(key, text, strlen(text), "signature", "made by a test", &signature, &err), &err);
	must(baseline_add_signature(fixture->dirfd, fixture_name, sequence, (const char *)signature.data, signature.len,
				    &err),
	     &err);
}

/* Two generations, signed by the host alone. */
static inline void fixture_make_unsigned(const struct fixture *fixture)
{
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	struct random random = { 7 };
	struct statement statement;
	struct err err = ERR_INIT;

	must(baseline_writer_new(fixture->dirfd, fixture_name, &writer, &err), &err);
	fixture_add_all(writer, &random);
	fixture_commit(fixture, writer, "", "version: 1\nprofiles: {}\n", &statement);
	baseline_writer_freep(&writer);
	must(baseline_writer_from(fixture->dirfd, fixture_name, &writer, &err), &err);
	fixture_put(writer, &random, "/etc/passwd", false);
	fixture_put(writer, &random, "/etc/ssh", true);
	fixture_put(writer, &random, "/usr/share/new", false);
	must(baseline_writer_remove(writer, bytes_of("/usr/share/file-0020"), &err), &err);
	fixture_commit(fixture, writer, "because\nof that", "version: 1\nprofiles: {}\n", &statement);
}

/* The second signed by host, operator and a key that nobody knows. */
static inline void fixture_make(const struct fixture *fixture)
{
	fixture_make_unsigned(fixture);
	fixture_sign(fixture, fixture->operator, 2);
	fixture_sign(fixture, fixture->stranger, 2);
}

static inline int dump_tree(struct baseline *baseline, uint64_t sequence, struct buf *out, struct err *err)
{
	CLEANUP(tree_freep) struct tree *tree = NULL;
	const struct entry *entry;
	int r;

	r = baseline_tree(baseline, sequence, NULL, NULL, &tree, err);
	if (r < 0)
		return r;
	while ((r = tree_next(tree, &entry, err)) > 0) {
		(void)buf_add_u64(out, entry->path.len);
		(void)buf_add(out, entry->path.data, entry->path.len);
		(void)entry_encode(entry, out);
	}
	return r;
}

static inline int dump_sets(struct baseline *baseline, uint64_t sequence, struct buf *out, struct err *err)
{
	const struct policy_file *files, *resolved;
	const struct mount *mounts;
	size_t count;
	int r;

	r = baseline_policy(baseline, sequence, &files, &count, &resolved, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i <= count; i++) {
		const struct policy_file *file = i < count ? &files[i] : resolved;

		(void)buf_printf(out, "%s %zu\n", file->name, file->len);
		(void)buf_add(out, file->text, file->len);
	}
	r = baseline_mounts(baseline, sequence, &mounts, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		(void)buf_add_u64(out, mounts[i].path.len);
		(void)buf_add(out, mounts[i].path.data, mounts[i].path.len);
		(void)buf_add_u64(out, mounts[i].fstype.len);
		(void)buf_add(out, mounts[i].fstype.data, mounts[i].fstype.len);
		(void)buf_add_u64(out, mounts[i].id.len);
		(void)buf_add(out, mounts[i].id.data, mounts[i].id.len);
	}
	return 0;
}

/* What is signed, and the signatures: what the outcome of baseline_verify() follows from. */
static inline void dump_signed(const struct baseline *baseline, struct buf *out)
{
	for (uint64_t sequence = baseline_oldest(baseline); sequence <= baseline_newest(baseline); sequence++) {
		const struct signature_text *texts;
		size_t count = baseline_signatures(baseline, sequence, &texts);

		(void)buf_printf(out, "%s%s\n", baseline_statement_text(baseline, sequence),
				 baseline_reason(baseline, sequence));
		for (size_t i = 0; i < count; i++)
			(void)buf_add(out, texts[i].text, texts[i].len);
	}
}

/* Everything else of all generations. */
static inline int dump_rest(struct baseline *baseline, struct buf *out, struct err *err)
{
	for (uint64_t sequence = baseline_oldest(baseline); sequence <= baseline_newest(baseline); sequence++) {
		int r = dump_sets(baseline, sequence, out, err);

		if (r == 0)
			r = dump_tree(baseline, sequence, out, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static inline bool buf_same(const struct buf *a, const struct buf *b)
{
	return bytes_equal((struct bytes){ a->data, a->len }, (struct bytes){ b->data, b->len });
}

/* Plain SQL on the file, as anybody could run it. */
static inline void fixture_sql(const struct fixture *fixture, const char *sql)
{
	char path[256];
	char *message = NULL;
	sqlite3 *db = NULL;

	(void)snprintf(path, sizeof(path), "%s/%s", fixture->path, fixture_name);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

#endif
