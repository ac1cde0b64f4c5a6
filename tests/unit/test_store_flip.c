/*
 * test_store_flip.c - any one byte of a baseline flipped: what is read is as before, or it is refused.
 *
 * The file is repacked into pages of 512 bytes first: so it has interior pages and overflow chains, and no large
 * empty spaces. With TALLY_FLIP_ALL set three patterns are tried on every byte, else they take turns; under a
 * sanitizer every fourth byte has to do.
 */
#include "store_fixture.h"

#include <sys/wait.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const size_t stride = 4;
#else
static const size_t stride = 1;
#endif
enum { WORKERS = 2 };

struct original {
	struct buf file, is_signed, rest;
};

static void original_done(struct original *original)
{
	buf_done(&original->file);
	buf_done(&original->is_signed);
	buf_done(&original->rest);
}

static bool is_refusal(int r)
{
	return r == ERR_DATA || r == ERR_UNTRUSTED;
}

/* Reads all of it. The verdict on signatures follows from what is signed alone, so it is asked only when that differs. */
static int read_again(const struct fixture *fixture, const char *name, const struct original *original, bool *ret_same,
		      struct err *err)
{
	CLEANUP(baseline_freep) struct baseline *baseline = NULL;
	CLEANUP(buf_done) struct buf is_signed = BUF_INIT, rest = BUF_INIT;
	int r;

	r = baseline_open(fixture->dirfd, name, &baseline, err);
	if (r < 0)
		return r;
	dump_signed(baseline, &is_signed);
	*ret_same = buf_same(&is_signed, &original->is_signed);
	if (!*ret_same) {
		CLEANUP(trust_verdict_done) struct trust_verdict verdict = { .signatures = NULL };

		return baseline_verify(baseline, &fixture->trust, 0, &verdict, err);
	}
	r = dump_rest(baseline, &rest, err);
	*ret_same = buf_same(&rest, &original->rest);
	return r;
}

/* One worker's share of the bytes, on a copy of its own. Returns the number of failures. */
static int flip_share(const struct fixture *fixture, const struct original *original, size_t worker)
{
	static const unsigned char patterns[] = { 0x01, 0x80, 0xff };
	bool all = getenv("TALLY_FLIP_ALL") != NULL;
	struct err err = ERR_INIT;
	int failures = 0;
	char name[32];
	int fd;

	(void)snprintf(name, sizeof(name), "copy-%zu", worker);
	fd = openat(fixture->dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fd_write_all(fd, original->file.data, original->file.len, name, &err) < 0)
		return 1;
	for (size_t at = worker; at < original->file.len; at += WORKERS * (all ? 1u : stride)) {
		for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
			unsigned char flipped = original->file.data[at] ^ patterns[i];
			bool same = false;
			int r;

			if (!all && i != (at / (WORKERS * stride)) % ARRAY_SIZE(patterns))
				continue;
			if (pwrite(fd, &flipped, 1, (off_t)at) != 1)
				return 1;
			r = read_again(fixture, name, original, &same, &err);
			if (r < 0 ? !is_refusal(r) : !same) {
				print_error("byte %zu ^ 0x%02x: %d %s\n", at, patterns[i], r, r < 0 ? err.message : "");
				failures++;
			}
		}
		if (pwrite(fd, &original->file.data[at], 1, (off_t)at) != 1)
			return 1;
	}
	(void)close(fd);
	return failures;
}

static void every_byte(void **state)
{
	const struct fixture *fixture = *state;
	CLEANUP(original_done) struct original original = { .file = BUF_INIT };
	struct err err = ERR_INIT;
	pid_t workers[WORKERS];
	bool same = false;

	fixture_make(fixture);
	fixture_sql(fixture, "PRAGMA page_size=512; VACUUM");
	must(fd_read_file(fixture->dirfd, fixture_name, 1 << 20, &original.file, NULL, &err), &err);
	{
		CLEANUP(baseline_freep) struct baseline *baseline = NULL;

		must(baseline_open(fixture->dirfd, fixture_name, &baseline, &err), &err);
		dump_signed(baseline, &original.is_signed);
		must(dump_rest(baseline, &original.rest, &err), &err);
	}
	must(read_again(fixture, fixture_name, &original, &same, &err), &err);
	assert_true(same);
	for (size_t i = 0; i < WORKERS; i++) {
		workers[i] = fork();
		assert_true(workers[i] >= 0);
		if (workers[i] == 0)
			_exit(flip_share(fixture, &original, i) ? 1 : 0);
	}
	for (size_t i = 0; i < WORKERS; i++) {
		int status = -1;

		assert_int_equal(waitpid(workers[i], &status, 0), workers[i]);
		assert_int_equal(status, 0);
	}
}

/* Cut at every page, and somewhere within each. */
static void truncated(void **state)
{
	const struct fixture *fixture = *state;
	CLEANUP(original_done) struct original original = { .file = BUF_INIT };
	struct err err = ERR_INIT;
	int fd;

	fixture_make(fixture);
	fixture_sql(fixture, "PRAGMA page_size=512; VACUUM");
	must(fd_read_file(fixture->dirfd, fixture_name, 1 << 20, &original.file, NULL, &err), &err);
	fd = openat(fixture->dirfd, fixture_name, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t len = original.file.len - 1; len > 0; len -= len > 511 ? 511 : len) {
		bool same = false;

		assert_int_equal(ftruncate(fd, (off_t)len), 0);
		assert_true(is_refusal(read_again(fixture, fixture_name, &original, &same, &err)));
	}
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(read_again(fixture, fixture_name, &original, &(bool){ false }, &err), ERR_DATA);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_byte, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(truncated, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("store_flip", tests, NULL, NULL);
}
