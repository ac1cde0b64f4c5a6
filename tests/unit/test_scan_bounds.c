/* test_scan_bounds.c - how much a scan reads: contents up to a size, at a rate. */
#include "scan_fixture.h"

/* HEAD and zeros behind it. */
static void put_bytes(const struct fixture *fixture, const char *name, const char *head, off_t size)
{
	int fd;

	put_file(fixture, name, head);
	fd = openat(fixture->fd, name, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	(void)close(fd);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void test_read_below(void **state)
{
	static const char *const unread[] = { "/large", "/program", "/v/elf", "/v/large" };
	struct fixture *fixture = *state;
	struct scan_options options = options_of(fixture);
	struct result result;

	set_policy(fixture, "version: 1\nrules:\n  - path: /\n  - path: /v\n    profile: volatile\n");
	options.policy = fixture->policy;
	put_dir(fixture, "v");
	put_bytes(fixture, "small", "x", 4096);
	put_bytes(fixture, "large", "x", 4097);
	put_bytes(fixture, "program", "x", 10000);
	put_bytes(fixture, "v/large", "x", 10000);
	put_bytes(fixture, "v/elf", "\177ELF", 10000);
	assert_int_equal(fchmodat(fixture->fd, "program", 0755, 0), 0);
	options.read_below = 4096;
	result = collect(&options);
	assert_int_equal(result.r, 0);
	assert_true(entry_at(&result, "/small")->value & ATTR_BIT(ATTR_CONTENT));
	for (size_t i = 0; i < ARRAY_SIZE(unread); i++) {
		const struct entry *entry = entry_at(&result, unread[i]);

		assert_int_equal((entry->value | entry->none | entry->failed) & ATTR_BIT(ATTR_CONTENT), 0);
		assert_int_equal(entry->problem.len, 0);
	}
	assert_int_equal(entry_at(&result, "/v/elf")->head, HEAD_ELF);
	assert_int_equal(result.unexamined, 0);
	result_done(&result);
}

/* Of a log that has grown, only as much is read as was recorded. */
static void test_read_below_of_growing(void **state)
{
	struct fixture *fixture = *state;
	struct scan_options options = options_of(fixture);
	struct result before, after;
	struct replay replay;

	set_policy(fixture, "version: 1\nrules:\n  - path: /\n    profile: growing-log\n");
	options.policy = fixture->policy;
	put_bytes(fixture, "log", "line", 4000);
	before = scan_all(fixture);
	put_bytes(fixture, "log", "line", 100000);
	replay = replay_of(&before);
	options.reference = &replay.tree;
	options.read_below = 4096;
	after = collect(&options);
	assert_int_equal(after.r, 0);
	assert_int_equal(entry_at(&after, "/log")->digest_bytes, 4000);
	result_done(&before);
	result_done(&after);
}

/* Slow: one file, longer than one read; the limit of the stall detection is far below what it takes. */
static void test_rate(void **state)
{
	enum { BYTES = 400 << 10, RATE = 200 << 10 };
	struct fixture *fixture = *state;
	struct scan_options options = options_of(fixture);
	struct result result = { .rows = NULL };
	struct pairs *pairs = NULL;
	uint64_t begin = now_ms(), took;

	put_bytes(fixture, "a", "x", BYTES / 2);
	put_bytes(fixture, "b", "x", BYTES);
	options.rate_bytes = RATE;
	assert_int_equal(scan_new(&options, &pairs, &result.err), 0);
	scan_set_stall_limit(pairs, 1000);
	collect_from(pairs, &result);
	pairs_freep(&pairs);
	took = now_ms() - begin;
	assert_int_equal(result.r, 0);
	assert_int_equal(result.unexamined, 0);
	assert_int_equal(result.bytes_read, BYTES / 2 + BYTES);
	/* a lower bound, which no load on this machine can break */
	assert_true(took >= 1000 * (BYTES / 2 + BYTES) / RATE - 200);
	result_done(&result);
}

/* A scan that sleeps between its reads is given up at once. */
static void test_rate_interrupted(void **state)
{
	struct fixture *fixture = *state;
	struct scan_options options = options_of(fixture);
	atomic_bool interrupted = false;
	struct pairs *pairs = NULL;
	struct err err = ERR_INIT;
	struct pair pair;

	put_bytes(fixture, "a", "x", 1 << 20);
	options.rate_bytes = 100;
	options.interrupted = &interrupted;
	assert_int_equal(scan_new(&options, &pairs, &err), 0);
	assert_int_equal(pairs_next(pairs, &pair, &err), 1);
	atomic_store(&interrupted, true);
	assert_int_equal(pairs_next(pairs, &pair, &err), ERR_INTERRUPTED);
	pairs_freep(&pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read_below, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_below_of_growing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rate_interrupted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
