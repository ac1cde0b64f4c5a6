/* test_scan_deep.c - trees deeper and paths longer than the kernel takes in one call, in few descriptors. */
#include "scan_fixture.h"

#include <sys/resource.h>

/* DEPTH directories called NAME one in another, each with a file behind it in order. Returns the innermost one. */
static int make_deep(const struct fixture *fixture, const char *name, int depth, bool files)
{
	int fd = dup(fixture->fd);

	for (int i = 0; i < depth; i++) {
		int next;

		assert_int_equal(mkdirat(fd, name, 0755), 0);
		next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		if (files) {
			int file = openat(fd, "zz", O_WRONLY | O_CREAT, 0644);

			assert_int_equal(write(file, "x", 1), 1);
			(void)close(file);
		}
		(void)close(fd);
		fd = next;
	}
	return fd;
}

static struct result scan_with(const struct fixture *fixture, unsigned threads)
{
	struct scan_options options = options_of(fixture);
	struct result result;

	options.threads = threads;
	result = collect(&options);
	if (result.r < 0)
		fail_msg("scan: %s", result.err.message);
	return result;
}

/* Few descriptors: ancestors are closed and must be found again. */
static void with_few_descriptors(bool few)
{
	static struct rlimit saved;
	struct rlimit limit;

	if (!few) {
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
		return;
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
	limit = saved;
	limit.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* With a file behind each directory, so that the way back up is walked in closed ones. */
static void test_deep(void **state)
{
	enum { DEPTH = 1000 };
	struct fixture *fixture = *state;
	struct result result;

	(void)close(make_deep(fixture, "d", DEPTH, true));
	with_few_descriptors(true);
	for (unsigned threads = 1; threads <= 2; threads++) {
		result = scan_with(fixture, threads);
		assert_int_equal(result.count, 2 * DEPTH + 1);
		assert_int_equal(result.files_read, DEPTH);
		assert_int_equal(result.unexamined, 0);
		assert_int_equal(path_of(&result.rows[DEPTH]).len, 2 * DEPTH);
		result_done(&result);
	}
	with_few_descriptors(false);
}

static void test_deeper(void **state)
{
	enum { DEPTH = 5000 };
	struct fixture *fixture = *state;
	struct result result;

	(void)close(make_deep(fixture, "d", DEPTH, false));
	result = scan_with(fixture, 2);
	assert_int_equal(result.count, DEPTH + 1);
	assert_int_equal(result.unexamined, 0);
	result_done(&result);
}

/* Directories below which the path would be too long to record say so themselves. */
static void test_too_long(void **state)
{
	struct fixture *fixture = *state;
	const struct entry *last;
	struct result result;
	char name[256];
	int fd;

	memset(name, 'n', 255);
	name[255] = '\0';
	fd = make_deep(fixture, name, 256, false); /* 256 * 256 bytes: exactly the most */
	assert_int_equal(mkdirat(fd, "x", 0755), 0);
	assert_int_equal(close(fd), 0);
	result = scan_with(fixture, 2);
	assert_int_equal(result.count, 257);
	last = &result.rows[256].b->entry;
	assert_int_equal(last->path.len, PATH_MAX_BYTES);
	assert_true(last->failed & ATTR_BIT(ATTR_CONTENT));
	assert_problem(last, "paths in it are longer than 65536 bytes");
	assert_int_equal(result.unexamined, 1);
	result_done(&result);
}

/* Given up while a deep tree is listed ahead. */
static void test_deep_abandoned(void **state)
{
	struct fixture *fixture = *state;
	struct scan_options options;
	struct pairs *pairs = NULL;
	struct pair pair;
	struct err err;

	(void)close(make_deep(fixture, "d", 1500, false));
	options = options_of(fixture);
	assert_int_equal(scan_new(&options, &pairs, &err), 0);
	assert_int_equal(pairs_next(pairs, &pair, &err), 1);
	(void)usleep(100 * 1000);
	pairs_freep(&pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_deep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deeper, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deep_abandoned, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
