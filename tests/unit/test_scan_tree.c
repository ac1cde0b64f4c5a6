/* test_scan_tree.c - what is delivered of a tree's names and metadata: order, types, hostile names. */
#include "scan_fixture.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

static const char *const hostile[] = {
	"plain", "new\nline", "esc\033[2J", "\xff\xfe\x80", "a b",      "quote'\"", "|pipe",       "back\\slash",
	"-rf",   ".hidden",   "..hidden",   "...",          "\303\244", "\x01",     "percent%s%n", "tab\t",
	"#",     "~",         "é\xcc",      "{}",           "\x7f",
};

static void test_names(void **state)
{
	struct fixture *fixture = *state;
	char longest[256];
	struct result result;

	memset(longest, 'x', 255);
	longest[255] = '\0';
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
		put_file(fixture, hostile[i], hostile[i]);
	put_file(fixture, longest, "long");
	result = scan_all(fixture);
	assert_int_equal(result.count, sizeof(hostile) / sizeof(hostile[0]) + 2);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		char path[300];

		(void)snprintf(path, sizeof(path), "/%s", hostile[i]);
		assert_digest(entry_at(&result, path), hostile[i], strlen(hostile[i]));
	}
	result_done(&result);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of which one is a prefix of the other, as files and directories, against a plain sort of all paths. */
static void test_order(void **state)
{
	static const char *const names[] = { "a", "a-", "a-b", "a!", "a.", "a0", "aa", "b", "a!-", "a/", "a-/" };
	struct fixture *fixture = *state;
	char *paths[1024];
	size_t count = 0;

	paths[count++] = strdup("/");
	for (size_t i = 0; i < 9; i++) {
		char path[64];

		put_dir(fixture, names[i]);
		(void)snprintf(path, sizeof(path), "/%s", names[i]);
		paths[count++] = strdup(path);
		for (size_t j = 0; j < 9; j++) {
			(void)snprintf(path, sizeof(path), "/%s/%s", names[i], names[j]);
			paths[count++] = strdup(path);
			if (j % 2 == 0) {
				put_file(fixture, path + 1, "x");
				continue;
			}
			put_dir(fixture, path + 1);
			(void)snprintf(path, sizeof(path), "/%s/%s/x", names[i], names[j]);
			put_file(fixture, path + 1, "y");
			paths[count++] = strdup(path);
		}
	}
	qsort(paths, count, sizeof(*paths), by_path);
	for (unsigned threads = 1; threads <= 8; threads *= 2) {
		struct scan_options options = options_of(fixture);
		struct result result;

		options.threads = threads;
		result = collect(&options);
		assert_int_equal(result.count, count);
		for (size_t i = 0; i < count; i++)
			assert_true(bytes_equal(path_of(&result.rows[i]), bytes_of(paths[i])));
		result_done(&result);
	}
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
}

static void make_socket(const struct fixture *fixture, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", fixture->dir, name);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	(void)close(fd);
}

static void test_types(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t content = ATTR_BIT(ATTR_CONTENT);
	struct result result;
	const struct entry *entry;

	put_file(fixture, "file", "content");
	assert_int_equal(mkfifoat(fixture->fd, "fifo", 0600), 0);
	make_socket(fixture, "socket");
	assert_int_equal(symlinkat("loop", fixture->fd, "loop"), 0);
	assert_int_equal(symlinkat("\xff\n", fixture->fd, "odd"), 0);
	if (geteuid() == 0) {
		assert_int_equal(mknodat(fixture->fd, "char", S_IFCHR | 0600, makedev(10, 99)), 0);
		assert_int_equal(mknodat(fixture->fd, "block", S_IFBLK | 0600, makedev(7, 1234)), 0);
	}
	result = scan_all(fixture);
	assert_int_equal(entry_at(&result, "/file")->type, TYPE_FILE);
	assert_int_equal(entry_at(&result, "/fifo")->type, TYPE_FIFO);
	assert_true(entry_at(&result, "/fifo")->none & content);
	assert_int_equal(entry_at(&result, "/socket")->type, TYPE_SOCKET);
	entry = entry_at(&result, "/loop");
	assert_int_equal(entry->type, TYPE_SYMLINK);
	assert_true(bytes_equal(entry->target, bytes_of("loop")));
	assert_true(bytes_equal(entry_at(&result, "/odd")->target, bytes_of("\xff\n")));
	assert_true(entry_at(&result, "/file")->none & ATTR_BIT(ATTR_TARGET));
	assert_true(entry_at(&result, "/file")->none & ATTR_BIT(ATTR_RDEV));
	if (geteuid() == 0) {
		entry = entry_at(&result, "/char");
		assert_int_equal(entry->type, TYPE_CHAR);
		assert_int_equal(entry->rdev_major, 10);
		assert_int_equal(entry->rdev_minor, 99);
		assert_true(entry->value & ATTR_BIT(ATTR_RDEV));
		assert_int_equal(entry_at(&result, "/block")->type, TYPE_BLOCK);
		assert_int_equal(entry_at(&result, "/block")->rdev_minor, 1234);
	}
	assert_int_equal(result.unexamined, 0);
	result_done(&result);
}

static void test_metadata(void **state)
{
	struct fixture *fixture = *state;
	const struct entry *entry;
	struct result result;
	struct stat st;

	put_file(fixture, "file", "four");
	assert_int_equal(fchmodat(fixture->fd, "file", 04751, 0), 0);
	assert_int_equal(linkat(fixture->fd, "file", fixture->fd, "link", 0), 0);
	put_dir(fixture, "etc");
	put_file(fixture, "etc/passwd", "broken\n:x:0:\nfirst:x:0:0::/:\nsecond:x:0:0::/:\nbig:x:99999999999:0::\n");
	put_file(fixture, "etc/group", "wheel:x:0:");
	assert_int_equal(fstatat(fixture->fd, "file", &st, 0), 0);
	result = scan_all(fixture);
	entry = entry_at(&result, "/file");
	assert_int_equal(entry->mode, 04751);
	assert_int_equal(entry->size, 4);
	assert_int_equal(entry->links, 2);
	assert_int_equal(entry->inode, st.st_ino);
	assert_int_equal(entry->uid, st.st_uid);
	assert_int_equal(entry->dev_major, major(st.st_dev));
	assert_int_equal(entry->mtime.sec, st.st_mtim.tv_sec);
	assert_int_equal(entry->mtime.nsec, st.st_mtim.tv_nsec);
	assert_int_equal(entry->ctime.nsec, st.st_ctim.tv_nsec);
	if (st.st_uid == 0)
		assert_true(bytes_equal(entry->user, bytes_of("first")));
	if (st.st_gid == 0)
		assert_true(bytes_equal(entry->group, bytes_of("wheel")));
	assert_int_equal(entry->flags, entry_at(&result, "/link")->flags);
	result_done(&result);
}

/* Looked at within the clock's grain after a change: how soon that is, is the machine's affair. */
static void test_racy(void **state)
{
	struct fixture *fixture = *state;
	bool racy = false;

	for (int i = 0; i < 200 && !racy; i++) {
		struct result result;

		put_file(fixture, "file", "x");
		result = scan_all(fixture);
		racy = entry_at(&result, "/file")->racy;
		result_done(&result);
	}
	assert_true(racy);
}

static void test_xattrs(void **state)
{
	struct fixture *fixture = *state;
	static char big[60000];
	const struct entry *entry;
	struct result result;
	char path[128];

	memset(big, 'B', sizeof(big));
	put_file(fixture, "file", "x");
	(void)snprintf(path, sizeof(path), "%s/file", fixture->dir);
	if (setxattr(path, "user.b", "va\0lue", 6, 0) < 0 && errno == ENOTSUP) {
		print_message("[  NOTE    ] no user xattrs on the temporary directory's file system\n");
		skip();
	}
	assert_int_equal(setxattr(path, "user.empty", "", 0, 0), 0);
	assert_int_equal(setxattr(path, "user.a", "1", 1, 0), 0);
	/* as large as the file system takes it */
	for (size_t size = sizeof(big); size > 1000 && setxattr(path, "user.big", big, size, 0) < 0; size /= 2)
		;
	result = scan_all(fixture);
	entry = entry_at(&result, "/file");
	assert_int_equal(entry->xattr_count, 4);
	assert_true(bytes_equal(entry->xattrs[0].name, bytes_of("user.a")));
	assert_int_equal(entry->xattrs[1].value.len, 6);
	assert_memory_equal(entry->xattrs[1].value.data, "va\0lue", 6);
	assert_true(bytes_equal(entry->xattrs[2].name, bytes_of("user.big")));
	assert_true(entry->xattrs[2].value.len > 1000);
	assert_int_equal(entry->xattrs[3].value.len, 0);
	assert_true(entry->value & ATTR_BIT(ATTR_XATTRS));
	assert_true(entry->none & ATTR_BIT(ATTR_ACL));
	assert_true(entry_at(&result, "/")->none & ATTR_BIT(ATTR_XATTRS));
	result_done(&result);
}

/* One instant that tells: does the file system hold it? Then the scan must as well. */
static void test_times(void **state)
{
	static const int64_t seconds[] = { -2147483648, -2174256000 /* 1901 */, 0, 10413792000 /* 2300 */,
					   253402300799 /* 9999 */ };
	struct fixture *fixture = *state;
	unsigned held = 0;

	put_file(fixture, "file", "x");
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		struct timespec times[2] = { { seconds[i], 1 }, { seconds[i], 999999999 } };
		struct result result;
		struct stat st;

		assert_int_equal(utimensat(fixture->fd, "file", times, 0), 0);
		assert_int_equal(fstatat(fixture->fd, "file", &st, 0), 0);
		result = scan_all(fixture);
		assert_int_equal(entry_at(&result, "/file")->mtime.sec, st.st_mtim.tv_sec);
		assert_int_equal(entry_at(&result, "/file")->mtime.nsec, st.st_mtim.tv_nsec);
		held += st.st_mtim.tv_sec == seconds[i] && st.st_mtim.tv_nsec == 999999999;
		result_done(&result);
	}
	assert_true(held >= 2);
}

static void test_large_directory(void **state)
{
	struct fixture *fixture = *state;
	struct result result;
	enum { FILES = 5000 };

	put_dir(fixture, "d");
	for (int i = 0; i < FILES; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "d/%d", i * 7919 % FILES);
		if (i % 50 == 0)
			put_dir(fixture, name);
		else
			put_file(fixture, name, name);
	}
	put_file(fixture, "d-after", "x");
	result = scan_all(fixture);
	assert_int_equal(result.count, FILES + 3);
	assert_int_equal(result.files_read, FILES - FILES / 50 + 1);
	assert_digest(entry_at(&result, "/d/4999"), "d/4999", 6);
	result_done(&result);
}

static void test_empty(void **state)
{
	struct result result = scan_all(*state);

	assert_int_equal(result.count, 1);
	assert_int_equal(entry_at(&result, "/")->type, TYPE_DIR);
	assert_int_equal(result.examined, 1);
	result_done(&result);
}

static void test_missing_root(void **state)
{
	struct scan_options options = options_of(*state);
	struct pairs *pairs = NULL;
	struct err err = ERR_INIT;

	options.root = "/nonexistent/x";
	assert_int_equal(scan_new(&options, &pairs, &err), ERR_NOINPUT);
	assert_string_equal(err.message, "cannot open '/nonexistent/x': No such file or directory");
	assert_null(pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_types, setup, teardown),
		cmocka_unit_test_setup_teardown(test_metadata, setup, teardown),
		cmocka_unit_test_setup_teardown(test_racy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_xattrs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_root, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
