/* test_sys_names.c - users and groups by the files themselves: tables of lines, well-formed and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/names.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
			     "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
			     "no-colons\n"
			     ":x:5:5:empty name::\n"
			     "few:x\n"
			     "letters:x:12a:7::/:\n"
			     "huge:x:4294967296:7::/:\n"
			     "nogid:x:77\n"
			     "badgid:x:78:no::/:\n"
			     "tallystick-old:x:98:98::/:\n"
			     "tallystick:x:99:199:Tallystick:/nonexistent:/usr/sbin/nologin\n"
			     "tallystick:x:0:0:a second line of that name::\n"
			     "last:x:4294967295:3";
static const char group[] = "root:x:0:\ntallystick:x:199:alice,bob\nshort:x:5\nbad:x::\n";

static char dir[64];

static void put(const char *name, const char *text)
{
	char path[96];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/etc/%s", dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
	char path[96];

	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s", "/tmp/tally-names-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/etc", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void load(struct names *names)
{
	struct err err = ERR_INIT;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(names_load(fd, names, &err), 0);
	(void)close(fd);
}

static void test_find(void **state)
{
	static const struct {
		const char *name;
		bool found;
		uint32_t uid, gid;
	} users[] = {
		{ "root", true, 0, 0 },
		{ "daemon", true, 1, 1 },
		{ "tallystick", true, 99, 199 },
		{ "last", true, UINT32_MAX, 3 },
		{ "tally", false, 0, 0 },
		{ "tallystick-", false, 0, 0 },
		{ "", false, 0, 0 },
		{ "few", false, 0, 0 },
		{ "letters", false, 0, 0 },
		{ "huge", false, 0, 0 },
		{ "nogid", false, 0, 0 },
		{ "badgid", false, 0, 0 },
		{ "no-colons", false, 0, 0 },
	}, groups[] = {
		{ "root", true, 0, 0 },	 { "tallystick", true, 0, 199 }, { "short", true, 0, 5 },
		{ "bad", false, 0, 0 },	 { "alice", false, 0, 0 },
	};
	struct names names;

	(void)state;
	put("passwd", passwd);
	put("group", group);
	load(&names);
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		uint32_t uid = 1234, gid = 1234;

		assert_int_equal(names_find_user(&names, users[i].name, &uid, &gid), users[i].found);
		assert_int_equal(uid, users[i].found ? users[i].uid : 1234);
		assert_int_equal(gid, users[i].found ? users[i].gid : 1234);
	}
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		uint32_t gid = 1234;

		assert_int_equal(names_find_group(&names, groups[i].name, &gid), groups[i].found);
		assert_int_equal(gid, groups[i].found ? groups[i].gid : 1234);
	}
	names_done(&names);
}

/* By id the first line of an id counts, lines of no use are passed over. */
static void test_by_id(void **state)
{
	struct names names;
	struct bytes name;

	(void)state;
	put("passwd", "a:x:5:1::/:\nb:x:5:1::/:\n:x:6:1::/:\nc:x:7\nd:x:x:1\n");
	put("group", "");
	load(&names);
	name = names_user(&names, 5);
	assert_true(bytes_equal(name, bytes_of("a")));
	assert_int_equal(names_user(&names, 6).len, 0);
	assert_true(bytes_equal(names_user(&names, 7), bytes_of("c")));
	assert_int_equal(names_group(&names, 0).len, 0);
	names_done(&names);
}

static void test_no_files(void **state)
{
	struct names names;
	uint32_t id;

	(void)state;
	load(&names);
	assert_false(names_find_user(&names, "root", &id, &id));
	assert_false(names_find_group(&names, "root", &id));
	assert_int_equal(names_user(&names, 0).len, 0);
	names_done(&names);
}

/* Texts of a tree that is not mounted are taken over. */
static void test_texts(void **state)
{
	struct buf users = BUF_INIT, groups = BUF_INIT;
	struct names names;

	(void)state;
	assert_int_equal(buf_add_str(&users, passwd), 0);
	assert_int_equal(buf_add_str(&groups, group), 0);
	assert_int_equal(names_of_texts(&users, &groups, &names), 0);
	assert_null(users.data);
	assert_null(groups.data);
	assert_true(bytes_equal(names_user(&names, 98), bytes_of("tallystick-old")));
	assert_true(bytes_equal(names_group(&names, 199), bytes_of("tallystick")));
	names_done(&names);
	assert_int_equal(names_of_texts(&users, &groups, &names), 0);
	assert_int_equal(names_user(&names, 0).len, 0);
	names_done(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_find, setup, teardown),
		cmocka_unit_test_setup_teardown(test_by_id, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_files, setup, teardown),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
