/*
 * What the kernel says that no test can have it say at will: events made by hand, whose bits are to be tested one by one, and an
 * inotify_add_watch(2) that has no memory.
 */
#include <sys/syscall.h>

#include "watch_believer.h"

static const char *refused; /* the name below the tree that gets no watch */
static struct fixture *now;

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	char target[8192];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	target[len < 0 ? 0 : len] = '\0';
	if (refused && now && strcmp(target, in(now, refused)) == 0) {
		errno = ENOMEM;
		return -1;
	}
	return (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}

static int kernel_teardown(void **state)
{
	refused = NULL;
	now = NULL;
	return teardown(state);
}

/* An event of the directory itself, as if the kernel had told it. */
static void tell_of(struct fixture *fixture, int32_t wd, uint32_t mask)
{
	const struct inotify_event event = { .wd = wd, .mask = mask };
	struct drained drained = { .event = &event, .whole = time_now(), .read = time_now() };
	struct err err = ERR_INIT;

	for (int class = 0; class < WATCH_CLASSES; class ++) {
		drained.class = (enum watch_class) class;
		if (nodes_by_wd(&fixture->watch->nodes, drained.class, wd) == NODE_NONE)
			continue;
		if (event_handle(fixture->watch, &drained, &err) < 0)
			fail_msg("%s", err.message);
		standing_leave(fixture->watch);
		return;
	}
	fail_msg("nobody has the watch %d", wd);
}

static int32_t wd_of(const struct fixture *fixture, const char *name)
{
	const struct node *node = nodes_at(&fixture->watch->nodes, node_at(fixture, name));

	assert_true(is_watched(node));
	return node->wd[class_of(node)];
}

/* Alone or with ISDIR (kernels differ): the directory is dirty and looked at. The watch is freed by IN_IGNORED and by nothing before,
 * and the directory that stands there then is watched. */
static void unmount(void **state)
{
	struct fixture *fixture = *state;
	static const uint32_t masks[] = { IN_UNMOUNT, IN_UNMOUNT | IN_ISDIR };

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		char name[16], file[32];
		int32_t wd;

		(void)snprintf(name, sizeof(name), "m%zu", i);
		dir(fixture, name);
		start(fixture);
		wd = wd_of(fixture, name);
		tell_of(fixture, wd, masks[i]);
		assert_dirty(fixture, name, masks[i]);
		assert_told(fixture, TOLD_LOOK, name);
		assert_true(find_told(fixture, TOLD_LOOK, in(fixture, name))->flag);
		assert_int_equal(wd_of(fixture, name), wd);
		tell_of(fixture, wd, IN_IGNORED);
		/* the kernel has it still, as nothing was unmounted: so it gives the same number again */
		assert_int_equal(wd_of(fixture, name), wd);
		forget(fixture);
		(void)snprintf(file, sizeof(file), "%s/file", name);
		put(fixture, file, "");
		settle(fixture);
		assert_dirty(fixture, file, IN_CREATE);
		check_watches(fixture, 0);
		watch_freep(&fixture->watch);
		forget(fixture);
	}
}

/* That a directory was deleted frees no watch; that the kernel let it go does. Numbers are not used twice, so a late event finds no
 * other directory. */
static void ignored(void **state)
{
	struct fixture *fixture = *state;
	uint32_t id;
	int32_t wd;

	dir(fixture, "a");
	start(fixture);
	id = node_at(fixture, "a");
	wd = wd_of(fixture, "a");
	watch_pause(fixture->watch);
	assert_int_equal(rmdir(in(fixture, "a")), 0);
	tell_of(fixture, wd, IN_DELETE_SELF);
	assert_int_equal(nodes_at(&fixture->watch->nodes, id)->wd[class_of(nodes_at(&fixture->watch->nodes, id))], wd);
	tell_of(fixture, wd, IN_IGNORED | IN_ISDIR);
	for (int class = 0; class < WATCH_CLASSES; class ++)
		assert_int_equal(nodes_by_wd(&fixture->watch->nodes, (enum watch_class) class, wd), NODE_NONE);
	assert_int_equal(node_at(fixture, "a"), NODE_NONE);
	assert_told(fixture, TOLD_GONE, "a");
}

static int failures;

static int count_failure(void *context, struct bytes path, const char *reason)
{
	const struct fixture *fixture = context;

	failures++;
	assert_int_equal(path_compare(path, bytes_of(in(fixture, refused))), 0);
	assert_string_equal(reason, "Cannot allocate memory");
	return 0;
}

/* A directory that gets no watch for want of memory: said, looked at in turns, tried again; what came meanwhile is found. */
static void no_memory(void **state)
{
	struct fixture *fixture = *state;
	struct watch_coverage coverage;
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	size_t cursor = 0;
	uint64_t due;

	start(fixture);
	settle(fixture);
	now = fixture;
	refused = "a";
	dir(fixture, "a");
	dir(fixture, "a/b");
	settle(fixture);
	watch_coverage(fixture->watch, &coverage);
	assert_int_equal(coverage.failed, 1);
	assert_int_equal(watch_failures(fixture->watch, count_failure, fixture), 0);
	assert_int_equal(failures, 1);
	/* whoever polls is given it */
	assert_int_equal(watch_polled(fixture->watch, &cursor, &path, &err), 1);
	assert_int_equal(path_compare(buf_bytes(&path), bytes_of(in(fixture, "a"))), 0);
	assert_int_equal(watch_polled(fixture->watch, &cursor, &path, &err), 0);
	buf_done(&path);
	/* what is in it is watched all the same */
	forget(fixture);
	put(fixture, "a/b/file", "");
	put(fixture, "a/silent", "");
	dir(fixture, "a/late");
	settle(fixture);
	assert_dirty(fixture, "a/b/file", IN_CREATE);
	assert_null(find_told(fixture, TOLD_DIRTY, in(fixture, "a/silent")));
	refused = NULL;
	due = watch_due_ns(fixture->watch);
	assert_true(due != UINT64_MAX);
	do
		assert_int_equal(watch_tick(fixture->watch, due, &err), 0);
	while (watch_due_ns(fixture->watch) <= due);
	watch_coverage(fixture->watch, &coverage);
	assert_int_equal(coverage.failed, 0);
	assert_told(fixture, TOLD_LOOK, "a");
	assert_int_not_equal(node_at(fixture, "a/late"), NODE_NONE);
	forget(fixture);
	put(fixture, "a/silent", "x");
	settle(fixture);
	assert_dirty(fixture, "a/silent", IN_MODIFY);
	check_watches(fixture, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(unmount, setup, kernel_teardown),
		cmocka_unit_test_setup_teardown(ignored, setup, kernel_teardown),
		cmocka_unit_test_setup_teardown(no_memory, setup, kernel_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
