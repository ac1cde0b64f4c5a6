/*
 * test_daemon_look_slices.c - looks in parts: resumed behind a path, stepping aside, cut off; at idle priority; leaving no
 * trace in what they read.
 */
#include "look_fixture.h"

#include <dirent.h>
#include <sched.h>
#include <sys/syscall.h>

enum { IOPRIO_CLASS_OF_IDLE = 3 };

static int begin_with(void **state, void (*fill)(struct rig *rig))
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	(void)fixture_empty((void **)&rig->fixture);
	fill(rig);
	let_times_pass();
	fixture_init(rig->fixture);
	rig->view = fixture_view(rig->fixture);
	rig_begin(rig);
	*state = rig;
	return 0;
}

static int finish(void **state)
{
	struct rig *rig = *state;

	rig_end(rig);
	(void)fixture_teardown((void **)&rig->fixture);
	free(rig);
	return 0;
}

static int begin_random(void **state)
{
	return begin_with(state, fill_at_random);
}

/* Everything below the tree gets another mode, and so does the tree. */
static void change_all(const struct rig *rig)
{
	run((const char *const[]){ "chmod", "-R", "go-rwx", "--", rig->fixture->tree, NULL });
}

struct list {
	char *names[TOLD_MAX];
	size_t count;
};

static void list_done(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
}

static void take_told(struct rig *rig, struct list *list)
{
	for (size_t i = 0; i < rig->told_count; i++) {
		assert_true(list->count < TOLD_MAX);
		list->names[list->count++] = STEAL(rig->told[i]);
	}
}

/* Slices of STEP names, each behind the one before, tell the same as one look. */
static void slices_of(struct rig *rig, const char *paths, enum scan_depth depth, uint64_t step)
{
	CLEANUP(list_done) struct list whole = { .count = 0 };
	CLEANUP(list_done) struct list parts = { .count = 0 };
	struct look_request request = request_for(rig, LOOK_ROUND, paths, depth);
	CLEANUP(freep) char *after = NULL;
	unsigned slices = 0;

	rig_look(rig, request);
	assert_true(rig->done->ended);
	take_told(rig, &whole);
	assert_true(whole.count > 1);
	do {
		request = request_for(rig, LOOK_ROUND, paths, depth);
		request.stop_entries = step;
		if (after)
			request.after = owned(after);
		rig_look(rig, request);
		take_told(rig, &parts);
		free(after);
		after = NULL;
		if (!rig->done->ended) {
			after = strndup((char *)rig->done->reached.data, rig->done->reached.len);
			assert_non_null(after);
		}
		assert_true(slices++ < 2 * whole.count);
	} while (after);
	assert_int_equal(parts.count, whole.count);
	for (size_t i = 0; i < whole.count; i++)
		assert_string_equal(parts.names[i], whole.names[i]);
}

static void each_path_once(void **state)
{
	struct rig *rig = *state;

	change_all(rig);
	slices_of(rig, NULL, SCAN_BELOW, 1);
	slices_of(rig, NULL, SCAN_BELOW, 7);
	slices_of(rig, NULL, SCAN_BELOW, 100);
	slices_of(rig, "a b A a- a0", SCAN_BELOW, 3);
	slices_of(rig, ". a a/a b a-", SCAN_CHILDREN, 3);
	slices_of(rig, ". a a/a b a-", SCAN_SELF, 1);
}

static void bytes_end_a_slice(void **state)
{
	struct rig *rig = *state;
	struct look_request request = request_for(rig, LOOK_ROUND, NULL, SCAN_BELOW);

	request.stop_bytes = 1;
	rig_look(rig, request);
	assert_false(rig->done->ended);
	assert_true(rig->done->bytes_read > 0);
	assert_true(rig->done->reached.len > 0);
}

/* --- longer looks --- */

enum { BIG_FILES = 16, BIG_BYTES = 64 << 10, SLOW_RATE = 512 << 10 };

static void fill_big(struct rig *rig)
{
	static char text[BIG_BYTES + 1];

	memset(text, 'x', BIG_BYTES);
	for (int i = 0; i < BIG_FILES; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "big%02d", i);
		put_text(under(rig->fixture->tree, name), text);
	}
	assert_int_equal(mkdir(under(rig->fixture->tree, "other"), 0755), 0);
	put_text(under(rig->fixture->tree, "other/x"), "x\n");
}

static int begin_big(void **state)
{
	return begin_with(state, fill_big);
}

/* About two seconds long. */
static void ask_slow(struct rig *rig, enum look_purpose purpose)
{
	struct look_request request = request_for(rig, purpose, NULL, SCAN_BELOW);
	struct err err = ERR_INIT;

	request.rate_bytes = SLOW_RATE;
	must(looker_ask(rig->looker, &request, rig->view, &err), &err);
}

static void wait_until_reading(struct rig *rig)
{
	const struct timespec nap = { .tv_nsec = 5 * 1000000L };
	struct looker_state now = { .busy = false };

	while (!now.busy || now.bytes_read == 0) {
		(void)nanosleep(&nap, NULL);
		looker_state(rig->looker, &now);
	}
}

static void steps_aside(struct rig *rig, enum look_purpose slow, enum look_purpose quick)
{
	struct look_request request = request_for(rig, quick, "other", SCAN_CHILDREN);
	struct looker_state now;
	struct err err = ERR_INIT;

	ask_slow(rig, slow);
	wait_until_reading(rig);
	looker_state(rig->looker, &now);
	assert_int_equal(now.purpose, slow);
	assert_int_equal(now.waiting_urgent, slow < LOOK_POLL);
	request.number = 17;
	must(looker_ask(rig->looker, &request, rig->view, &err), &err);
	rig_wait(rig);
	assert_int_equal(rig->done->purpose, quick);
	assert_int_equal(rig->done->number, 17);
	rig_wait(rig);
	assert_int_equal(rig->done->purpose, slow);
	assert_true(rig->done->ended);
	/* each once, though some contents were being read twice */
	assert_int_equal(rig->done->examined, BIG_FILES + 3);
	assert_int_equal(rig->told_count, BIG_FILES + 3);
	for (size_t i = 1; i < rig->told_count; i++)
		assert_true(strcmp(rig->told[i - 1], rig->told[i]) < 0);
	do /* the message comes first */
		looker_state(rig->looker, &now);
	while (now.busy);
	assert_int_equal(now.waiting, 0);
	assert_int_equal(now.waiting_urgent, 0);
}

static void urgent_looks_come_first(void **state)
{
	struct rig *rig = *state;

	change_all(rig);
	steps_aside(rig, LOOK_ROUND, LOOK_POLL);
	steps_aside(rig, LOOK_START, LOOK_NAMES);
	steps_aside(rig, LOOK_ROUND, LOOK_NAMES);
}

static void cut_off(void **state)
{
	struct rig *rig = *state;

	ask_slow(rig, LOOK_ROUND);
	ask_slow(rig, LOOK_START);
	ask_slow(rig, LOOK_ASKED);
	wait_until_reading(rig);
	looker_freep(&rig->looker);
	assert_null(rig->looker);
}

/* Threads of this process that SCHED_IDLE and the idle class of the disk hold back. */
static unsigned idle_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned count = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		count += tid > 0 && sched_getscheduler(tid) == SCHED_IDLE &&
			 syscall(SYS_ioprio_get, 1, tid) >> 13 == IOPRIO_CLASS_OF_IDLE;
	}
	(void)closedir(dir);
	return count;
}

static void at_idle_priority(void **state)
{
	struct rig *rig = *state;

	while (idle_threads() == 0) /* it is only just starting */
		(void)sched_yield();
	ask_slow(rig, LOOK_ROUND);
	wait_until_reading(rig);
	/* its own, and the one that reads */
	assert_int_equal(idle_threads(), 2);
	rig_wait(rig);
	ask_slow(rig, LOOK_LOSS);
	wait_until_reading(rig);
	assert_int_equal(idle_threads(), 1);
	looker_freep(&rig->looker);
}

static void set_old_access_time(const char *path)
{
	/* older than the last change: relatime would move it */
	const struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_nsec = UTIME_OMIT } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static int64_t access_time(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_atim.tv_sec;
}

static void no_access_time_moves(void **state)
{
	static const char *const names[] = { "", "big00", "big15", "other", "other/x" };
	struct rig *rig = *state;

	if (geteuid() != 0) {
		print_message("skipped: only root may read without moving access times of everybody's files\n");
		skip();
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		set_old_access_time(under(rig->fixture->tree, names[i]));
	rig_look(rig, request_for(rig, LOOK_START, NULL, SCAN_BELOW));
	assert_true(rig->done->files_read >= BIG_FILES);
	rig_look(rig, request_for(rig, LOOK_POLL, ". other", SCAN_CHILDREN));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(access_time(under(rig->fixture->tree, names[i])), 1000000000);
}

/* More names than messages may lie around: a look waits for its reader, and loses nothing. */
static void nobody_reads(void **state)
{
	struct rig *rig = *state;
	struct look_request request = request_for(rig, LOOK_START, NULL, SCAN_BELOW);
	struct looker_state now = { .busy = false };
	struct err err = ERR_INIT;

	change_all(rig);
	must(looker_ask(rig->looker, &request, rig->view, &err), &err);
	do
		looker_state(rig->looker, &now);
	while (now.waiting_urgent);
	/* its messages are there */
	rig_wait(rig);
	assert_true(rig->told_count > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_path_once, begin_random, finish),
		cmocka_unit_test_setup_teardown(bytes_end_a_slice, begin_random, finish),
		cmocka_unit_test_setup_teardown(nobody_reads, begin_random, finish),
		cmocka_unit_test_setup_teardown(urgent_looks_come_first, begin_big, finish),
		cmocka_unit_test_setup_teardown(at_idle_priority, begin_big, finish),
		cmocka_unit_test_setup_teardown(no_access_time_moves, begin_big, finish),
		cmocka_unit_test_setup_teardown(cut_off, begin_big, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
