/* test_store_baseline.c - writing, reading and refusing baselines. Single bytes: test_store_flip.c. */
#include "store_fixture.h"

static int open_and_read(const struct fixture *fixture, struct err *err)
{
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	CLEANUP(trust_verdict_done) struct trust_verdict verdict = { .signatures = NULL };
	CLEANUP(buf_done) struct buf rest = BUF_INIT;
	int r;

	r = baseline_open(fixture->dirfd, fixture_name, &baseline, err);
	if (r == 0)
		r = baseline_verify(baseline, &fixture->trust, 0, &verdict, err);
	return r < 0 ? r : dump_rest(baseline, &rest, err);
}

/* --- what goes in comes out --- */

enum { MANY = 400 };

static void random_entries(void **state)
{
	const struct fixture *fixture = *state;
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	CLEANUP(buf_done) struct buf expected = BUF_INIT, actual = BUF_INIT;
	struct random random = { 11 };
	struct statement statement;
	struct err err = ERR_INIT;
	char path[64];

	must(baseline_writer_new(fixture->dirfd, fixture_name, &writer, &err), &err);
	for (unsigned i = 0; i < MANY; i++) {
		struct fixture_entry made;

		(void)snprintf(path, sizeof(path), "/a\n\x1b\xff|%05u", i);
		fixture_random(&random, &made);
		made.entry.path = bytes_of(path);
		must(baseline_writer_add(writer, &made.entry, &err), &err);
		made.entry.since = 1;
		(void)buf_add_u64(&expected, made.entry.path.len);
		(void)buf_add(&expected, made.entry.path.data, made.entry.path.len);
		assert_int_equal(entry_encode(&made.entry, &expected), 0);
	}
	fixture_commit(fixture, writer, "", "version: 1\n", &statement);
	assert_int_equal(statement.entries, MANY);
	assert_string_equal(statement.previous, "none");
	must(baseline_open(fixture->dirfd, fixture_name, &baseline, &err), &err);
	must(dump_tree(baseline, 1, &actual, &err), &err);
	assert_true(buf_same(&expected, &actual));
}

/* Paths and values larger than a page. */
static void large_entries(void **state)
{
	static unsigned char path[PATH_MAX_BYTES], value[ENTRY_MAX_BYTES - 4096];
	const struct fixture *fixture = *state;
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	struct xattr xattr = { bytes_of("user.large"), { value, sizeof(value) } };
	struct entry entry = {
		.path = { path, sizeof(path) }, .value = ATTR_BIT(ATTR_XATTRS), .xattrs = &xattr, .xattr_count = 1
	};
	struct statement statement;
	struct err err = ERR_INIT;

	memset(path, 'p', sizeof(path));
	path[0] = '/';
	must(baseline_writer_new(fixture->dirfd, fixture_name, &writer, &err), &err);
	xattr.value.len = ENTRY_MAX_BYTES;
	assert_int_equal(baseline_writer_add(writer, &entry, &err), ERR_DATA);
	xattr.value.len = sizeof(value);
	must(baseline_writer_add(writer, &entry, &err), &err);
	fixture_commit(fixture, writer, "", "version: 1\n", &statement);
	must(open_and_read(fixture, &err), &err);
}

/* --- generations --- */

struct version {
	uint32_t since;
	uint64_t until;
};

static int note_version(void *context, const struct entry *entry, uint64_t until, struct err *err)
{
	struct version *versions = context;

	(void)err;
	while (versions->since)
		versions++;
	*versions = (struct version){ entry->since, until };
	return 0;
}

static void generations(void **state)
{
	const struct fixture *fixture = *state;
	CLEANUP(baseline_freep) struct baseline *first = NULL, *baseline = NULL;
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	CLEANUP(buf_done) struct buf before = BUF_INIT, after = BUF_INIT;
	struct version versions[4] = { { 0, 0 } };
	struct random random = { 7 };
	struct statement one, two;
	struct err err = ERR_INIT;

	must(baseline_writer_new(fixture->dirfd, fixture_name, &writer, &err), &err);
	fixture_add_all(writer, &random);
	fixture_commit(fixture, writer, "", "version: 1\n", &one);
	baseline_writer_freep(&writer);
	must(baseline_open(fixture->dirfd, fixture_name, &first, &err), &err);
	must(dump_tree(first, 1, &before, &err), &err);
	must(baseline_writer_from(fixture->dirfd, fixture_name, &writer, &err), &err);
	fixture_put(writer, &random, "/etc/passwd", false);
	fixture_put(writer, &random, "/etc/passwd", false); /* again in the same generation: one version */
	fixture_put(writer, &random, "/new", true);
	must(baseline_writer_remove(writer, bytes_of("/etc-x"), &err), &err);
	assert_int_equal(baseline_writer_remove(writer, bytes_of("/etc-x"), &err), ERR_NOINPUT);
	fixture_commit(fixture, writer, "twice", "version: 1\n", &two);
	assert_int_equal(two.entries, one.entries);
	assert_int_equal(two.sequence, 2);
	assert_string_equal(two.policy, one.policy);

	must(baseline_open(fixture->dirfd, fixture_name, &baseline, &err), &err);
	assert_int_equal(baseline_newest(baseline), 2);
	assert_string_equal(baseline_reason(baseline, 0), "twice");
	assert_null(baseline_statement(baseline, 3));
	must(dump_tree(baseline, 1, &after, &err), &err);
	assert_true(buf_same(&before, &after));
	must(dump_tree(first, 0, &after, &err), &err); /* the old file stays readable through its descriptor */
	must(dump_tree(baseline, 0, &after, &err), &err);
	must(baseline_versions(baseline, bytes_of("/etc/passwd"), note_version, versions, &err), &err);
	assert_int_equal(versions[0].since, 1);
	assert_int_equal(versions[0].until, 2);
	assert_int_equal(versions[1].since, 2);
	assert_int_equal(versions[1].until, 0);
	assert_int_equal(versions[2].since, 0);
	assert_int_equal(fixture_files(fixture, false), 1);
}

static void previous_is_checked(void **state)
{
	const struct fixture *fixture = *state;
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	struct generation_info info = { .host = "h",
					.host_id = HOST_ID,
					.tool = "t",
					.reason = "",
					.resolved = fixture_file("resolved", ""),
					.previous = "blake2b256:00" };
	struct statement statement;
	struct err err = ERR_INIT;

	fixture_make(fixture);
	must(baseline_writer_from(fixture->dirfd, fixture_name, &writer, &err), &err);
	assert_int_equal(baseline_writer_commit(writer, &info, fixture->host, &statement, &err), ERR_UNTRUSTED);
	baseline_writer_freep(&writer);
	info.previous = NULL;
	info.host_id = "ff112233445566778899aabbccddeeff";
	must(baseline_writer_from(fixture->dirfd, fixture_name, &writer, &err), &err);
	assert_int_equal(baseline_writer_commit(writer, &info, fixture->host, &statement, &err), ERR_UNTRUSTED);
}

/* Given up: what was there stays, nothing else does. */
static void abandoned(void **state)
{
	const struct fixture *fixture = *state;
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	CLEANUP(buf_done) struct buf before = BUF_INIT, after = BUF_INIT;
	struct random random = { 1 };
	struct err err = ERR_INIT;

	must(baseline_writer_new(fixture->dirfd, fixture_name, &writer, &err), &err);
	fixture_add_all(writer, &random);
	baseline_writer_freep(&writer);
	assert_int_equal(fixture_files(fixture, false), 0);
	fixture_make(fixture);
	must(fd_read_file(fixture->dirfd, fixture_name, 1 << 24, &before, NULL, &err), &err);
	must(baseline_writer_from(fixture->dirfd, fixture_name, &writer, &err), &err);
	fixture_put(writer, &random, "/etc/passwd", false);
	baseline_writer_freep(&writer);
	must(fd_read_file(fixture->dirfd, fixture_name, 1 << 24, &after, NULL, &err), &err);
	assert_true(buf_same(&before, &after));
	assert_int_equal(fixture_files(fixture, false), 1);
	assert_int_equal(baseline_writer_new(fixture->dirfd, fixture_name, &writer, &err), ERR_CANTCREATE);
}

static void unordered(void **state)
{
	const struct fixture *fixture = *state;
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	struct entry entry = { .path = bytes_of("/b") };
	struct err err = ERR_INIT;

	must(baseline_writer_new(fixture->dirfd, fixture_name, &writer, &err), &err);
	must(baseline_writer_add(writer, &entry, &err), &err);
	entry.path = bytes_of("/a");
	assert_int_equal(baseline_writer_add(writer, &entry, &err), ERR_DATA);
	entry = (struct entry){ .path = bytes_of("/c"), .value = ATTR_BIT(ATTR_ACL) };
	assert_int_equal(baseline_writer_add(writer, &entry, &err), ERR_DATA);
}

/* --- signatures --- */

static void signers(void **state)
{
	const struct fixture *fixture = *state;
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	CLEANUP(trust_verdict_done) struct trust_verdict verdict = { .signatures = NULL };
	struct trust nobody = TRUST_INIT;
	unsigned known = 0;
	struct err err = ERR_INIT;

	fixture_make(fixture);
	must(baseline_open(fixture->dirfd, fixture_name, &baseline, &err), &err);
	must(baseline_verify(baseline, &fixture->trust, 0, &verdict, &err), &err);
	assert_int_equal(verdict.count, 3);
	for (size_t i = 0; i < verdict.count; i++)
		known += verdict.signatures[i].signer != NULL;
	assert_int_equal(known, 2);
	trust_verdict_done(&verdict);
	assert_int_equal(baseline_verify(baseline, &nobody, 0, &verdict, &err), ERR_UNTRUSTED);
	assert_int_equal(baseline_verify(baseline, &fixture->trust, 3, &verdict, &err), ERR_USAGE);
	/* the first generation is signed by the host alone */
	must(baseline_verify(baseline, &fixture->trust, 1, &verdict, &err), &err);
	assert_int_equal(verdict.count, 1);
}

/* A wrong signature under a trusted id, on the newest generation and on one that is not asked about. */
static void wrong_signature(void **state)
{
	const struct fixture *fixture = *state;

	for (uint64_t wrong = 1; wrong <= 2; wrong++) {
		CLEANUP(baseline_freep) struct baseline *baseline = NULL;
		CLEANUP(trust_verdict_done) struct trust_verdict verdict = { .signatures = NULL };
		CLEANUP(buf_done) struct buf signature = BUF_INIT;
		struct err err = ERR_INIT;

		(void)fixture_files(fixture, true);
		fixture_make(fixture);
		must(signature_make(fixture->operator, "another text", 12, "c", "c", &signature, &err), &err);
		must(baseline_add_signature(fixture->dirfd, fixture_name, wrong, (const char *)signature.data,
					    signature.len, &err),
		     &err);
		must(baseline_open(fixture->dirfd, fixture_name, &baseline, &err), &err);
		assert_int_equal(baseline_verify(baseline, &fixture->trust, 0, &verdict, &err), ERR_UNTRUSTED);
	}
}

/* --- what must be refused --- */

static void tampered(void **state)
{
	static const char *const rows[] = {
		"DELETE FROM entry WHERE path=CAST('/etc-x' AS BLOB)",
		"DELETE FROM entry_past",
		"DELETE FROM entry",
		"UPDATE entry SET size=coalesce(size,0)+1 WHERE path=CAST('/etc/ssh.d/a' AS BLOB)",
		"UPDATE entry SET mode='0644' WHERE path=CAST('/etc/ssh.d/a' AS BLOB)",
		"UPDATE entry SET type=NULL WHERE path=CAST('/etc/ssh.d/a' AS BLOB)",
		"UPDATE entry SET failed=262143",
		"UPDATE entry SET since=1",
		"UPDATE entry SET racy=1-racy WHERE path=CAST('/etc' AS BLOB)",
		"UPDATE entry SET path=CAST('/etc/../x' AS BLOB) WHERE path=CAST('/etc/ssh.d/a' AS BLOB)",
		"UPDATE entry SET path=CAST(path AS TEXT) WHERE path=CAST('/etc/ssh.d/a' AS BLOB)",
		/* two rows change places */
		"UPDATE entry SET path=CAST('/x' AS BLOB) WHERE path=CAST('/etc/passwd' AS BLOB);"
		"UPDATE entry SET path=CAST('/etc/passwd' AS BLOB) WHERE path=CAST('/etc-x' AS BLOB);"
		"UPDATE entry SET path=CAST('/etc-x' AS BLOB) WHERE path=CAST('/x' AS BLOB)",
		"INSERT INTO entry SELECT CAST('/zzz' AS BLOB), since, type, mode, uid, user, gid, group_name, size, "
		"digest, "
		"digest_bytes, mtime_s, mtime_ns, ctime_s, ctime_ns, btime_s, btime_ns, inode, links, target, "
		"rdev_major, "
		"rdev_minor, xattrs, flags, device_major, device_minor, blocks, head, racy, none, failed, problem FROM "
		"entry "
		"WHERE path=CAST('/etc/passwd' AS BLOB)",
		"UPDATE generation SET reason='another' WHERE sequence=1",
		"UPDATE generation SET reason='another' WHERE sequence=2",
		"UPDATE generation SET top=zeroblob(32)",
		"UPDATE generation SET statement=replace(statement,'host.example','host.exampel') WHERE sequence=1",
		"UPDATE generation SET statement=replace(statement,'host.example','host.exampel') WHERE sequence=2",
		"UPDATE generation SET statement=statement||'x'",
		"DELETE FROM generation WHERE sequence=1",
		"DELETE FROM generation WHERE sequence=2",
		"DELETE FROM generation",
		"DELETE FROM signature",
		"DELETE FROM signature WHERE sequence=2",
		"UPDATE signature SET key_id='0123456789ABCDEF' WHERE sequence=1",
		"UPDATE signature SET sequence=3 WHERE sequence=2",
		"UPDATE signature SET minisig='x'",
		"UPDATE meta SET value='x'",
		"DELETE FROM meta",
		"INSERT INTO meta VALUES('more','x')",
		"UPDATE policy SET text=text||' ' WHERE position=0",
		"UPDATE policy SET text=CAST(text AS BLOB) WHERE position=1",
		"UPDATE policy SET name='other.yaml' WHERE position=1",
		"DELETE FROM policy WHERE position=2",
		"INSERT INTO policy SELECT 2, position, name, text FROM policy",
		"INSERT INTO policy VALUES(1, 3, 'x', 'y')",
		"UPDATE mount SET fstype=CAST('xfs' AS BLOB)",
		"DELETE FROM mount",
		"INSERT INTO mount SELECT 2, path, fstype, id FROM mount",
		"INSERT INTO package VALUES(1, 'a', '1')",
		"PRAGMA user_version=0",
		"PRAGMA user_version=2",
		"PRAGMA application_id=1",
		"CREATE TABLE more(a)",
		"CREATE INDEX more ON entry(size)",
		"CREATE TRIGGER more AFTER INSERT ON entry BEGIN SELECT 1; END",
		"CREATE VIEW more AS SELECT 1",
		"DROP VIEW entry_text",
		"DROP TABLE package",
		"ALTER TABLE entry ADD COLUMN more",
		"ALTER TABLE entry RENAME TO entry2; CREATE VIEW entry AS SELECT * FROM entry2",
		"ANALYZE",
		("PRAGMA encoding='UTF-16'; PRAGMA auto_vacuum=FULL; PRAGMA writable_schema=ON; "
		 "UPDATE sqlite_schema SET sql=replace(sql,'path BLOB','path TEXT') WHERE name='entry'"),
		"PRAGMA writable_schema=ON; DELETE FROM sqlite_schema WHERE name='package'",
	};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;
		int r;

		(void)fixture_files(fixture, true);
		fixture_make(fixture);
		must(open_and_read(fixture, &err), &err);
		fixture_sql(fixture, rows[i]);
		r = open_and_read(fixture, &err);
		if (r != ERR_DATA && r != ERR_UNTRUSTED)
			fail_msg("%s: %d %s", rows[i], r, err.message);
	}
}

/* Rewritten with the same content: reads as before. */
static void harmless(void **state)
{
	static const char *const rows[] = { "VACUUM", "PRAGMA page_size=65536; VACUUM", "PRAGMA journal_mode=WAL" };
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;

		(void)fixture_files(fixture, true);
		fixture_make(fixture);
		fixture_sql(fixture, rows[i]);
		must(open_and_read(fixture, &err), &err);
	}
}

static void plant(const struct fixture *fixture, const char *name, const char *text)
{
	int fd = openat(fixture->dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct err err = ERR_INIT;

	assert_true(fd >= 0);
	must(fd_write_all(fd, text, strlen(text), name, &err), &err);
	(void)close(fd);
}

static void journals(void **state)
{
	static const char *const names[] = { "baseline.db-journal", "baseline.db-wal", "baseline.db-shm" };
	const struct fixture *fixture = *state;

	fixture_make(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
		struct err err = ERR_INIT;

		plant(fixture, names[i], "");
		assert_int_equal(open_and_read(fixture, &err), ERR_DATA);
		assert_non_null(strstr(err.message, names[i]));
		assert_int_equal(baseline_writer_from(fixture->dirfd, fixture_name, &writer, &err), ERR_DATA);
		assert_int_equal(unlinkat(fixture->dirfd, names[i], 0), 0);
		must(open_and_read(fixture, &err), &err);
	}
}

static void no_baselines(void **state)
{
	const struct fixture *fixture = *state;
	struct err err = ERR_INIT;
	char page[4096] = "SQLite format 3";

	assert_int_equal(open_and_read(fixture, &err), ERR_NOINPUT);
	plant(fixture, fixture_name, "");
	assert_int_equal(open_and_read(fixture, &err), ERR_DATA);
	assert_non_null(strstr(err.message, "empty"));
	plant(fixture, fixture_name, "tallystick-baseline: 1\n");
	assert_int_equal(open_and_read(fixture, &err), ERR_DATA);
	memset(page + 16, 'x', sizeof(page) - 17);
	page[sizeof(page) - 1] = '\0';
	plant(fixture, fixture_name, page);
	assert_int_equal(open_and_read(fixture, &err), ERR_DATA);
	assert_int_equal(unlinkat(fixture->dirfd, fixture_name, 0), 0);
	assert_int_equal(mkdirat(fixture->dirfd, fixture_name, 0700), 0);
	assert_int_equal(open_and_read(fixture, &err), ERR_DATA);
	assert_int_equal(unlinkat(fixture->dirfd, fixture_name, AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(fixture->dirfd, fixture_name, 0600), 0);
	assert_int_equal(open_and_read(fixture, &err), ERR_DATA);
	assert_int_equal(unlinkat(fixture->dirfd, fixture_name, 0), 0);
	fixture_make(fixture);
	assert_int_equal(renameat(fixture->dirfd, fixture_name, fixture->dirfd, "real.db"), 0);
	assert_int_equal(symlinkat("real.db", fixture->dirfd, fixture_name), 0);
	assert_int_equal(open_and_read(fixture, &err), ERR_DATA);
	assert_non_null(strstr(err.message, "symbolic link"));
	assert_int_equal(unlinkat(fixture->dirfd, fixture_name, 0), 0);
	assert_int_equal(symlinkat("/dev/zero", fixture->dirfd, fixture_name), 0);
	assert_int_equal(open_and_read(fixture, &err), ERR_DATA);
}

static void newer_version(void **state)
{
	const struct fixture *fixture = *state;
	struct err err = ERR_INIT;

	fixture_make(fixture);
	fixture_sql(fixture, "PRAGMA user_version=2");
	assert_int_equal(open_and_read(fixture, &err), ERR_DATA);
	assert_non_null(strstr(err.message, "made by a newer tally"));
}

/* The view is for people with plain sqlite3. */
static void text_view(void **state)
{
	const struct fixture *fixture = *state;

	fixture_make(fixture);
	fixture_sql(fixture, "CREATE TEMP TABLE expect(a CHECK(a)); "
			     "INSERT INTO expect SELECT type='dir' FROM entry_text WHERE path='/etc'; "
			     "INSERT INTO expect SELECT count(*)=60 FROM entry_text; "
			     "INSERT INTO expect SELECT typeof(mtime)='text' FROM entry_text WHERE mtime IS NOT NULL; "
			     "INSERT INTO expect SELECT statement LIKE 'tallystick-baseline: 1%' FROM generation");
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(random_entries), FIXTURE_TEST(large_entries),   FIXTURE_TEST(generations),
		FIXTURE_TEST(abandoned),      FIXTURE_TEST(unordered),       FIXTURE_TEST(previous_is_checked),
		FIXTURE_TEST(signers),        FIXTURE_TEST(wrong_signature), FIXTURE_TEST(tampered),
		FIXTURE_TEST(harmless),       FIXTURE_TEST(journals),        FIXTURE_TEST(no_baselines),
		FIXTURE_TEST(newer_version),  FIXTURE_TEST(text_view),
	};

	return cmocka_run_group_tests_name("store_baseline", tests, NULL, NULL);
}
