/* Overflows: what they are told as, and that nothing is missing afterwards. */
#include "watch_believer.h"

enum { BURST = 12000 }; /* three events each: more than a queue of 16,384 takes */

static void burst(const struct fixture *fixture, const char *prefix)
{
	for (int i = 0; i < BURST; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "%s%d", prefix, i);
		put(fixture, name, "x");
		if (i % 2)
			assert_int_equal(unlink(in(fixture, name)), 0);
	}
}

static void overflow(void **state)
{
	struct fixture *fixture = *state;
	struct believer believer = { .rows = NULL };
	struct watch_coverage coverage;
	struct err err = ERR_INIT;

	dir(fixture, "a");
	dir(fixture, "b");
	dir(fixture, "b/gone");
	start(fixture);
	believer_scan(&believer, fixture->tree, true);
	watch_pause(fixture->watch);
	burst(fixture, "a/");
	/* all of this comes after the queue was full */
	dir(fixture, "b/new");
	dir(fixture, "b/new/deep");
	put(fixture, "b/new/deep/file", "");
	assert_int_equal(rmdir(in(fixture, "b/gone")), 0);
	move(fixture, "b/new", "b/moved");
	assert_int_equal(watch_resume(fixture->watch, &err), 0);
	settle(fixture);
	watch_coverage(fixture->watch, &coverage);
	assert_true(coverage.overflows[WATCH_ROOT] + coverage.overflows[WATCH_OTHERS] > 0);
	assert_int_equal(count_told(fixture, TOLD_LOST), 1);
	believer_judge(&believer, fixture);
	believer_check(&believer, fixture, 0);
	settle(fixture);
	check_watches(fixture, 0);
	believer_done(&believer);
}

/* A second overflow at once waits, and is told before a barrier is answered. */
static void backoff(void **state)
{
	struct fixture *fixture = *state;
	struct err err = ERR_INIT;
	bool lost = false;
	uint64_t due;

	dir(fixture, "a");
	start(fixture);
	for (int i = 0; i < 2; i++) {
		watch_pause(fixture->watch);
		burst(fixture, i ? "a/x" : "a/");
		assert_int_equal(watch_resume(fixture->watch, &err), 0);
		if (i == 0)
			settle(fixture);
	}
	forget(fixture);
	/* no tick: what is due stays due */
	for (uint64_t mark = 1000000; fixture->last_mark < 1000000; mark++) {
		struct pollfd polled = { .fd = watch_fd(fixture->watch), .events = POLLIN };

		assert_int_equal(watch_mark(fixture->watch, mark, &err), 0);
		while (poll(&polled, 1, 100) > 0)
			assert_true(watch_process(fixture->watch, 1000, &err) >= 0);
	}
	for (size_t i = 0; i < fixture->count; i++) {
		lost = lost || fixture->told[i].kind == TOLD_LOST;
		assert_true(fixture->told[i].kind != TOLD_MARKED || lost);
	}
	due = watch_due_ns(fixture->watch);
	assert_true(due != UINT64_MAX);
	forget(fixture);
	assert_int_equal(watch_tick(fixture->watch, due, &err), 0);
	for (int i = 0; i < 100 && watch_due_ns(fixture->watch) == 0; i++)
		assert_int_equal(watch_tick(fixture->watch, due, &err), 0);
	assert_int_equal(count_told(fixture, TOLD_LOST), 0); /* told before */
	assert_told(fixture, TOLD_LOOK, "a");
}

static void until_idle(struct fixture *fixture)
{
	settle(fixture);
	while (!watch_idle(fixture->watch)) /* the marks' own files */
		(void)turn(fixture);
}

/* An event that the kernel still has waits, too, though nothing of it is in memory. */
static void idle(void **state)
{
	struct fixture *fixture = *state;
	struct watch_coverage coverage;
	struct err err = ERR_INIT;

	dir(fixture, "a");
	start(fixture);
	until_idle(fixture);
	watch_pause(fixture->watch);
	put(fixture, "a/x", "");
	watch_coverage(fixture->watch, &coverage);
	assert_int_equal(coverage.waiting_bytes, 0);
	assert_false(watch_idle(fixture->watch));
	assert_int_equal(watch_resume(fixture->watch, &err), 0);
	until_idle(fixture);
	assert_told(fixture, TOLD_DIRTY, "a/x");
}

/* A small bound in memory: the kernel keeps the rest. */
static void bounded(void **state)
{
	struct fixture *fixture = *state;
	struct watch_options options = options_of(fixture);
	struct watch_coverage coverage;

	options.queue_bytes = 4096;
	dir(fixture, "a");
	start_with(fixture, &options);
	burst(fixture, "a/");
	watch_coverage(fixture->watch, &coverage);
	assert_true(coverage.waiting_bytes <= 4096 + 2 * 65536);
	settle(fixture);
	watch_coverage(fixture->watch, &coverage);
	assert_true(coverage.overflows[WATCH_ROOT] + coverage.overflows[WATCH_OTHERS] > 0);
	assert_told(fixture, TOLD_LOOK, "a");
}

/* 50,000 files made and removed while somebody reads, on one processor: all of them told, or a gap. */
static void many_files(void **state)
{
	struct fixture *fixture = *state;
	struct watch_coverage coverage;
	cpu_set_t one, before;
	pid_t pid;
	int status;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&one);
	for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
		if (CPU_ISSET(cpu, &before))
			CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	dir(fixture, "a");
	start(fixture);
	fixture->quiet = true;
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 50000; i++) {
			char name[32];

			(void)snprintf(name, sizeof(name), "a/%d", i);
			(void)close(open(in(fixture, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
			(void)unlink(in(fixture, name));
		}
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		(void)turn(fixture);
	settle(fixture);
	watch_coverage(fixture->watch, &coverage);
	print_message("%zu told, %" PRIu64 " overflows\n", fixture->dirty_count,
		      coverage.overflows[WATCH_ROOT] + coverage.overflows[WATCH_OTHERS]);
	/* made, closed, removed; the directory twice */
	if (coverage.overflows[WATCH_ROOT] + coverage.overflows[WATCH_OTHERS] == 0)
		assert_true(fixture->dirty_count >= 50000 * 5);
	else
		assert_true(count_told(fixture, TOLD_LOST) > 0);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(overflow, setup, teardown),
		cmocka_unit_test_setup_teardown(backoff, setup, teardown),
		cmocka_unit_test_setup_teardown(idle, setup, teardown),
		cmocka_unit_test_setup_teardown(bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(many_files, setup, teardown),
	};

	/* in memory, if possible: file systems on disks may be slow to make anew what was just removed */
	if (access("/dev/shm", W_OK | X_OK) == 0)
		fixture_base = "/dev/shm";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
