/* test_store_extract.c - one generation in a file of its own: the same bytes always, and read like any baseline. */
#include "store_fixture.h"

#include <sys/mman.h>

#include "crypto/digest.h"

static void open_as(const struct fixture *fixture, const char *name, struct baseline **ret_baseline)
{
	struct err err = ERR_INIT;

	must(baseline_open(fixture->dirfd, name, ret_baseline, &err), &err);
}

static void extract(const struct fixture *fixture, const char *from, uint64_t sequence, const char *name)
{
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	struct err err = ERR_INIT;

	open_as(fixture, from, &baseline);
	must(baseline_extract(baseline, sequence, NULL, NULL, fixture->dirfd, name, NULL, NULL, &err), &err);
}

static void same_bytes(const struct fixture *fixture, const char *a, const char *b)
{
	CLEANUP(buf_done) struct buf left = BUF_INIT;
	CLEANUP(buf_done) struct buf right = BUF_INIT;
	struct err err = ERR_INIT;

	must(fd_read_file(fixture->dirfd, a, 1 << 24, &left, NULL, &err), &err);
	must(fd_read_file(fixture->dirfd, b, 1 << 24, &right, NULL, &err), &err);
	assert_true(left.len > 0);
	if (!buf_same(&left, &right))
		fail_msg("%s and %s differ", a, b);
}

/* A third generation, the same one each time. */
static void third(const struct fixture *fixture, const char *name)
{
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	struct random random = { 9 };
	struct statement statement;
	struct err err = ERR_INIT;

	must(baseline_writer_from(fixture->dirfd, name, &writer, &err), &err);
	fixture_put(writer, &random, "/etc/passwd", false);
	fixture_put(writer, &random, "/usr/share/newer", false);
	must(baseline_writer_remove(writer, bytes_of("/usr/share/new"), &err), &err);
	fixture_commit(fixture, writer, "third", "version: 1\nprofiles: {}\n", &statement);
	assert_int_equal(statement.sequence, 3);
}

/* The same two generations, with the signatures of the first file attached in another order. */
static void make_otherwise(const struct fixture *fixture)
{
	CLEANUP(baseline_freep) struct baseline *before = NULL;
	const struct signature_text *texts;
	struct err err = ERR_INIT;
	size_t count;

	open_as(fixture, fixture_name, &before);
	count = baseline_signatures(before, 2, &texts);
	assert_int_equal(count, 3);
	assert_int_equal(unlinkat(fixture->dirfd, fixture_name, 0), 0);
	fixture_make_unsigned(fixture);
	for (size_t i = count; i-- > 0;)
		must(baseline_add_signature(fixture->dirfd, fixture_name, 2, texts[i].text, texts[i].len, &err), &err);
}

static void reproducible(void **state)
{
	const struct fixture *fixture = *state;

	fixture_make(fixture);
	extract(fixture, fixture_name, 2, "a");
	extract(fixture, fixture_name, 1, "one");
	extract(fixture, fixture_name, 0, "newest");
	same_bytes(fixture, "a", "newest");
	extract(fixture, "a", 2, "again");
	same_bytes(fixture, "a", "again");
	fixture_sql(fixture, "PRAGMA page_size=1024; VACUUM");
	extract(fixture, fixture_name, 2, "vacuumed");
	same_bytes(fixture, "a", "vacuumed");
	third(fixture, fixture_name);
	extract(fixture, fixture_name, 2, "before");
	extract(fixture, fixture_name, 1, "first");
	extract(fixture, fixture_name, 3, "b");
	same_bytes(fixture, "a", "before");
	same_bytes(fixture, "one", "first");
	/* the extracted file goes on like any other */
	third(fixture, "a");
	extract(fixture, "a", 3, "c");
	extract(fixture, "a", 2, "d");
	same_bytes(fixture, "b", "c");
	same_bytes(fixture, "again", "d");
}

static void order_of_signatures(void **state)
{
	const struct fixture *fixture = *state;

	fixture_make(fixture);
	extract(fixture, fixture_name, 2, "a");
	make_otherwise(fixture);
	extract(fixture, fixture_name, 2, "b");
	same_bytes(fixture, "a", "b");
}

static int count_entry(void *context, const struct entry *entry, struct err *err)
{
	struct buf *paths = context;

	(void)buf_add(paths, entry->path.data, entry->path.len);
	return buf_add_byte(paths, '\n') < 0 ? err_nomem(err) : 0;
}

static void reads(void **state)
{
	const struct fixture *fixture = *state;
	CLEANUP(trust_verdict_done) struct trust_verdict verdict = { .signatures = NULL };
	CLEANUP(baseline_freep) struct baseline *whole = NULL;
	CLEANUP(baseline_freep) struct baseline *part = NULL;
	CLEANUP(buf_done) struct buf expected = BUF_INIT;
	CLEANUP(buf_done) struct buf actual = BUF_INIT;
	CLEANUP(buf_done) struct buf paths = BUF_INIT;
	const struct signature_text *texts;
	const struct entry *found;
	struct err err = ERR_INIT;
	struct stat status;

	fixture_make(fixture);
	open_as(fixture, fixture_name, &whole);
	(void)umask(022);
	must(baseline_extract(whole, 2, NULL, NULL, fixture->dirfd, "a", count_entry, &paths, &err), &err);
	assert_int_equal(fstatat(fixture->dirfd, "a", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	assert_true(paths.len > 60 && memcmp(paths.data, "/etc\n/etc-x\n/etc/passwd\n", 24) == 0);
	open_as(fixture, "a", &part);
	assert_int_equal(baseline_oldest(whole), 1);
	assert_int_equal(baseline_oldest(part), 2);
	assert_int_equal(baseline_newest(part), 2);
	assert_null(baseline_statement(part, 1));
	assert_null(baseline_statement(part, 3));
	assert_null(baseline_statement_text(part, 1));
	assert_null(baseline_reason(part, 1));
	assert_int_equal(baseline_signatures(part, 1, &texts), 0);
	assert_string_equal(baseline_statement_text(part, 0), baseline_statement_text(whole, 2));
	assert_string_equal(baseline_reason(part, 2), "because\nof that");
	assert_int_equal(baseline_signatures(part, 2, &texts), 3);
	must(dump_sets(whole, 2, &expected, &err), &err);
	must(dump_tree(whole, 2, &expected, &err), &err);
	must(dump_sets(part, 2, &actual, &err), &err);
	must(dump_tree(part, 0, &actual, &err), &err);
	assert_true(buf_same(&expected, &actual));
	must(baseline_verify(part, &fixture->trust, 0, &verdict, &err), &err);
	assert_int_equal(verdict.count, 3);
	assert_int_equal(baseline_find(part, bytes_of("/etc-x"), &found, &err), 1);
	assert_int_equal(found->since, 1); /* as it was signed */
}

static int no_path(void *context, struct bytes path, struct err *err)
{
	(void)context, (void)path;
	return err_set(err, ERR_INTERNAL, "no path was expected");
}

static int note_since(void *context, const struct entry *entry, uint64_t until, struct err *err)
{
	uint64_t *since = context;

	*since = entry->since;
	return until ? err_set(err, ERR_INTERNAL, "it was replaced") : 0;
}

static void before_the_first(void **state)
{
	const struct fixture *fixture = *state;
	CLEANUP(trust_verdict_done) struct trust_verdict verdict = { .signatures = NULL };
	CLEANUP(baseline_freep) struct baseline *part = NULL;
	CLEANUP(tree_freep) struct tree *tree = NULL;
	const struct policy_file *files, *resolved;
	const struct mount *mounts;
	struct err err = ERR_INIT;
	uint64_t since = 0;
	size_t count;

	fixture_make(fixture);
	extract(fixture, fixture_name, 2, "a");
	open_as(fixture, "a", &part);
	assert_int_equal(baseline_tree(part, 1, NULL, NULL, &tree, &err), ERR_USAGE);
	assert_non_null(strstr(err.message, "has no generation 1: it holds generations 2 to 2"));
	assert_int_equal(baseline_policy(part, 1, &files, &count, &resolved, &err), ERR_USAGE);
	assert_int_equal(baseline_mounts(part, 1, &mounts, &count, &err), ERR_USAGE);
	assert_int_equal(baseline_verify(part, &fixture->trust, 1, &verdict, &err), ERR_USAGE);
	assert_int_equal(baseline_since(part, 1, no_path, NULL, &err), ERR_USAGE);
	must(baseline_since(part, 2, no_path, NULL, &err), &err);
	assert_int_equal(baseline_extract(part, 1, NULL, NULL, fixture->dirfd, "b", NULL, NULL, &err), ERR_USAGE);
	assert_int_equal(baseline_add_signature(fixture->dirfd, "a", 1, "x", 1, &err), ERR_USAGE);
	assert_non_null(strstr(err.message, "it holds generations 2 to 2"));
	must(baseline_versions(part, bytes_of("/etc-x"), note_since, &since, &err), &err);
	assert_int_equal(since, 1);
	assert_int_equal(fixture_files(fixture, false), 2);
}

static int refuse_entry(void *context, const struct entry *entry, struct err *err)
{
	(void)context;
	return bytes_equal(entry->path, bytes_of("/etc/ssh")) ? err_set(err, ERR_IO, "no room") : 0;
}

static bool nothing_in_scope(void *context, struct bytes path)
{
	return context && path.len == 1;
}

/* Whatever fails, nothing of the new file stays, and what was there does. */
static void nothing_half(void **state)
{
	const struct fixture *fixture = *state;
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	struct err err = ERR_INIT;

	fixture_make(fixture);
	open_as(fixture, fixture_name, &baseline);
	assert_int_equal(baseline_extract(baseline, 2, NULL, NULL, fixture->dirfd, fixture_name, NULL, NULL, &err),
			 ERR_CANTCREATE);
	assert_int_equal(baseline_extract(baseline, 2, NULL, NULL, fixture->dirfd, "a/b", NULL, NULL, &err),
			 ERR_CANTCREATE);
	assert_int_equal(baseline_extract(baseline, 2, NULL, NULL, fixture->dirfd, "a", refuse_entry, NULL, &err),
			 ERR_IO);
	assert_string_equal(err.message, "no room");
	/* "/usr" has no row: in scope it would have to */
	assert_int_equal(baseline_extract(baseline, 2, nothing_in_scope, fixture->trust.keys, fixture->dirfd, "a", NULL,
					  NULL, &err),
			 ERR_DATA);
	baseline_freep(&baseline);
	fixture_sql(fixture, "UPDATE entry SET racy=1-racy WHERE path=CAST('/usr/share/new' AS BLOB)");
	open_as(fixture, fixture_name, &baseline);
	assert_int_equal(baseline_extract(baseline, 2, NULL, NULL, fixture->dirfd, "a", NULL, NULL, &err),
			 ERR_UNTRUSTED);
	assert_int_equal(fixture_files(fixture, false), 1);
	must(baseline_extract(baseline, 1, NULL, NULL, fixture->dirfd, "a", NULL, NULL, &err), &err);
}

/* --- what must be refused --- */

static int open_and_read(const struct fixture *fixture, struct err *err)
{
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	CLEANUP(trust_verdict_done) struct trust_verdict verdict = { .signatures = NULL };
	CLEANUP(buf_done) struct buf rest = BUF_INIT;
	uint64_t since = 0;
	int r;

	r = baseline_open(fixture->dirfd, fixture_name, &baseline, err);
	if (r == 0)
		r = baseline_verify(baseline, &fixture->trust, 0, &verdict, err);
	if (r == 0)
		r = dump_rest(baseline, &rest, err);
	return r < 0 ? r : baseline_versions(baseline, bytes_of("/etc-x"), note_since, &since, err);
}

#define PAST(since, until)                                                                                             \
	"INSERT INTO entry_past SELECT path, " since                                                                   \
	", type, mode, uid, user, gid, group_name, size, digest, digest_bytes, "                                       \
	"mtime_s, mtime_ns, ctime_s, ctime_ns, btime_s, btime_ns, inode, links, target, rdev_major, rdev_minor, "      \
	"xattrs, flags, device_major, device_minor, blocks, head, racy, none, failed, problem, " until                 \
	" FROM entry WHERE path=CAST('/etc-x' AS BLOB)"

static void tampered(void **state)
{
	static const char *const rows[] = {
		"UPDATE entry SET since=2",
		"UPDATE entry SET since=3 WHERE path=CAST('/etc-x' AS BLOB)",
		"UPDATE entry SET since=0 WHERE path=CAST('/etc-x' AS BLOB)",
		PAST("0", "1"),
		PAST("0", "2"),
		PAST("1", "2"),
		PAST("1", "3"),
		"UPDATE generation SET sequence=1",
		"UPDATE generation SET sequence=3",
		"UPDATE generation SET sequence=0",
		"UPDATE generation SET sequence=-1",
		"UPDATE generation SET sequence=1<<21",
		"UPDATE generation SET statement=replace(statement,'sequence: 2','sequence: 1')",
		"UPDATE generation SET sequence=1, statement=replace(statement,'sequence: 2','sequence: 1')",
		"INSERT INTO generation SELECT 1, statement, reason, top FROM generation",
		"INSERT INTO generation SELECT 3, statement, reason, top FROM generation",
		"INSERT INTO generation SELECT 4, statement, reason, top FROM generation",
		"UPDATE signature SET sequence=1",
		"UPDATE policy SET sequence=1",
		"UPDATE policy SET sequence=3",
		"UPDATE mount SET sequence=1",
		"INSERT INTO policy SELECT 1, position, name, text FROM policy",
		"INSERT INTO mount SELECT 1, path, fstype, id FROM mount",
		"DELETE FROM policy",
		"DELETE FROM mount",
	};
	const struct fixture *fixture = *state;

	fixture_make(fixture);
	extract(fixture, fixture_name, 2, "a");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;
		int r;

		assert_int_equal(unlinkat(fixture->dirfd, fixture_name, 0), 0);
		extract(fixture, "a", 2, fixture_name);
		must(open_and_read(fixture, &err), &err);
		fixture_sql(fixture, rows[i]);
		r = open_and_read(fixture, &err);
		if (r != ERR_DATA && r != ERR_UNTRUSTED)
			fail_msg("%s: %d %s", rows[i], r, err.message);
	}
}

/* A version that no generation ever had, in a file that holds all of them. */
static void no_such_version(void **state)
{
	const struct fixture *fixture = *state;
	struct err err = ERR_INIT;

	fixture_make(fixture);
	must(open_and_read(fixture, &err), &err);
	fixture_sql(fixture, PAST("0", "1"));
	assert_int_equal(open_and_read(fixture, &err), ERR_DATA);
}

static void from_memory(void **state)
{
	const struct fixture *fixture = *state;
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	CLEANUP(buf_done) struct buf file = BUF_INIT;
	CLEANUP(buf_done) struct buf rest = BUF_INIT;
	struct err err = ERR_INIT;
	int fd = memfd_create("baseline", MFD_CLOEXEC);

	assert_true(fd >= 0);
	fixture_make(fixture);
	extract(fixture, fixture_name, 2, "a");
	must(fd_read_file(fixture->dirfd, "a", 1 << 24, &file, NULL, &err), &err);
	must(fd_write_all(fd, file.data, file.len, "memory", &err), &err);
	must(baseline_open_fd(fd, "memory", &baseline, &err), &err);
	must(dump_rest(baseline, &rest, &err), &err);
	assert_int_equal(baseline_oldest(baseline), 2);
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(reproducible),     FIXTURE_TEST(order_of_signatures), FIXTURE_TEST(reads),
		FIXTURE_TEST(before_the_first), FIXTURE_TEST(nothing_half),        FIXTURE_TEST(tampered),
		FIXTURE_TEST(no_such_version),  FIXTURE_TEST(from_memory),
	};

	return cmocka_run_group_tests_name("store_extract", tests, NULL, NULL);
}
