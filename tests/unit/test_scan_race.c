/* test_scan_race.c - a tree that changes while it is scanned: no hang, and nothing false. */
#include "scan_fixture.h"

#include <signal.h>
#include <sys/prctl.h>

/* Runs WORK in a child until the test is over. */
static pid_t disturb(struct fixture *fixture, void (*work)(struct fixture *fixture))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			work(fixture);
	}
	return pid;
}

static void calm(pid_t pid)
{
	int status;

	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
}

enum { REWRITTEN_BYTES = 4 << 20 };

static void rewrite(struct fixture *fixture)
{
	static char data[65536];
	int fd = openat(fixture->fd, "rewritten", O_WRONLY);

	memset(data, data[0] + 1, sizeof(data));
	for (int i = 0; i < REWRITTEN_BYTES / (int)sizeof(data); i++)
		(void)!write(fd, data, sizeof(data));
	(void)close(fd);
}

/* A digest covers what the entry says, or there is none; the scan ends though the file never rests. */
static void test_rewritten(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid;

	put_file(fixture, "rewritten", "x");
	rewrite(fixture);
	put_file(fixture, "steady", "x");
	pid = disturb(fixture, rewrite);
	for (int i = 0; i < 5; i++) {
		struct result result = scan_all(fixture);
		const struct entry *entry = entry_at(&result, "/rewritten");

		assert_digest(entry_at(&result, "/steady"), "x", 1);
		if (entry->failed)
			assert_problem(entry, "changed while it was read");
		else
			assert_int_equal(entry->digest_bytes, entry->size);
		result_done(&result);
	}
	calm(pid);
}

static void churn(struct fixture *fixture)
{
	for (int i = 0; i < 200; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "dir/%d", i);
		(void)close(openat(fixture->fd, name, O_WRONLY | O_CREAT, 0644));
		(void)snprintf(name, sizeof(name), "sub%d", i % 7);
		(void)mkdirat(fixture->fd, name, 0755);
		(void)renameat(fixture->fd, name, fixture->fd, "sub");
		(void)unlinkat(fixture->fd, "sub", AT_REMOVEDIR);
	}
	for (int i = 0; i < 200; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "dir/%d", i);
		(void)unlinkat(fixture->fd, name, 0);
	}
}

/* What comes and goes is there or not, never unexamined. */
static void test_vanishing(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid;

	put_dir(fixture, "dir");
	put_file(fixture, "steady", "x");
	pid = disturb(fixture, churn);
	for (int i = 0; i < 30; i++) {
		struct result result = scan_all(fixture);

		assert_digest(entry_at(&result, "/steady"), "x", 1);
		for (size_t k = 0; k < result.count; k++) {
			const struct entry *entry = &result.rows[k].b->entry;

			if (entry->failed && entry->type != TYPE_DIR)
				fail_msg("'%s': %.*s", QUOTE_N(entry->path.data, entry->path.len),
					 (int)entry->problem.len, (const char *)entry->problem.data);
		}
		result_done(&result);
	}
	calm(pid);
}

static void swap(struct fixture *fixture)
{
	(void)unlinkat(fixture->fd, "open/x", 0);
	(void)mkfifoat(fixture->fd, "open/x", 0666);
	(void)unlinkat(fixture->fd, "open/x", 0);
	(void)symlinkat("../steady", fixture->fd, "open/x");
	(void)unlinkat(fixture->fd, "open/x", 0);
	(void)close(openat(fixture->fd, "open/x", O_WRONLY | O_CREAT, 0644));
}

/* A name that is a file, a FIFO and a link in turn, where others may write: no link is followed, no FIFO opened. */
static void test_swapped(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid;

	put_dir(fixture, "open");
	assert_int_equal(fchmodat(fixture->fd, "open", 0777, 0), 0);
	put_file(fixture, "steady", "steady content");
	pid = disturb(fixture, swap);
	for (int i = 0; i < 300; i++) {
		struct result result = scan_all(fixture);
		const struct got *got = got_at(&result, "/open/x");
		const struct entry *entry = got && got->b ? &got->b->entry : NULL;

		if (entry && entry->type == TYPE_FILE && (entry->value & ATTR_BIT(ATTR_CONTENT)))
			assert_int_equal(entry->digest_bytes, 0);
		if (entry && entry->type != TYPE_FILE)
			assert_false(entry->value & ATTR_BIT(ATTR_CONTENT));
		result_done(&result);
	}
	calm(pid);
}

static void grow(struct fixture *fixture)
{
	static char text[100];
	int fd = openat(fixture->fd, "log", O_WRONLY | O_APPEND);

	memset(text, 'l', sizeof(text));
	(void)!write(fd, text, sizeof(text));
	(void)close(fd);
	(void)usleep(100);
}

/* A log is hashed to the size it had; that it goes on growing is no failure. */
static void test_growing(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid;

	set_policy(fixture, "version: 1\nrules:\n  - path: /\n    profile: growing-log\n");
	put_file(fixture, "log", "l");
	grow(fixture);
	pid = disturb(fixture, grow);
	for (int i = 0; i < 20; i++) {
		struct result result = scan_all(fixture);
		const struct entry *entry = entry_at(&result, "/log");
		char *expected = malloc(entry->size);

		memset(expected, 'l', entry->size);
		assert_int_equal(entry->failed, 0);
		assert_digest(entry, expected, entry->size);
		free(expected);
		result_done(&result);
	}
	calm(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rewritten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vanishing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_swapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_growing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
