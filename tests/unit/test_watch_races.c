/*
 * Things that happen between the steps of adding a directory, and events that do not say what they seem to. The steps are held up
 * here by standing in for inotify_add_watch(2).
 */
#include <sys/syscall.h>

#include "watch_believer.h"

static void (*before_watch)(struct fixture *fixture, const char *path), (*after_watch)(struct fixture *, const char *);
static struct fixture *now;
static bool at_it; /* not again for what is done meanwhile */

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	char target[8192];
	ssize_t len = readlink(path, target, sizeof(target) - 1);
	long wd;

	target[len < 0 ? 0 : len] = '\0';
	if (before_watch && !at_it && now && path_covers(bytes_of(now->tree), bytes_of(target))) {
		at_it = true;
		before_watch(now, target);
		at_it = false;
	}
	wd = syscall(SYS_inotify_add_watch, fd, path, mask);
	if (after_watch && !at_it && now && path_covers(bytes_of(now->tree), bytes_of(target))) {
		int failure = errno;

		at_it = true;
		after_watch(now, target);
		at_it = false;
		errno = failure;
	}
	return (int)wd;
}

static int race_teardown(void **state)
{
	before_watch = after_watch = NULL;
	now = NULL;
	return teardown(state);
}

static int made;

/* A directory and a file in each directory that is about to be watched, and just was. */
static void make_in(struct fixture *fixture, const char *path)
{
	char name[8192];

	(void)fixture;
	if (made > 40)
		return;
	(void)snprintf(name, sizeof(name), "%s/made-%d", path, made++);
	(void)mkdir(name, 0755);
	(void)snprintf(name, sizeof(name), "%s/file-%d", path, made++);
	(void)close(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

static void believe(struct fixture *fixture, struct believer *believer)
{
	now = NULL;
	settle(fixture);
	believer_judge(believer, fixture);
	believer_check(believer, fixture, 0);
	settle(fixture);
	check_watches(fixture, 0);
}

static void between_steps(void **state)
{
	struct fixture *fixture = *state;

	for (int which = 0; which < 2; which++) {
		struct believer believer = { .rows = NULL };
		char name[32];

		before_watch = which == 0 ? make_in : NULL;
		after_watch = which == 1 ? make_in : NULL;
		start(fixture);
		settle(fixture);
		believer_scan(&believer, fixture->tree, true);
		forget(fixture);
		made = 0;
		now = fixture;
		(void)snprintf(name, sizeof(name), "a%d", which);
		dir(fixture, name);
		settle(fixture);
		assert_true(made > 0);
		believe(fixture, &believer);
		believer_done(&believer);
		watch_freep(&fixture->watch);
		forget(fixture);
	}
}

/* The directory is taken away, or replaced by another one or by a link, before its watch is there. */
static int kind;

static void replace(struct fixture *fixture, const char *path)
{
	char away[128];

	if (strcmp(path, in(fixture, "a")) != 0)
		return;
	(void)snprintf(away, sizeof(away), "%s/away-%d", fixture->dir, kind);
	before_watch = NULL;
	assert_int_equal(rename(path, away), 0);
	if (kind == 1)
		make_in(fixture, fixture->tree);
	if (kind == 2) {
		assert_int_equal(mkdir(path, 0755), 0);
		make_in(fixture, path);
	}
	if (kind == 3)
		assert_int_equal(symlink(away, path), 0);
}

static void replaced(void **state)
{
	struct fixture *fixture = *state;

	for (kind = 0; kind < 4; kind++) {
		struct believer believer = { .rows = NULL };

		start(fixture);
		believer_scan(&believer, fixture->tree, true);
		before_watch = replace;
		now = fixture;
		dir(fixture, "a");
		dir(fixture, "a/b");
		put(fixture, "a/b/1", "");
		settle(fixture);
		assert_null(before_watch);
		believe(fixture, &believer);
		believer_done(&believer);
		watch_freep(&fixture->watch);
		forget(fixture);
		remove_tree(in(fixture, "a"));
	}
}

/* While the daemon starts: what is not seen in reading comes as an event. */
static void during_start(void **state)
{
	struct fixture *fixture = *state;
	struct watch_options options = options_of(fixture);
	struct believer believer = { .rows = NULL };
	struct err err = ERR_INIT;

	for (int i = 0; i < 5; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "d%d", i);
		dir(fixture, name);
	}
	assert_int_equal(watch_new(&options, &fixture->watch, &err), 0);
	made = 0;
	now = fixture;
	after_watch = make_in;
	assert_int_equal(watch_start(fixture->watch, NULL, &err), 0);
	after_watch = NULL;
	assert_true(made > 0);
	/* the first look at everything comes after the start */
	believer_scan(&believer, fixture->tree, true);
	put(fixture, "d3/last", "");
	believe(fixture, &believer);
	believer_done(&believer);
}

/* --- what the kernel says --- */

static void nameless(void **state)
{
	struct fixture *fixture = *state;
	char path[64];
	int fd;

	start(fixture);
	fd = open(fixture->tree, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return; /* not every file system has it */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(linkat(AT_FDCWD, path, AT_FDCWD, in(fixture, "named"), AT_SYMLINK_FOLLOW), 0);
	settle(fixture);
	assert_dirty(fixture, "named", IN_CREATE);
	forget(fixture);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(close(fd), 0);
	settle(fixture);
	assert_told(fixture, TOLD_LOOK, fixture->tree);
}

static void dead_name(void **state)
{
	struct fixture *fixture = *state;
	int fd;

	put(fixture, "a", "");
	start(fixture);
	fd = open(in(fixture, "a"), O_WRONLY | O_CLOEXEC);
	assert_int_equal(link(in(fixture, "a"), in(fixture, "b")), 0);
	assert_int_equal(unlink(in(fixture, "a")), 0);
	settle(fixture);
	forget(fixture);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(close(fd), 0);
	settle(fixture);
	assert_dirty(fixture, "a", IN_MODIFY | IN_CLOSE_WRITE);
}

/* A watch that nobody placed. */
static void unknown_watch(void **state)
{
	struct fixture *fixture = *state;
	char outside[128];

	start(fixture);
	(void)snprintf(outside, sizeof(outside), "%s/outside", fixture->dir);
	assert_int_equal(mkdir(outside, 0755), 0);
	settle(fixture);
	forget(fixture);
	assert_true(syscall(SYS_inotify_add_watch, fixture->watch->fds[WATCH_OTHERS], outside, IN_CREATE) > 0);
	{
		char name[160];

		(void)snprintf(name, sizeof(name), "%s/1", outside);
		assert_int_equal(mkdir(name, 0755), 0);
	}
	settle(fixture);
	assert_told(fixture, TOLD_LOOK, "/");
}

/* One half of a rename alone does not keep a barrier waiting for the other. */
static void half(void **state)
{
	struct fixture *fixture = *state;
	char out[128];
	struct err err = ERR_INIT;

	dir(fixture, "a");
	start(fixture);
	(void)snprintf(out, sizeof(out), "%s/out", fixture->dir);
	assert_int_equal(mkdir(out, 0755), 0);
	(void)snprintf(out, sizeof(out), "%s/out/of", fixture->dir);
	assert_int_equal(rename(in(fixture, "a"), out), 0);
	while (!find_told(fixture, TOLD_DIRTY, in(fixture, "a")))
		assert_true(watch_process(fixture->watch, 100, &err) >= 0);
	assert_false(watch_settled(fixture->watch));
	assert_null(find_told(fixture, TOLD_GONE, in(fixture, "a")));
	assert_true(watch_due_ns(fixture->watch) != UINT64_MAX);
	assert_int_equal(watch_tick(fixture->watch, watch_due_ns(fixture->watch), &err), 0);
	assert_told(fixture, TOLD_GONE, "a");
	assert_true(watch_due_ns(fixture->watch) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(between_steps, setup, race_teardown),
		cmocka_unit_test_setup_teardown(replaced, setup, race_teardown),
		cmocka_unit_test_setup_teardown(during_start, setup, race_teardown),
		cmocka_unit_test_setup_teardown(nameless, setup, race_teardown),
		cmocka_unit_test_setup_teardown(dead_name, setup, race_teardown),
		cmocka_unit_test_setup_teardown(unknown_watch, setup, race_teardown),
		cmocka_unit_test_setup_teardown(half, setup, race_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
