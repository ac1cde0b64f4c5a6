/* test_scan_content.c - what is read, how much of it, and what is said when it can't be. */
#include "scan_fixture.h"

#include <signal.h>

#define MIB (1u << 20)

static void test_sizes(void **state)
{
	static const size_t sizes[] = { 0, 1, 55, 64, 4095, 4096, 262143, 262144, 262145, MIB - 1, MIB, 3 * MIB + 17 };
	struct fixture *fixture = *state;
	char *data = malloc(4 * MIB);
	struct result result;

	for (size_t i = 0; i < 4 * MIB; i++)
		data[i] = (char)(i * 31 + (i >> 9));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char name[32];
		int fd;

		(void)snprintf(name, sizeof(name), "%zu", sizes[i]);
		fd = openat(fixture->fd, name, O_WRONLY | O_CREAT, 0600);
		assert_int_equal(write(fd, data, sizes[i]), sizes[i]);
		(void)close(fd);
	}
	result = scan_all(fixture);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "/%zu", sizes[i]);
		assert_digest(entry_at(&result, name), data, sizes[i]);
	}
	assert_int_equal(result.files_read, sizeof(sizes) / sizeof(sizes[0]));
	result_done(&result);
	free(data);
}

static void test_metadata_only(void **state)
{
	struct fixture *fixture = *state;
	struct scan_options options = options_of(fixture);
	struct result result;

	put_file(fixture, "file", "x");
	options.metadata_only = true;
	result = collect(&options);
	assert_int_equal(result.bytes_read, 0);
	assert_int_equal(
		(entry_at(&result, "/file")->value | entry_at(&result, "/file")->none) & ATTR_BIT(ATTR_CONTENT), 0);
	result_done(&result);
}

static void test_profiles(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t content = ATTR_BIT(ATTR_CONTENT);
	struct result result;

	set_policy(fixture, "version: 1\nrules:\n"
			    "  - path: /\n    profile: owner\n"
			    "  - path: /static\n    profile: static\n"
			    "  - path: /volatile\n    profile: volatile\n"
			    "  - path: /grow\n    profile: growing-log\n"
			    "  - path: /out\n    exclude: true\n");
	put_file(fixture, "owner", "x");
	put_file(fixture, "static", "x");
	put_dir(fixture, "out");
	put_file(fixture, "out/x", "x");
	put_dir(fixture, "volatile");
	put_file(fixture, "volatile/log", "some text");
	put_file(fixture, "volatile/short", "\177EL");
	put_file(fixture, "volatile/elf", "\177ELF and more");
	put_file(fixture, "volatile/script", "#!/bin/sh\n");
	assert_int_equal(fchmodat(fixture->fd, "volatile/script", 0755, 0), 0);
	put_dir(fixture, "grow");
	put_file(fixture, "grow/log", "line\n");
	put_file(fixture, "grow/elf", "\177ELF");
	result = scan_all(fixture);
	assert_int_equal((entry_at(&result, "/owner")->value | entry_at(&result, "/owner")->failed) & content, 0);
	assert_digest(entry_at(&result, "/static"), "x", 1);
	assert_null(got_at(&result, "/out"));
	assert_null(got_at(&result, "/out/x"));
	assert_int_equal(result.excluded, 1);
	assert_int_equal(entry_at(&result, "/volatile/log")->value & content, 0);
	assert_int_equal(entry_at(&result, "/volatile/log")->head, HEAD_PLAIN);
	assert_int_equal(entry_at(&result, "/volatile/short")->head, HEAD_PLAIN);
	assert_int_equal(entry_at(&result, "/volatile/elf")->head, HEAD_ELF);
	assert_digest(entry_at(&result, "/volatile/elf"), "\177ELF and more", 13);
	assert_digest(entry_at(&result, "/volatile/script"), "#!/bin/sh\n", 10);
	assert_int_equal(entry_at(&result, "/grow/log")->head, HEAD_PLAIN);
	assert_digest(entry_at(&result, "/grow/log"), "line\n", 5);
	assert_int_equal(entry_at(&result, "/grow/elf")->head, HEAD_ELF);
	result_done(&result);
}

/* 8 EiB less a bit: must be answered at once, and without a byte read. */
static void test_huge_sparse(void **state)
{
	struct fixture *fixture = *state;
	struct result result;
	off_t size = INT64_MAX;
	int fd = openat(fixture->fd, "sparse", O_WRONLY | O_CREAT, 0600);

	while (ftruncate(fd, size) < 0)
		size /= 2;
	(void)close(fd);
	assert_true(size > (off_t)64 << 30);
	result = scan_all(fixture);
	assert_true(entry_at(&result, "/sparse")->failed & ATTR_BIT(ATTR_CONTENT));
	assert_problem(entry_at(&result, "/sparse"), "larger than max_content, 64 GiB");
	assert_int_equal(entry_at(&result, "/sparse")->size, size);
	assert_int_equal(result.bytes_read, 0);
	assert_int_equal(result.unexamined, 1);
	result_done(&result);
}

/* Runs what follows in a child that is nobody, with the tree readable to it. */
static bool as_nobody(struct fixture *fixture)
{
	pid_t pid;
	int status;

	if (geteuid() != 0) {
		print_message("[  NOTE    ] needs root\n");
		skip();
	}
	assert_int_equal(fchmod(fixture->fd, 0755), 0);
	(void)fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0) {
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		return false;
	}
	if (setgid(65534) < 0 || setuid(65534) < 0)
		_exit(2);
	return true;
}

#define CHILD_CHECK(condition)                                                                                         \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			print_error("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                    \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)

static bool says(const struct result *result, const char *path, const char *problem)
{
	const struct got *got = got_at(result, path);

	return got && got->b && got->b->entry.failed && got->b->entry.problem.len == strlen(problem) &&
	       memcmp(got->b->entry.problem.data, problem, strlen(problem)) == 0;
}

static void test_unreadable(void **state)
{
	struct fixture *fixture = *state;
	struct result result;

	put_file(fixture, "secret", "x");
	assert_int_equal(fchmodat(fixture->fd, "secret", 0600, 0), 0);
	put_file(fixture, "open", "x");
	put_dir(fixture, "closed");
	put_file(fixture, "closed/x", "x");
	assert_int_equal(fchmodat(fixture->fd, "closed", 0700, 0), 0);
	put_dir(fixture, "listable");
	put_file(fixture, "listable/x", "x");
	assert_int_equal(fchmodat(fixture->fd, "listable", 0744, 0), 0);
	if (!as_nobody(fixture))
		return;
	result = scan_all(fixture);
	CHILD_CHECK(says(&result, "/secret", "cannot open: Permission denied"));
	CHILD_CHECK(says(&result, "/closed", "cannot list: Permission denied"));
	CHILD_CHECK(got_at(&result, "/closed/x") == NULL);
	CHILD_CHECK(says(&result, "/listable/x", "cannot stat: Permission denied"));
	CHILD_CHECK(got_at(&result, "/listable/x")->b->entry.type == TYPE_FILE);
	CHILD_CHECK(got_at(&result, "/open")->b->entry.value & ATTR_BIT(ATTR_CONTENT));
	/* who may not see trusted.* must not claim that there are none */
	CHILD_CHECK(!(got_at(&result, "/open")->b->entry.none & ATTR_BIT(ATTR_XATTRS)));
	CHILD_CHECK(result.unexamined == 3);
	_exit(0);
}

static void test_lease(void **state)
{
	struct fixture *fixture = *state;
	struct result result;
	int ready[2], status;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("[  NOTE    ] needs root\n");
		skip();
	}
	put_file(fixture, "leased", "x");
	put_file(fixture, "other", "y");
	assert_int_equal(fchmod(fixture->fd, 0755), 0);
	assert_int_equal(fchownat(fixture->fd, "leased", 65534, 65534, 0), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int fd = openat(fixture->fd, "leased", O_WRONLY);

		(void)signal(SIGIO, SIG_IGN);
		if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
			_exit(1);
		(void)!write(ready[1], "x", 1);
		(void)pause();
		_exit(0);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &status, 1), 1);
	result = scan_all(fixture);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	(void)close(ready[0]);
	assert_problem(entry_at(&result, "/leased"), "held under a lease by another process");
	assert_digest(entry_at(&result, "/other"), "y", 1);
	result_done(&result);
}

/* Access times of what is examined stay, even those that relatime would move. */
static void test_atime(void **state)
{
	static const char *const names[] = { "file", "dir", "dir/inner" };
	struct timespec times[2] = { { 1000, 0 }, { 2000, 0 } };
	struct fixture *fixture = *state;
	struct result result;

	put_file(fixture, "file", "content");
	put_dir(fixture, "dir");
	put_file(fixture, "dir/inner", "content");
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(utimensat(fixture->fd, names[i], times, 0), 0);
	result = scan_all(fixture);
	for (size_t i = 0; i < 3; i++) {
		struct stat st;

		assert_int_equal(fstatat(fixture->fd, names[i], &st, 0), 0);
		assert_int_equal(st.st_atim.tv_sec, 1000);
	}
	result_done(&result);
}

/* Directories that others may write to are read by another way; the outcome is the same. */
static void test_careful_way(void **state)
{
	struct fixture *fixture = *state;
	struct result fast, careful;

	put_dir(fixture, "dir");
	put_file(fixture, "dir/file", "content");
	assert_int_equal(symlinkat("target", fixture->fd, "dir/link"), 0);
	assert_int_equal(mkfifoat(fixture->fd, "dir/fifo", 0600), 0);
	fast = scan_all(fixture);
	assert_int_equal(fchmodat(fixture->fd, "dir", 0777, 0), 0);
	careful = scan_all(fixture);
	assert_int_equal(fast.count, careful.count);
	for (size_t i = 0; i < fast.count; i++) {
		const struct entry *a = &fast.rows[i].b->entry, *b = &careful.rows[i].b->entry;

		if (a->type != TYPE_DIR)
			assert_int_equal(entry_differs(a, b) | entry_incomparable(a, b), 0);
	}
	assert_digest(entry_at(&careful, "/dir/file"), "content", 7);
	result_done(&fast);
	result_done(&careful);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_metadata_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_profiles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_huge_sparse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lease, setup, teardown),
		cmocka_unit_test_setup_teardown(test_atime, setup, teardown),
		cmocka_unit_test_setup_teardown(test_careful_way, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
