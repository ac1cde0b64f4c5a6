/* test_medium_lists.c - the lists line by line. That the tools they are for read them so: tests/e2e/lists.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/cleanup.h"
#include "medium/layout.h"
#include "medium/lists.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

enum { DIR_BITS = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_MODE) };

static struct entry entry_of(const char *path, enum file_type type)
{
	return (struct entry){ .path = bytes_of(path), .value = DIR_BITS, .type = type, .mode = 0644 };
}

static struct entry file_of(const char *path)
{
	struct entry entry = entry_of(path, TYPE_FILE);

	entry.value |= ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_CONTENT);
	entry.size = entry.digest_bytes = 7;
	return entry;
}

static void make(const char *rules, const struct mount *mounts, size_t mount_count, enum list list,
		 const struct entry *entries, size_t count, struct buf *out)
{
	CLEANUP(lists_freep) struct lists *lists = NULL;
	CLEANUP(policy_freep) struct policy *policy = NULL;
	struct err err = ERR_INIT;

	if (rules) {
		struct policy_source source = { "policy.yaml", (const unsigned char *)rules, strlen(rules) };

		if (policy_parse(&source, 1, &policy, &err) < 0)
			fail_msg("%s", err.message);
	}
	assert_int_equal(lists_new(policy, mounts, mount_count, &lists, &err), 0);
	assert_int_equal(list_begin(lists, list, out), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(list_entry(lists, list, &entries[i], out), 0);
	assert_int_equal(list_end(lists, list, out), 0);
}

static void expect(const char *rules, enum list list, const struct entry *entries, size_t count, const char *expected)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	make(rules, NULL, 0, list, entries, count, &out);
	assert_non_null(buf_str(&out));
	assert_string_equal((const char *)out.data, expected);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(list_name(LIST_SHA256), "files.sha256");
	assert_string_equal(list_name(LIST_MTREE), MEDIUM_MTREE);
	assert_string_equal(list_name(LIST_BODYFILE), MEDIUM_BODYFILE);
}

/* --- files.sha256 --- */

static void sums(void **state)
{
	static const struct {
		const char *path, *line;
	} rows[] = {
		{ "/etc/passwd", ZEROS "  etc/passwd\n" },
		{ "/a b", ZEROS "  a b\n" },
		{ "/ lead", ZEROS "   lead\n" },
		{ "/-dash", ZEROS "  -dash\n" },
		{ "/-", ZEROS "  ./-\n" },
		{ "/d/-", ZEROS "  d/-\n" },
		{ "/back\\slash", "\\" ZEROS "  back\\\\slash\n" },
		{ "/new\nline", "\\" ZEROS "  new\\nline\n" },
		{ "/carriage\rreturn", "\\" ZEROS "  carriage\\rreturn\n" },
		{ "/\\n", "\\" ZEROS "  \\\\n\n" },
		{ "/tab\t\xff*", ZEROS "  tab\t\xff*\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct entry entry = file_of(rows[i].path);

		expect(NULL, LIST_SHA256, &entry, 1, rows[i].line);
	}
}

static void no_sums(void **state)
{
	struct entry entries[5];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		entries[i] = file_of("/f");
	entries[0].type = TYPE_DIR;
	entries[1].value &= ~(uint32_t)ATTR_BIT(ATTR_CONTENT); /* not asked for */
	entries[2].digest_bytes = 5; /* of a log that grew */
	entries[3].value &= ~(uint32_t)ATTR_BIT(ATTR_TYPE);
	entries[4].type = TYPE_SYMLINK;
	expect(NULL, LIST_SHA256, entries, ARRAY_SIZE(entries), "");
}

/* --- files.bodyfile --- */

static void bodyfile(void **state)
{
	struct entry entry = file_of("/a|b%41\n\\\xff");

	(void)state;
	entry.mode = 06755;
	expect(NULL, LIST_BODYFILE, &entry, 1, "0|/a\\x7cb\\x2541\\x0a\\\\\\xff|0|r/rrwsr-sr-x|0|0|7|0|0|0|0\n");
	entry = entry_of("/tmp", TYPE_DIR);
	entry.mode = 01777;
	entry.value |= ATTR_BIT(ATTR_INODE) | ATTR_BIT(ATTR_OWNER) | ATTR_BIT(ATTR_GROUP) | ATTR_BIT(ATTR_MTIME) |
		       ATTR_BIT(ATTR_CTIME) | ATTR_BIT(ATTR_BTIME);
	entry.inode = UINT64_MAX;
	entry.uid = UINT32_MAX;
	entry.gid = 5;
	entry.mtime = (struct timestamp){ -2, 500000000 };
	entry.ctime = (struct timestamp){ 1700000000, 1 };
	entry.btime = (struct timestamp){ 3, 0 };
	expect(NULL, LIST_BODYFILE, &entry, 1,
	       "0|/tmp|18446744073709551615|d/drwxrwxrwt|4294967295|5|0|0|-2|1700000000|3\n");
	entry = entry_of("/l", TYPE_SYMLINK);
	entry.mode = 0777;
	entry.value |= ATTR_BIT(ATTR_TARGET);
	entry.target = bytes_of("x|y");
	expect(NULL, LIST_BODYFILE, &entry, 1, "0|/l -> x\\x7cy|0|l/lrwxrwxrwx|0|0|0|0|0|0|0\n");
	entry = entry_of("/s", TYPE_SOCKET);
	entry.mode = 07000;
	expect(NULL, LIST_BODYFILE, &entry, 1, "0|/s|0|s/s--S--S--T|0|0|0|0|0|0|0\n");
	entry.value = 0;
	expect(NULL, LIST_BODYFILE, &entry, 1, "0|/s|0|-/----------|0|0|0|0|0|0|0\n");
}

/* --- files.mtree --- */

static void keywords(void **state)
{
	struct entry entries[] = { entry_of("/", TYPE_DIR),      file_of("/f"),
				   entry_of("/l", TYPE_SYMLINK), entry_of("/n", TYPE_CHAR),
				   entry_of("/s", TYPE_SOCKET),  entry_of("/x", TYPE_FIFO) };

	(void)state;
	entries[0].value |= ATTR_BIT(ATTR_LINKS) | ATTR_BIT(ATTR_SIZE); /* follow from what is in it */
	entries[1].value |= ATTR_BIT(ATTR_OWNER) | ATTR_BIT(ATTR_GROUP) | ATTR_BIT(ATTR_LINKS) | ATTR_BIT(ATTR_MTIME);
	entries[1].user = bytes_of("nobody here");
	entries[1].uid = 7;
	entries[1].gid = 8;
	entries[1].links = 2;
	entries[1].mtime = (struct timestamp){ -2, 5 };
	entries[2].value |= ATTR_BIT(ATTR_TARGET) | ATTR_BIT(ATTR_SIZE);
	entries[2].target = bytes_of("to a=#\\b");
	entries[3].value |= ATTR_BIT(ATTR_RDEV);
	entries[3].rdev_major = 4000;
	entries[3].rdev_minor = 700000;
	entries[5].value = 0;
	expect(NULL, LIST_MTREE, entries, ARRAY_SIZE(entries),
	       "#mtree\n"
	       ". type=dir mode=0644\n"
	       "./f type=file mode=0644 uid=7 gid=8 nlink=2 time=-2.000000005 size=7 sha256=" ZEROS "\n"
	       "./l type=link mode=0644 link=to\\040a\\075\\043\\134b\n"
	       "./n type=char mode=0644 device=native,4000,700000\n"
	       "#\\\n./s type=socket mode=0644\n"
	       "#\\\n./x\n");
}

/* What is above the scope, and names that are patterns: behind all others, with what is below them. */
static void order(void **state)
{
	const struct entry entries[] = {
		entry_of("/a/*", TYPE_FIFO),      entry_of("/a/[", TYPE_FIFO),       entry_of("/a/b*", TYPE_DIR),
		entry_of("/a/b*-x", TYPE_FIFO),   entry_of("/a/b*/c", TYPE_FIFO),    entry_of("/a/bx", TYPE_FIFO),
		entry_of("/etc", TYPE_DIR),       entry_of("/etc-x", TYPE_DIR),      entry_of("/etc-x/y", TYPE_FIFO),
		entry_of("/etc/\xff", TYPE_FIFO), entry_of("/usr/lib/x", TYPE_FIFO),
	};

	(void)state;
	expect(NULL, LIST_MTREE, entries, ARRAY_SIZE(entries),
	       "#mtree\n"
	       ". type=dir\n"
	       "./a type=dir\n"
	       "./a/bx type=fifo mode=0644\n"
	       "./etc type=dir mode=0644\n"
	       "./etc-x type=dir mode=0644\n"
	       "./etc-x/y type=fifo mode=0644\n"
	       "./etc/\\377 type=fifo mode=0644\n"
	       "./usr type=dir\n"
	       "./usr/lib type=dir\n"
	       "./usr/lib/x type=fifo mode=0644\n"
	       "./a/b\\052-x type=fifo mode=0644\n"
	       "./a/\\133 type=fifo mode=0644\n"
	       "./a/b\\052 type=dir mode=0644\n"
	       "./a/\\052 type=fifo mode=0644\n"
	       "./a/b\\052/c type=fifo mode=0644\n"
	       "#\\\n./* ignore optional\n"
	       "#\\\n./a/* ignore optional\n"
	       "#\\\n./usr/* ignore optional\n"
	       "#\\\n./usr/lib/* ignore optional\n");
}

/* A directory name that begins another's is no directory above it. */
static void beginnings(void **state)
{
	const struct entry entries[] = { entry_of("/", TYPE_DIR), entry_of("/et", TYPE_DIR),
					 entry_of("/etc/x", TYPE_FIFO) };

	(void)state;
	expect(NULL, LIST_MTREE, entries, ARRAY_SIZE(entries),
	       "#mtree\n"
	       ". type=dir mode=0644\n"
	       "./et type=dir mode=0644\n"
	       "./etc type=dir\n"
	       "./etc/x type=fifo mode=0644\n"
	       "#\\\n./etc/* ignore optional\n");
}

static void long_paths(void **state)
{
	static char path[4100];
	struct entry entry;

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	entry = entry_of(path, TYPE_FIFO);
	expect(NULL, LIST_MTREE, &entry, 1, "#mtree\n");
}

static void exclusions(void **state)
{
	static const char rules[] = "version: 1\n"
				    "rules:\n"
				    "  - {path: /etc, profile: static}\n"
				    "  - {path: /etc/mtab, exclude: true}\n"
				    "  - {path: '/etc/a b\\*', exclude: true}\n"
				    "  - {path: '/etc/*.[a-c]\\[', exclude: true}\n"
				    "  - {path: '/etc/**', exclude: true, only: files}\n"
				    "  - {path: '/etc/*/x', exclude: true}\n"
				    "  - {path: '/etc/x**', exclude: true}\n"
				    "  - {path: /etc/away/x, exclude: true}\n" /* no such folder */
				    "  - {path: /etc/mtab, exclude: true}\n"
				    "  - {path: /etc/held, exclude: true}\n" /* with something below it */
				    "  - {path: /etc/held/x, profile: static}\n"
				    "  - {path: /etc/back, exclude: true}\n"
				    "  - {path: /etc/back, profile: static}\n"
				    "  - {path: /etc/z/\\x41, exclude: true}\n";
	const struct entry entries[] = { entry_of("/etc", TYPE_DIR), entry_of("/etc/held/x", TYPE_FIFO),
					 entry_of("/etc/z", TYPE_DIR) };

	(void)state;
	expect(rules, LIST_MTREE, entries, ARRAY_SIZE(entries),
	       "#mtree\n"
	       ". type=dir\n"
	       "./etc type=dir mode=0644\n"
	       "./etc/held type=dir\n"
	       "./etc/held/x type=fifo mode=0644\n"
	       "./etc/z type=dir mode=0644\n"
	       "#\\\n./etc/\\052.\\133a-c\\135\\134\\133 ignore optional\n"
	       "#\\\n./etc/a\\040b\\052 ignore optional\n"
	       "#\\\n./etc/mtab ignore optional\n"
	       "#\\\n./etc/z/A ignore optional\n"
	       "#\\\n./* ignore optional\n"
	       "#\\\n./etc/held/* ignore optional\n");
}

/* Mounts that were not entered have no entry. */
static void mounts(void **state)
{
#define MOUNT(path)                                                                                                    \
	{                                                                                                              \
		{ (const unsigned char *)(path), sizeof(path) - 1 }, { NULL, 0 },                                      \
		{                                                                                                      \
			NULL, 0                                                                                        \
		}                                                                                                      \
	}
	static const struct mount table[] = { MOUNT("/"),         MOUNT("/a b"),    MOUNT("/boot"), MOUNT("/boot/efi"),
					      MOUNT("/etc/file"), MOUNT("/gone/x"), MOUNT("/open"), MOUNT("/proc") };
	const struct entry entries[] = { entry_of("/", TYPE_DIR),        entry_of("/boot", TYPE_DIR),
					 entry_of("/etc", TYPE_DIR),     entry_of("/etc/file", TYPE_FILE),
					 entry_of("/open/x", TYPE_FIFO), entry_of("/proc-x", TYPE_FIFO) };
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	(void)state;
	make(NULL, table, ARRAY_SIZE(table), LIST_MTREE, entries, ARRAY_SIZE(entries), &out);
	assert_non_null(buf_str(&out));
	assert_string_equal((const char *)out.data, "#mtree\n"
						    ". type=dir mode=0644\n"
						    "./boot type=dir mode=0644\n"
						    "./etc type=dir mode=0644\n"
						    "./etc/file type=file mode=0644\n"
						    "./open type=dir\n"
						    "./open/x type=fifo mode=0644\n"
						    "./proc-x type=fifo mode=0644\n"
						    "#\\\n./a\\040b ignore optional\n"
						    "#\\\n./proc ignore optional\n"
						    "#\\\n./boot/efi ignore optional\n"
						    "#\\\n./open/* ignore optional\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),      cmocka_unit_test(sums),       cmocka_unit_test(no_sums),
		cmocka_unit_test(bodyfile),   cmocka_unit_test(keywords),   cmocka_unit_test(order),
		cmocka_unit_test(beginnings), cmocka_unit_test(long_paths), cmocka_unit_test(exclusions),
		cmocka_unit_test(mounts),
	};

	return cmocka_run_group_tests_name("medium_lists", tests, NULL, NULL);
}
