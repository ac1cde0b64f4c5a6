/* test_sys_mounts.c - the mount table: hostile names, stacked mounts, lookups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/buf.h"
#include "sys/mountinfo.h"
#include "sys/mounts.h"

static int load(const char *text, size_t len, struct sys_mounts *mounts, struct err *err)
{
	char name[] = "/tmp/tally-mounts-XXXXXX";
	int fd = mkstemp(name), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	(void)close(fd);
	r = sys_mounts_load(name, mounts, err);
	(void)unlink(name);
	return r;
}

static void test_lines(void **state)
{
	static const struct {
		const char *line, *path, *fstype; /* path NULL: refused */
		unsigned major, minor;
	} rows[] = {
		{ "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw", "/", "ext4", 254, 0 },
		{ "36 35 98:0 /mnt1 /mnt2 rw master:1 propagate_from:2 - xfs /dev/root rw", "/mnt2", "xfs", 98, 0 },
		{ "1 1 0:5 / /a\\040b\\011\\012\\134\\0401 rw - tmpfs x rw", "/a b\t\n\\ 1", "tmpfs", 0, 5 },
		{ "1 1 0:5 / /\\09\\8 rw - fuse.a\\040b x rw", "/\\09\\8", "fuse.a b", 0, 5 },
		{ "1 1 0:5 / /x rw -", NULL, NULL, 0, 0 },
		{ "1 1 0:5 / /x rw - ", NULL, NULL, 0, 0 },
		{ "1 1 0:5 / relative rw - ext4", NULL, NULL, 0, 0 },
		{ "1 1 5 / /x rw - ext4", NULL, NULL, 0, 0 },
		{ "1 1 0: / /x rw - ext4", NULL, NULL, 0, 0 },
		{ "1 1 0:99999999999 / /x rw - ext4", NULL, NULL, 0, 0 },
		{ "", NULL, NULL, 0, 0 },
		{ " ", NULL, NULL, 0, 0 },
		{ "1 1 0:5 / /x rw shared:1", NULL, NULL, 0, 0 },
		{ "1 1 0:5 / /x rw - ext4", "/x", "ext4", 0, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *line = strdup(rows[i].line);
		struct mountinfo_line parsed;

		assert_int_equal(mountinfo_parse(line, &parsed), rows[i].path != NULL);
		if (rows[i].path) {
			assert_string_equal(parsed.path, rows[i].path);
			assert_string_equal(parsed.fstype, rows[i].fstype);
			assert_int_equal(parsed.dev_major, rows[i].major);
			assert_int_equal(parsed.dev_minor, rows[i].minor);
		}
		free(line);
	}
}

static void test_kinds(void **state)
{
	(void)state;
	assert_true(mountinfo_is_disk("ext4"));
	assert_true(mountinfo_is_disk("xfs"));
	assert_true(mountinfo_is_disk("btrfs"));
	assert_true(mountinfo_is_disk("vfat"));
	assert_false(mountinfo_is_disk("proc"));
	assert_false(mountinfo_is_disk("tmpfs"));
	assert_false(mountinfo_is_disk("nfs4"));
	assert_false(mountinfo_is_disk("overlay"));
	assert_false(mountinfo_is_disk("fuse.sshfs"));
	assert_false(mountinfo_is_disk("fuseblk"));
	assert_false(mountinfo_is_disk("autofs"));
	assert_false(mountinfo_is_disk(""));
}

#define AT(mounts, path) sys_mounts_at(mounts, path, strlen(path))
#define OF(mounts, path) sys_mounts_of(mounts, path, strlen(path))

static void test_table(void **state)
{
	static const char text[] = "10 1 254:0 / / rw - ext4 /dev/vda rw\n"
				   "11 10 0:30 / /usr rw - tmpfs none rw\n"
				   "12 10 0:31 / /usr-x rw - proc none rw\n"
				   "13 11 0:32 / /usr/share rw - tmpfs none rw\n"
				   "14 11 0:33 / /usr/share rw - sysfs none rw\n"
				   "15 10 0:34 / /a rw - tmpfs none rw\n";
	struct sys_mounts mounts;
	struct err err;

	(void)state;
	assert_int_equal(load(text, sizeof(text) - 1, &mounts, &err), 0);
	assert_int_equal(mounts.count, 5);
	for (size_t i = 1; i < mounts.count; i++)
		assert_true(strcmp(mounts.mounts[i - 1].path, mounts.mounts[i].path) < 0);
	assert_string_equal(AT(&mounts, "/usr/share")->fstype, "sysfs");
	assert_null(AT(&mounts, "/usr/shar"));
	assert_null(AT(&mounts, "/usr/share/"));
	assert_string_equal(OF(&mounts, "/usr/share/doc/x")->path, "/usr/share");
	assert_string_equal(OF(&mounts, "/usr/shared")->path, "/usr");
	assert_string_equal(OF(&mounts, "/usr")->path, "/usr");
	assert_string_equal(OF(&mounts, "/us")->path, "/");
	assert_string_equal(OF(&mounts, "/")->path, "/");
	assert_true(AT(&mounts, "/")->disk);
	assert_false(AT(&mounts, "/usr")->disk);
	sys_mounts_done(&mounts);
}

/* What lies below a point that was mounted over can't be reached: it is not in the table. */
static void test_hidden(void **state)
{
	static const char text[] = "10 1 254:0 / / rw - ext4 /dev/vda rw\n"
				   "11 10 0:30 / /data/x rw - tmpfs none rw\n"
				   "12 11 0:31 / /data/x/deep rw - tmpfs none rw\n"
				   "13 10 0:32 / /data rw - tmpfs none rw\n"
				   "14 13 0:33 / /data/y rw - tmpfs none rw\n"
				   "15 10 0:34 / /database rw - tmpfs none rw\n";
	struct sys_mounts mounts;
	struct err err;

	(void)state;
	assert_int_equal(load(text, sizeof(text) - 1, &mounts, &err), 0);
	assert_null(AT(&mounts, "/data/x"));
	assert_null(AT(&mounts, "/data/x/deep"));
	assert_non_null(AT(&mounts, "/data"));
	assert_non_null(AT(&mounts, "/data/y"));
	assert_non_null(AT(&mounts, "/database"));
	assert_int_equal(mounts.count, 4);
	sys_mounts_done(&mounts);
}

static void test_damaged(void **state)
{
	struct sys_mounts mounts;
	struct err err;

	(void)state;
	assert_int_equal(load("10 1 254:0 / / rw - ext4 x\nnonsense\n", 36, &mounts, &err), ERR_DATA);
	assert_string_equal(err.message, "mount table, line 2: not understood");
	assert_int_equal(sys_mounts_load("/nonexistent", &mounts, &err), ERR_NOINPUT);
	assert_int_equal(load("", 0, &mounts, &err), 0);
	assert_int_equal(mounts.count, 0);
	assert_null(OF(&mounts, "/x"));
	sys_mounts_done(&mounts);
}

static void test_many(void **state)
{
	struct buf text = BUF_INIT;
	struct sys_mounts mounts;
	struct err err;
	enum { MANY = 20000 };

	(void)state;
	(void)buf_add_str(&text, "10 1 254:0 / / rw - ext4 /dev/vda rw\n");
	for (int i = 0; i < MANY; i++)
		(void)buf_printf(&text, "%d 10 0:%d / /m/%d rw - tmpfs none rw\n", i + 11, i, i * 7919 % MANY);
	assert_int_equal(load((const char *)text.data, text.len, &mounts, &err), 0);
	assert_int_equal(mounts.count, MANY + 1);
	assert_non_null(AT(&mounts, "/m/12345"));
	sys_mounts_done(&mounts);
	buf_done(&text);
}

static void test_this_system(void **state)
{
	struct sys_mounts mounts;
	struct err err;

	(void)state;
	assert_int_equal(sys_mounts_load(NULL, &mounts, &err), 0);
	assert_non_null(OF(&mounts, "/"));
	assert_non_null(AT(&mounts, "/proc"));
	assert_false(AT(&mounts, "/proc")->disk);
	sys_mounts_done(&mounts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),       cmocka_unit_test(test_kinds),   cmocka_unit_test(test_table),
		cmocka_unit_test(test_hidden),      cmocka_unit_test(test_damaged), cmocka_unit_test(test_many),
		cmocka_unit_test(test_this_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
