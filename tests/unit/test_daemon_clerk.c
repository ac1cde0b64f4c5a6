/* test_daemon_clerk.c - what the daemon's drift says is what a check says: change by change, and in its counts. */
#include "clerk_fixture.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

/* ---- what happens to the tree ---- */

static void nothing(struct fixture *fixture)
{
	(void)fixture;
}

static void comes_goes_changes(struct fixture *fixture)
{
	put_text(under(fixture->tree, "a"), "another\n");
	put_text(under(fixture->tree, "new"), "");
	put_text(under(fixture->tree, "sub/skip"), "excluded\n");
	assert_int_equal(mkdir(under(fixture->tree, "sub/folder"), 0700), 0);
	put_text(under(fixture->tree, "sub/folder/x"), "x");
	assert_int_equal(unlink(under(fixture->tree, "sub-x/file-0")), 0);
	assert_int_equal(chmod(under(fixture->tree, "b"), 04755), 0);
	put_text(under(fixture->tree, "critical"), "!");
}

static void moved(struct fixture *fixture)
{
	assert_int_equal(rename(under(fixture->tree, "sub/file-1"), under(fixture->tree, "sub-x/here")), 0);
	assert_int_equal(rename(under(fixture->tree, "b"), under(fixture->tree, "bb")), 0);
}

static void another_type(struct fixture *fixture)
{
	assert_int_equal(unlink(under(fixture->tree, "a")), 0);
	assert_int_equal(mkdir(under(fixture->tree, "a"), 0755), 0);
	put_text(under(fixture->tree, "a/inside"), "x");
	remove_path(under(fixture->tree, "sub"));
	assert_int_equal(symlink("sub-x", under(fixture->tree, "sub")), 0);
}

static void touched(struct fixture *fixture)
{
	put_text(under(fixture->tree, "sub/x"), "");
	assert_int_equal(unlink(under(fixture->tree, "sub/x")), 0);
}

static void emptied(struct fixture *fixture)
{
	remove_path(under(fixture->tree, "sub-x"));
}

static void log_grows(struct fixture *fixture)
{
	put_text(under(fixture->tree, "log/app.log"), "a line\nanother\n");
	put_text(under(fixture->tree, "log/new.gz"), "may come");
	assert_int_equal(unlink(under(fixture->tree, "log/old.gz")), 0);
}

static void log_is_cut(struct fixture *fixture)
{
	put_text(under(fixture->tree, "log/app.log"), "a\n");
}

static void log_is_rotated(struct fixture *fixture)
{
	assert_int_equal(rename(under(fixture->tree, "log/app.log"), under(fixture->tree, "log/app.log.1")), 0);
	put_text(under(fixture->tree, "log/app.log"), "a new beginning\n");
}

static void log_is_replaced(struct fixture *fixture)
{
	assert_int_equal(unlink(under(fixture->tree, "log/app.log")), 0);
	put_text(under(fixture->tree, "log/other"), ""); /* the number of the inode must not be used again */
	put_text(under(fixture->tree, "log/app.log"), "a line\nanother\n");
}

static void program_in_log(struct fixture *fixture)
{
	put_text(under(fixture->tree, "log/tool"), "#!/bin/sh\n");
	assert_int_equal(chmod(under(fixture->tree, "log/tool"), 0755), 0);
}

static void policy_edited(struct fixture *fixture)
{
	put_policy(fixture, "");
	assert_int_equal(mkdir(under(fixture->config, "policy.d"), 0755), 0);
	put_text(under(fixture->config, "policy.d/10-x.yaml"), "version: 1\n");
}

static void policy_gone(struct fixture *fixture)
{
	assert_int_equal(unlink(under(fixture->config, "policy.yaml")), 0);
}

static void policy_unreadable(struct fixture *fixture)
{
	policy_gone(fixture);
	assert_int_equal(mkdir(under(fixture->config, "policy.yaml"), 0755), 0);
}

static void accepted(struct fixture *fixture)
{
	comes_goes_changes(fixture);
	fixture_accept(fixture);
	moved(fixture);
}

static const struct {
	const char *name;
	void (*happens)(struct fixture *fixture);
} rows[] = {
	{ "nothing", nothing },
	{ "comes, goes, changes", comes_goes_changes },
	{ "moves", moved },
	{ "another type", another_type },
	{ "a folder's times", touched },
	{ "a whole folder", emptied },
	{ "a log grows", log_grows },
	{ "a log is cut", log_is_cut },
	{ "a log is rotated", log_is_rotated },
	{ "a log is replaced", log_is_replaced },
	{ "a program among logs", program_in_log },
	{ "the policy was edited", policy_edited },
	{ "the policy is gone", policy_gone },
	{ "the policy cannot be read", policy_unreadable },
	{ "behind an accept", accepted },
};

static void says_what_a_check_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture *fixture;
		void *opaque = NULL;

		(void)clerk_setup(&opaque);
		fixture = opaque;
		rows[i].happens(fixture);
		if (!all_agree(fixture))
			fail_msg("%s", rows[i].name);
		(void)fixture_teardown(&opaque);
	}
}

/* ---- what cannot be read: a lease keeps readers out ---- */

static int lease(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	(void)signal(SIGIO, SIG_IGN);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
		fail_msg("no lease: %s", strerror(errno));
	return fd;
}

static void unreadable_now(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(fd_closep) int fd = lease(under(fixture->tree, "sub/file-3"));

	assert_true(fd >= 0);
	put_text(under(fixture->tree, "a"), "another\n");
	assert_true(all_agree(fixture));
}

/* Nothing made the name dirty since: the drift holds nothing of it. */
static void unreadable_then_and_now(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(fd_closep) int fd = lease(under(fixture->tree, "sub/file-3"));
	CLEANUP(drift_freep) struct drift *drift = NULL;
	const char *sub = under(fixture->tree, "sub");

	assert_true(fd >= 0);
	remove_path(under(fixture->state, "baseline.db"));
	remove_path(under(fixture->state, "seen"));
	fixture_init(fixture);
	drift = open_drift(fixture);
	assert_int_equal(fixture_stand(fixture)->reference.statement->unexamined, 1);
	assert_true(agree(fixture, fixture_view(fixture), drift, NULL, 0));
	assert_true(agree(fixture, fixture_view(fixture), drift, &sub, 1));
	look_at_everything(drift, fixture->view);
	assert_true(agree(fixture, fixture->view, drift, NULL, 0));
}

/* ---- what is hidden ---- */

static int under_a_mount(struct fixture *fixture)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", under(fixture->tree, "sub"), "tmpfs", 0, NULL) < 0)
		return 3;
	put_text(under(fixture->tree, "sub/hiding"), "here");
	put_text(under(fixture->tree, "a"), "another\n");
	return all_agree(fixture) ? 0 : 1;
}

static void mounted_over(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid;
	int status;

	if (geteuid() != 0) {
		print_message("not root: nothing can be mounted\n");
		skip();
	}
	pid = fork();
	if (pid == 0)
		_exit(under_a_mount(fixture));
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3) {
		print_message("nothing can be mounted here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void put_unlistable(struct drift *drift, const char *path, bool type_known)
{
	const uint32_t value = type_known ? ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_MODE) : 0;
	const uint32_t failed = type_known ? ATTR_BIT(ATTR_CONTENT) : ATTR_ALL;
	const struct entry entry = { .path = bytes_of(path),
				     .value = value,
				     .failed = failed,
				     .none = ATTR_ALL & ~(value | failed),
				     .type = TYPE_DIR,
				     .mode = 0755,
				     .problem = bytes_of("cannot list it") };
	struct err err = ERR_INIT;

	must(drift_put(drift, &entry, &err), &err);
}

/* Root can list everything, so by hand: of what lies below nothing is known, and nothing of it counts as examined. */
static void not_to_be_listed(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture);
	struct view *view = fixture_view(fixture);
	CLEANUP(freep) char *before = ask(fixture, view, drift, NULL, 0), *after = NULL;
	const char *found = strstr(before, "examined ");
	struct err err = ERR_INIT;
	char want[64];

	assert_non_null(found);
	put_unlistable(drift, under(fixture->tree, "sub"), true);
	must(drift_put_absent(drift, bytes_of(under(fixture->tree, "sub/file-1")), &err), &err);
	after = ask(fixture, view, drift, NULL, 0);
	/* ten rows below, one of which the drift holds something of */
	(void)snprintf(want, sizeof(want), "examined %ld,", strtol(found + strlen("examined "), NULL, 10) - 10);
	if (!strstr(after, want) || !strstr(after, "unexamined b") || strstr(after, "removed "))
		fail_msg("%s, not: %s", want, after);
	free(after);
	put_unlistable(drift, under(fixture->tree, "sub"), false);
	after = ask(fixture, view, drift, NULL, 0);
	(void)snprintf(want, sizeof(want), "examined %ld,", strtol(found + strlen("examined "), NULL, 10) - 11);
	if (!strstr(after, want))
		fail_msg("%s, not: %s", want, after);
}

/* What an earlier generation left behind is no change. */
static void left_over(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(drift_freep) struct drift *drift = open_drift(fixture);
	struct err err = ERR_INIT;

	must(drift_put_absent(drift, bytes_of(under(fixture->tree, "nothing-of-that-name")), &err), &err);
	assert_true(agree(fixture, fixture_view(fixture), drift, NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_a_check_says),
		cmocka_unit_test_setup_teardown(unreadable_now, clerk_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(unreadable_then_and_now, clerk_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(mounted_over, clerk_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(not_to_be_listed, clerk_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(left_over, clerk_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
