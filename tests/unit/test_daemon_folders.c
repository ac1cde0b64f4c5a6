/* test_daemon_folders.c - who owns the daemon's folders, and what is refused. */
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

#include "base/cleanup.h"
#include "daemon/folders.h"

enum { US = 64125, THEM = 64126 };

static char dir[64], state_dir[96], control[96];
static const struct folder_owner us = { .uid = US, .gid = US }, as_we_are = { .uid = (uid_t)-1, .gid = (gid_t)-1 };

static const char *in(const char *name)
{
	static char path[4][160];
	static unsigned next;

	next = (next + 1) % 4;
	(void)snprintf(path[next], sizeof(path[next]), "%s/%s", dir, name);
	return path[next];
}

static void make(const char *name, uid_t owner)
{
	int fd = open(in(name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(fchown(fd, owner, owner), 0);
	(void)close(fd);
}

static void make_dir(const char *name, uid_t owner)
{
	assert_int_equal(mkdir(in(name), 0755), 0);
	assert_int_equal(chown(in(name), owner, owner), 0);
}

static void is(const char *name, uid_t owner, mode_t mode)
{
	struct stat status;

	assert_int_equal(lstat(in(name), &status), 0);
	if (status.st_uid != owner || (status.st_mode & 07777) != mode)
		fail_msg("%s is %u's, %o", name, status.st_uid, status.st_mode & 07777);
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s", "/tmp/tally-folders-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(state_dir, sizeof(state_dir), "%s/state", dir);
	(void)snprintf(control, sizeof(control), "%s/run/control.sock", dir);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static int try_make(const struct folder_owner *owner)
{
	CLEANUP(folders_done) struct folders folders = FOLDERS_INIT;
	struct err err = ERR_INIT;
	int r = folders_make(state_dir, control, owner, &folders, &err);

	if (r >= 0)
		assert_true(folders.state >= 0 && folders.journal >= 0 && folders.marks >= 0 && folders.socket >= 0);
	return r;
}

static void test_fresh(void **state)
{
	(void)state;
	assert_int_equal(try_make(&us), 0);
	is("state", 0, 0755);
	is("state/journal", US, 0750);
	is("state/journal/marks", US, 0700);
	is("run", US, 0755);
	assert_int_equal(try_make(&us), 0); /* as at the second start */
	is("state/journal/marks", US, 0700);
}

static void test_single(void **state)
{
	CLEANUP(folders_done) struct folders folders = FOLDERS_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(folders_make(state_dir, control, &as_we_are, &folders, &err), 0);
	is("state/journal", 0, 0750);
	make("state/journal/marks/mark", 0);
	assert_int_equal(try_make(&as_we_are), ERR_LOCKED);
	is("state/journal/marks/mark", 0, 0640); /* not ours to empty */
	folders_done(&folders);
	assert_int_equal(try_make(&as_we_are), 0);
	assert_int_equal(access(in("state/journal/marks/mark"), F_OK), -1);
}

/* The user was made after the daemon had run as root. */
static void test_given_away(void **state)
{
	(void)state;
	assert_int_equal(try_make(&as_we_are), 0);
	make("state/journal/000001.jsonl", 0);
	make("state/journal/them", THEM);
	make("state/baseline.db", 0);
	assert_int_equal(link(in("state/baseline.db"), in("state/journal/second-name")), 0);
	assert_int_equal(symlink("../baseline.db", in("state/journal/symlink")), 0);
	assert_int_equal(try_make(&us), 0);
	is("state/journal", US, 0750);
	is("state/journal/marks", US, 0700);
	is("state/journal/000001.jsonl", US, 0640);
	is("state/journal/them", THEM, 0640);
	is("state/baseline.db", 0, 0640);
	/* from now on the folder is ours, and what lies in it is no longer given to us */
	make("state/journal/planted", 0);
	assert_int_equal(try_make(&us), 0);
	is("state/journal/planted", 0, 0640);
}

static void test_refused(void **state)
{
	(void)state;
	make_dir("state", 0);
	make_dir("elsewhere", 0);
	assert_int_equal(symlink("../elsewhere", in("state/journal")), 0);
	assert_true(try_make(&us) < 0);
	is("elsewhere", 0, 0755);
	assert_int_equal(unlink(in("state/journal")), 0);
	make_dir("state/journal", THEM);
	assert_int_equal(try_make(&us), ERR_DENIED);
	is("state/journal", THEM, 0755);
	assert_int_equal(rmdir(in("state/journal")), 0);
	make("state/journal", 0);
	assert_true(try_make(&us) < 0);
}

/* A folder that others use too is not given away. */
static void test_socket_folder(void **state)
{
	(void)state;
	make_dir("run", 0);
	make("run/other", 0);
	assert_int_equal(try_make(&us), 0);
	is("run", 0, 0755);
	assert_int_equal(unlink(in("run/other")), 0);
	make("run/control.sock", 0);
	assert_int_equal(try_make(&us), 0);
	is("run", US, 0755);
	make_dir("theirs", THEM);
	(void)snprintf(control, sizeof(control), "%s/theirs/new/deep/control.sock", dir);
	assert_int_equal(try_make(&us), 0);
	is("theirs", THEM, 0755);
	is("theirs/new/deep", US, 0755);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fresh, setup, teardown),
		cmocka_unit_test_setup_teardown(test_single, setup, teardown),
		cmocka_unit_test_setup_teardown(test_given_away, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_socket_folder, setup, teardown),
	};

	if (geteuid() != 0) {
		(void)fprintf(stderr, "SKIPPED: needs root, to give folders away\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
