/*
 * test_scan_stall.c - a file system that gives no answer: the scan goes on without it.
 *
 * The file system is FUSE, spoken here without a library (linux/fuse.h): one directory of four files, of which "b"
 * is never answered for when it is opened, and "lost" never when it is looked up.
 */
#include "scan_fixture.h"

#include <dirent.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/uio.h>

enum server_kind { MUTE, LISTS };

struct server {
	int fd;
	enum server_kind kind;
	pthread_t thread;
	size_t threads; /* of this process, before it was started */
	char point[128];
};

static const char *const served[] = { "a", "b", "c", "lost" };
enum { SERVED = 4, FILE_BYTES = 5 };

static void answer(const struct server *server, const struct fuse_in_header *in, int error, const void *data,
		   size_t len)
{
	struct fuse_out_header out = { .len = (uint32_t)(sizeof(out) + len), .error = error, .unique = in->unique };
	struct iovec parts[2] = { { &out, sizeof(out) }, { (void *)(uintptr_t)data, len } };

	(void)!writev(server->fd, parts, len ? 2 : 1);
}

static struct fuse_attr attr_of(uint64_t node)
{
	return (struct fuse_attr){ .ino = node,
				   .size = node == 1 ? 0 : FILE_BYTES,
				   .mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0644,
				   .nlink = 1,
				   .blksize = 4096 };
}

static void answer_readdir(const struct server *server, const struct fuse_in_header *in,
			   const struct fuse_read_in *read_in)
{
	uint64_t space[SERVED * 8];
	unsigned char *data = (unsigned char *)space;
	size_t len = 0;

	memset(space, 0, sizeof(space));
	for (uint64_t i = 0; i < SERVED && read_in->offset == 0; i++) {
		struct fuse_dirent *entry = (struct fuse_dirent *)(void *)(data + len);
		size_t name_len = strlen(served[i]);

		*entry = (struct fuse_dirent){ i + 2, i + 1, (uint32_t)name_len, DT_REG };
		memcpy((char *)entry + FUSE_NAME_OFFSET, served[i], name_len);
		len += FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + name_len);
	}
	answer(server, in, 0, data, len);
}

static void answer_lookup(const struct server *server, const struct fuse_in_header *in, const char *name)
{
	for (uint64_t i = 0; i < SERVED; i++) {
		struct fuse_entry_out out = { .nodeid = i + 2, .attr = attr_of(i + 2) };

		if (strcmp(name, served[i]) != 0)
			continue;
		if (strcmp(name, "lost") != 0)
			answer(server, in, 0, &out, sizeof(out));
		return;
	}
	answer(server, in, -ENOENT, NULL, 0);
}

static void serve_one(const struct server *server, const struct fuse_in_header *in, const void *body)
{
	struct fuse_init_out init = { .major = 7, .minor = 31, .max_write = 4096, .flags = FUSE_PARALLEL_DIROPS };
	struct fuse_attr_out attr = { .attr = attr_of(in->nodeid) };
	struct fuse_open_out open_out = { .fh = 1 };

	switch (in->opcode) {
	case FUSE_INIT:
		answer(server, in, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		answer(server, in, 0, &attr, sizeof(attr));
		break;
	case FUSE_LOOKUP:
		answer_lookup(server, in, body);
		break;
	case FUSE_OPENDIR:
		answer(server, in, 0, &open_out, sizeof(open_out));
		break;
	case FUSE_OPEN:
		if (in->nodeid != 3)
			answer(server, in, 0, &open_out, sizeof(open_out));
		break;
	case FUSE_READDIR:
		answer_readdir(server, in, body);
		break;
	case FUSE_READ:
		answer(server, in, 0, "hello", FILE_BYTES);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		answer(server, in, 0, NULL, 0);
		break;
	default:
		answer(server, in, -ENOSYS, NULL, 0);
		break;
	}
}

static void *serve(void *context)
{
	static _Alignas(8) char request[FUSE_MIN_READ_BUFFER * 4];
	const struct server *server = context;

	for (;;) {
		ssize_t n = read(server->fd, request, sizeof(request));

		if (n < 0 && errno != EINTR && errno != ENOENT)
			return NULL;
		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			serve_one(server, (const struct fuse_in_header *)(void *)request,
				  request + sizeof(struct fuse_in_header));
	}
}

static size_t thread_count(void)
{
	DIR *tasks = opendir("/proc/self/task");
	size_t count = 0;

	assert_non_null(tasks);
	while (readdir(tasks))
		count++;
	(void)closedir(tasks);
	return count;
}

/* False when this machine has no FUSE or does not let us mount. */
static bool server_start(struct server *server, struct fixture *fixture, enum server_kind kind)
{
	struct err err;
	char options[128];

	server->kind = kind;
	server->threads = thread_count();
	server->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	put_dir(fixture, "stuck");
	(void)snprintf(server->point, sizeof(server->point), "%s/stuck", fixture->dir);
	(void)snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u", server->fd, geteuid(),
		       getegid());
	if (server->fd < 0 || mount("none", server->point, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
		print_message("[  NOTE    ] no FUSE here: %s\n", strerror(errno));
		return false;
	}
	if (kind == LISTS)
		assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
	sys_mounts_done(&fixture->mounts);
	assert_int_equal(sys_mounts_load(NULL, &fixture->mounts, &err), 0);
	set_policy(fixture, "version: 1\nrules:\n  - path: /\n  - path: /stuck/named\n");
	return true;
}

/* Those who hang get an error and end; nobody joins them. */
static void server_stop(struct server *server)
{
	assert_int_equal(umount2(server->point, MNT_FORCE | MNT_DETACH), 0);
	if (server->kind == LISTS)
		assert_int_equal(pthread_join(server->thread, NULL), 0);
	(void)close(server->fd);
	while (thread_count() > server->threads)
		(void)usleep(10 * 1000);
}

static struct result scan_impatiently(struct fixture *fixture, unsigned threads)
{
	struct scan_options options = options_of(fixture);
	struct result result = { .rows = NULL };
	struct pairs *pairs = NULL;

	options.threads = threads;
	assert_int_equal(scan_new(&options, &pairs, &result.err), 0);
	scan_set_stall_limit(pairs, 2000); /* a healthy call may take as long as the machine is busy with others */
	collect_from(pairs, &result);
	pairs_freep(&pairs);
	check_order(&result);
	if (result.r < 0)
		fail_msg("scan: %s", result.err.message);
	return result;
}

static void test_mute(void **state)
{
	struct fixture *fixture = *state;
	struct server server;

	put_file(fixture, "before", "x");
	if (!server_start(&server, fixture, MUTE))
		skip();
	put_file(fixture, "zafter", "x");
	for (unsigned threads = 1; threads <= 2; threads++) {
		struct result result = scan_impatiently(fixture, threads);

		assert_int_equal(result.count, 4);
		assert_digest(entry_at(&result, "/before"), "x", 1);
		assert_digest(entry_at(&result, "/zafter"), "x", 1);
		assert_problem(entry_at(&result, "/stuck"), "no answer within 30 s");
		assert_int_equal(result.unexamined, 1);
		result_done(&result);
	}
	server_stop(&server);
}

/* The lookup that hangs locks the directory for good: one scan a mount. */
static void some_files(struct fixture *fixture, unsigned threads)
{
	struct server server;
	struct result result;

	if (!server_start(&server, fixture, LISTS))
		skip();
	put_file(fixture, "zafter", "x");
	result = scan_impatiently(fixture, threads);
	assert_int_equal(result.count, 7);
	assert_digest(entry_at(&result, "/stuck/a"), "hello", 5);
	assert_digest(entry_at(&result, "/stuck/c"), "hello", 5);
	assert_digest(entry_at(&result, "/zafter"), "x", 1);
	assert_problem(entry_at(&result, "/stuck/b"), "no answer within 30 s");
	assert_int_equal(entry_at(&result, "/stuck/b")->size, FILE_BYTES);
	assert_problem(entry_at(&result, "/stuck/lost"), "no answer within 30 s");
	assert_int_equal(entry_at(&result, "/stuck/lost")->type, TYPE_FILE);
	result_done(&result);
	server_stop(&server);
}

static void test_one_worker(void **state)
{
	some_files(*state, 1);
}

static void test_two_workers(void **state)
{
	some_files(*state, 2);
}

/* After a failed test the mount is still there, and removing the tree would hang on it. */
static int stall_teardown(void **state)
{
	const struct fixture *fixture = *state;
	char point[128];

	(void)snprintf(point, sizeof(point), "%s/stuck", fixture->dir);
	(void)umount2(point, MNT_FORCE | MNT_DETACH);
	return teardown(state);
}

static void *nothing(void *context)
{
	return context;
}

int main(void)
{
	pthread_t first;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mute, setup, stall_teardown),
		cmocka_unit_test_setup_teardown(test_one_worker, setup, stall_teardown),
		cmocka_unit_test_setup_teardown(test_two_workers, setup, stall_teardown),
	};

	/* the thread sanitizer starts one of its own beside the first: it must be there before threads are counted */
	if (pthread_create(&first, NULL, nothing, NULL) != 0 || pthread_join(first, NULL) != 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
