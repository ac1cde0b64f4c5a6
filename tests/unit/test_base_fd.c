/* test_base_fd.c - whole reads, and output files that appear whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

static char directory[] = "/tmp/test_fd.XXXXXX";
static int dirfd_ = -1;

static void put(const char *name, const char *text)
{
	CLEANUP(fd_closep) int fd = openat(dirfd_, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct err err;

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text), name, &err), 0);
}

static void assert_content(const char *name, const char *text)
{
	CLEANUP(buf_done) struct buf data = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(fd_read_file(dirfd_, name, 1000, &data, NULL, &err), 0);
	assert_string_equal(buf_str(&data), text);
}

/* Files in the directory, all of which are removed. */
static unsigned clean(void)
{
	DIR *dir = fdopendir(openat(dirfd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		assert_int_equal(unlinkat(dirfd_, entry->d_name, entry->d_type == DT_DIR ? AT_REMOVEDIR : 0), 0);
	}
	(void)closedir(dir);
	return count;
}

static void test_read(void **state)
{
	CLEANUP(buf_done) struct buf data = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat status = { .st_size = -1 };

	(void)state;
	put("file", "0123456789");
	assert_int_equal(buf_add_str(&data, "before "), 0);
	assert_int_equal(fd_read_file(dirfd_, "file", 10, &data, &status, &err), 0);
	assert_string_equal(buf_str(&data), "before 0123456789");
	assert_int_equal(status.st_size, 10);

	status.st_size = -1;
	assert_int_equal(fd_read_file(dirfd_, "file", 9, &data, &status, &err), ERR_DATA);
	assert_string_equal(buf_str(&data), "before 0123456789"); /* untouched */
	assert_int_equal(status.st_size, -1);

	/* a file whose size says nothing */
	buf_clear(&data);
	assert_int_equal(fd_read_file(AT_FDCWD, "/proc/self/status", 1 << 20, &data, NULL, &err), 0);
	assert_true(data.len > 100);
	put("empty", "");
	assert_content("empty", "");
	assert_int_equal(clean(), 2);
}

static void test_read_refuses(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP(fd_closep) int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CLEANUP(buf_done) struct buf data = BUF_INIT;
	static const struct {
		const char *name;
		int code;
	} rows[] = {
		{ "missing", ERR_NOINPUT }, { "file/below", ERR_NOINPUT }, { "link", ERR_DATA },
		{ "fifo", ERR_DATA },       { "directory", ERR_DATA },     { "socket", ERR_DATA },
		{ "/dev/null", ERR_DATA },
	};

	(void)state;
	put("file", "x");
	assert_int_equal(symlinkat("file", dirfd_, "link"), 0);
	assert_int_equal(mkfifoat(dirfd_, "fifo", 0600), 0);
	assert_int_equal(mkdirat(dirfd_, "directory", 0700), 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(fd_read_file(dirfd_, rows[i].name, 100, &data, NULL, &err), rows[i].code);
		assert_non_null(strstr(err.message, rows[i].name));
		assert_int_equal(data.len, 0);
	}
	assert_int_equal(clean(), 5);
}

static void test_outfile(void **state)
{
	struct err err = ERR_INIT;
	struct stat status;

	(void)state;
	put("out", "old");
	{
		CLEANUP(outfile_abort) struct outfile out = OUTFILE_INIT;

		assert_int_equal(outfile_open(&out, dirfd_, "out", 0600, &err), 0);
		assert_int_equal(fd_write_all(out.fd, "new", 3, "out", &err), 0);
		assert_content("out", "old"); /* until the commit */
		assert_int_equal(outfile_commit(&out, &err), 0);
		assert_content("out", "new");
	}
	assert_int_equal(fstatat(dirfd_, "out", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	{
		CLEANUP(outfile_abort) struct outfile out = OUTFILE_INIT;

		assert_int_equal(outfile_open(&out, dirfd_, "out", 0600, &err), 0);
		assert_int_equal(fd_write_all(out.fd, "half", 4, "out", &err), 0);
	}
	assert_content("out", "new"); /* aborted */
	assert_int_equal(clean(), 1);
}

static void test_outfile_new(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	for (int round = 0; round < 2; round++) {
		CLEANUP(outfile_abort) struct outfile out = OUTFILE_INIT;
		const char *text = round ? "second" : "first";

		assert_int_equal(outfile_open(&out, dirfd_, "key", 0600, &err), 0);
		assert_int_equal(fd_write_all(out.fd, text, strlen(text), "key", &err), 0);
		assert_int_equal(outfile_commit_new(&out, &err), round ? ERR_CANTCREATE : 0);
	}
	assert_int_equal(err.os_errno, EEXIST);
	assert_content("key", "first");
	/* a dangling link counts as existing */
	assert_int_equal(symlinkat("nowhere", dirfd_, "link"), 0);
	{
		CLEANUP(outfile_abort) struct outfile out = OUTFILE_INIT;

		assert_int_equal(outfile_open(&out, dirfd_, "link", 0600, &err), 0);
		assert_int_equal(outfile_commit_new(&out, &err), ERR_CANTCREATE);
	}
	assert_int_equal(clean(), 2); /* and no temporary file */
}

static void test_outfile_refused(void **state)
{
	struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(outfile_open(&out, dirfd_, "missing/out", 0600, &err), ERR_CANTCREATE);
	assert_non_null(strstr(err.message, "'missing/out'"));
	assert_int_equal(out.fd, -1);
	assert_null(out.name);
	outfile_abort(&out);
}

static void test_write_error(void **state)
{
	CLEANUP(fd_closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct err err = ERR_INIT;

	(void)state;
	assert_true(full >= 0);
	assert_int_equal(fd_write_all(full, "x", 1, "a\nb", &err), ERR_IO);
	assert_string_equal(err.message, "cannot write 'a\\x0ab': No space left on device");
	errno = EXDEV;
	fd_closep(&full);
	assert_int_equal(full, -1);
	assert_int_equal(errno, EXDEV);
	fd_closep(&full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_refuses),
		cmocka_unit_test(test_outfile),
		cmocka_unit_test(test_outfile_new),
		cmocka_unit_test(test_outfile_refused),
		cmocka_unit_test(test_write_error),
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	dirfd_ = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fd_closep(&dirfd_);
	(void)rmdir(directory);
	return failed;
}
