/* test_sys_sandbox.c - what a watcher gives up, and that it works on without it. Each case in a child process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/file.h"
#include "sys/sandbox.h"

enum { SOMEBODY = 64123, OWNER = 64124 };

static char dir[64];
static int dirfd_ = -1;

/* In a child: what fails is said and ends it. */
#define HOLD(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			(void)fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, strerror(errno));     \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)
#define HOLD_OK(call)                                                                                                  \
	do {                                                                                                           \
		struct err err_ = { .code = 0 };                                                                       \
		if ((call) < 0) {                                                                                      \
			(void)fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, err_.message);             \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)

static void in_child(void (*run)(void))
{
	int status;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void make_file(const char *name, mode_t mode, uid_t owner)
{
	static const struct timespec old[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000001 } };
	int fd = openat(dirfd_, name, O_CREAT | O_WRONLY | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "content", 7), 7);
	assert_int_equal(fchown(fd, owner, owner), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
	assert_int_equal(utimensat(dirfd_, name, old, AT_SYMLINK_NOFOLLOW), 0);
}

static void make_link(const char *name)
{
	static const struct timespec old[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000001 } };

	assert_int_equal(symlinkat("target", dirfd_, name), 0);
	assert_int_equal(utimensat(dirfd_, name, old, AT_SYMLINK_NOFOLLOW), 0);
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s", "/tmp/tally-sandbox-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dirfd_ >= 0);
	make_file("private", 0600, OWNER);
	make_file("host.key", 0600, 0);
	make_file("baseline.db", 0644, 0);
	make_link("link");
	make_link("control");
	assert_int_equal(mkdirat(dirfd_, "closed", 0700), 0);
	assert_int_equal(mkdirat(dirfd_, "ours", 0750), 0);
	assert_int_equal(fchownat(dirfd_, "ours", SOMEBODY, SOMEBODY, 0), 0);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	(void)close(dirfd_);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static time_t atime_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dirfd_, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_atime;
}

static void read_everything(void)
{
	char text[16], name[96];
	int fd;

	(void)snprintf(name, sizeof(name), "%s/private", dir);
	fd = sys_open_file(AT_FDCWD, name, true);
	HOLD(fd >= 0);
	HOLD(read(fd, text, sizeof(text)) == 7);
	(void)close(fd);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	HOLD(fd >= 0 && read(fd, text, sizeof(text)) == 7);
	(void)close(fd);
	(void)snprintf(name, sizeof(name), "%s/link", dir);
	HOLD(readlink(name, text, sizeof(text)) == 6);
}

static void enter_and_read(void)
{
	HOLD_OK(sandbox_enter(&err_));
	HOLD_OK(sandbox_become(SOMEBODY, SOMEBODY, &err_));
	read_everything();
}

/* Content and links of others are read without the right to O_NOATIME, and no time moves. */
static void test_access_times(void **state)
{
	char text[16];

	(void)state;
	in_child(enter_and_read);
	assert_int_equal(atime_of("private"), 1000000000);
	assert_int_equal(atime_of("link"), 1000000000);
	/* that this says something: without the namespace the time of a link does move */
	assert_int_equal(readlinkat(dirfd_, "control", text, sizeof(text)), 6);
	if (atime_of("control") == 1000000000)
		print_message("note: %s lies on a noatime mount, which proves nothing of access times\n", dir);
}

static void write_behind_it(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int parent = openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, other;
	char name[96], text[16] = "";

	HOLD_OK(sandbox_enter(&err_));
	(void)snprintf(name, sizeof(name), "%s/by-name", dir);
	fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	HOLD(fd >= 0 && close(fd) == 0 && unlink(name) == 0); /* not sealed yet */
	HOLD_OK(sandbox_seal(&err_));
	HOLD(open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 && errno == EROFS);
	HOLD(mkdir(name, 0700) < 0 && errno == EROFS);
	(void)snprintf(name, sizeof(name), "%s/private", dir);
	HOLD(unlink(name) < 0 && errno == EROFS);
	HOLD(chmod(name, 0644) < 0 && errno == EROFS);
	HOLD(open("/etc/tally-test", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 && errno == EROFS);

	fd = openat(parent, "new", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	HOLD(fd >= 0 && write(fd, "x", 1) == 1 && fdatasync(fd) == 0);
	HOLD(ftruncate(fd, 0) == 0 && fchmod(fd, 0640) == 0);
	HOLD(renameat(parent, "new", parent, "newer") == 0);
	HOLD(mkdirat(parent, "folder", 0700) == 0 && unlinkat(parent, "folder", AT_REMOVEDIR) == 0);
	HOLD(unlinkat(parent, "newer", 0) == 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/socket", parent);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	HOLD(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0);
	HOLD(fchmodat(parent, "socket", 0660, 0) == 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", dir);
	HOLD(connect(other, (struct sockaddr *)&address, sizeof(address)) == 0);
	HOLD(unlinkat(parent, "socket", 0) == 0);

	(void)snprintf(name, sizeof(name), "%s/private", dir);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	HOLD(fd >= 0 && read(fd, text, sizeof(text)) == 7);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC); /* devices go on taking what is written */
	HOLD(fd >= 0 && write(fd, "x", 1) == 1);
}

static void all_sealed(void)
{
	struct buf left = BUF_INIT;

	HOLD_OK(sandbox_unsealed(true, &left, &err_));
	HOLD(left.len > 0);
	HOLD_OK(sandbox_enter(&err_));
	left.len = 0;
	HOLD_OK(sandbox_unsealed(false, &left, &err_));
	HOLD(left.len == 0);
	HOLD_OK(sandbox_seal(&err_));
	HOLD_OK(sandbox_unsealed(true, &left, &err_));
	HOLD(left.len == 0);
	buf_done(&left);
}

static void test_read_only(void **state)
{
	(void)state;
	in_child(write_behind_it);
	in_child(all_sealed);
}

static bool pread_has(int fd, const char *what)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t n;

	while (len + 1 < sizeof(text) && (n = pread(fd, text + len, sizeof(text) - 1 - len, (off_t)len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return strstr(text, what) != NULL;
}

/* A file system that is mounted outside afterwards: the descriptor of the old table tells of it, it arrives, and it is named
 * as one that is not as the others. */
static void mount_outside(void)
{
	int old, ready[2], mounted[2], status;
	struct buf left = BUF_INIT;
	struct pollfd poll_fd;
	char byte, point[96];
	pid_t pid;

	(void)snprintf(point, sizeof(point), "%s/closed", dir);
	HOLD(unshare(CLONE_NEWNS) == 0);
	HOLD(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	HOLD(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0);
	HOLD(pipe2(ready, O_CLOEXEC) == 0 && pipe2(mounted, O_CLOEXEC) == 0);
	old = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	HOLD(old >= 0);
	pid = fork();
	HOLD(pid >= 0);
	if (pid > 0) {
		HOLD(read(ready[0], &byte, 1) == 1);
		HOLD(mount("tally", point, "tmpfs", 0, NULL) == 0);
		HOLD(write(mounted[1], "x", 1) == 1);
		HOLD(waitpid(pid, &status, 0) == pid && status == 0);
		HOLD(umount(point) == 0);
		return;
	}
	HOLD_OK(sandbox_enter(&err_));
	HOLD_OK(sandbox_seal(&err_));
	HOLD_OK(sandbox_become(SOMEBODY, SOMEBODY, &err_));
	HOLD(!pread_has(old, point));
	HOLD(write(ready[1], "x", 1) == 1 && read(mounted[0], &byte, 1) == 1);
	poll_fd = (struct pollfd){ .fd = old, .events = POLLPRI };
	HOLD(poll(&poll_fd, 1, 60000) == 1 && (poll_fd.revents & POLLPRI));
	HOLD(pread_has(old, point));
	HOLD_OK(sandbox_unsealed(true, &left, &err_));
	HOLD(left.len == strlen(point) + 1 && strcmp((const char *)left.data, point) == 0);
	buf_done(&left);
}

static void test_mounts_arrive(void **state)
{
	(void)state;
	in_child(mount_outside);
}

static void look_at_status(void)
{
	char text[8192];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	HOLD(n > 0);
	text[n] = '\0';
	HOLD(strstr(text, "\nUid:\t64123\t64123\t64123\t64123\n"));
	HOLD(strstr(text, "\nGid:\t64123\t64123\t64123\t64123\n"));
	HOLD(strstr(text, "\nGroups:\t \n") || strstr(text, "\nGroups:\t\n"));
	HOLD(strstr(text, "\nCapInh:\t0000000000000000\n"));
	HOLD(strstr(text, "\nCapPrm:\t0000000000000004\n"));
	HOLD(strstr(text, "\nCapEff:\t0000000000000004\n"));
	HOLD(strstr(text, "\nCapBnd:\t0000000000000000\n"));
	HOLD(strstr(text, "\nCapAmb:\t0000000000000000\n"));
	HOLD(strstr(text, "\nNoNewPrivs:\t1\n"));
	(void)close(fd);
}

static void *status_in_thread(void *unused)
{
	look_at_status();
	return unused;
}

static void become(void)
{
	char text[16], proc[64];
	pthread_t thread;
	int fd, inotify;

	HOLD_OK(sandbox_become(SOMEBODY, SOMEBODY, &err_));
	look_at_status();
	HOLD(prctl(PR_GET_DUMPABLE) == 0);
	HOLD(setuid(0) < 0 && setgid(0) < 0);

	/* everything can be read ... */
	fd = openat(dirfd_, "private", O_RDONLY | O_CLOEXEC);
	HOLD(fd >= 0 && read(fd, text, sizeof(text)) == 7);
	fd = sys_open_file(dirfd_, "private", false); /* by /proc/self/fd */
	HOLD(fd >= 0 && read(fd, text, sizeof(text)) == 7);
	fd = openat(dirfd_, "host.key", O_RDONLY | O_CLOEXEC);
	HOLD(fd >= 0);
	/* ... and watched ... */
	fd = openat(dirfd_, "closed", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	HOLD(fd >= 0);
	inotify = inotify_init1(IN_CLOEXEC);
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	HOLD(inotify >= 0 && inotify_add_watch(inotify, proc, IN_CREATE | IN_ONLYDIR) >= 0);
	/* ... and nothing of anybody else's written */
	HOLD(openat(dirfd_, "host.key", O_WRONLY | O_CLOEXEC) < 0 && errno == EACCES);
	HOLD(openat(dirfd_, "baseline.db", O_RDWR | O_CLOEXEC) < 0 && errno == EACCES);
	HOLD(openat(dirfd_, "private", O_RDWR | O_CLOEXEC) < 0 && errno == EACCES);
	HOLD(unlinkat(dirfd_, "baseline.db", 0) < 0 && errno == EACCES);
	HOLD(openat(dirfd_, "new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 && errno == EACCES);
	HOLD(fchmodat(dirfd_, "host.key", 0666, 0) < 0 && errno == EPERM);
	HOLD(fchownat(dirfd_, "host.key", SOMEBODY, SOMEBODY, 0) < 0 && errno == EPERM);
	HOLD(kill(1, 0) < 0 && errno == EPERM);
	fd = openat(dirfd_, "ours", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	HOLD(fd >= 0 && openat(fd, "new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) >= 0);
	/* a thread has no more than that */
	HOLD(pthread_create(&thread, NULL, status_in_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
}

static void *wait_for_byte(void *fd)
{
	char byte;

	(void)!read(*(int *)fd, &byte, 1);
	return NULL;
}

static void with_threads(void)
{
	struct err err = { .code = 0 };
	int pipe_fds[2];
	pthread_t threads[3];

	HOLD(pipe2(pipe_fds, O_CLOEXEC) == 0);
	for (int i = 0; i < 3; i++)
		HOLD(pthread_create(&threads[i], NULL, wait_for_byte, &pipe_fds[0]) == 0);
	HOLD(sandbox_become(SOMEBODY, SOMEBODY, &err) == ERR_LOCKED);
	HOLD(getuid() == 0);
	HOLD(write(pipe_fds[1], "xxx", 3) == 3);
	for (int i = 0; i < 3; i++)
		HOLD(pthread_join(threads[i], NULL) == 0);
}

static void test_become(void **state)
{
	(void)state;
	in_child(become);
	in_child(with_threads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_access_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mounts_arrive, setup, teardown),
		cmocka_unit_test_setup_teardown(test_become, setup, teardown),
	};
	const char *missing = "CAP_SYS_ADMIN";

	if (!sandbox_can_become(&missing) || !sys_capable(CAP_SYS_ADMIN)) {
		(void)fprintf(stderr, "SKIPPED: needs root with all capabilities; %s is missing\n", missing);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
