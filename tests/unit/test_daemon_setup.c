/*
 * test_daemon_setup.c - tallyd set up as root, with the user tallystick there and not: what it may do afterwards, and that what it
 * needs goes on working. Each case in a child process with a passwd and a group of its own.
 */
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
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "daemon/first.h"
#include "daemon/setup.h"
#include "sys/file.h"
#include "sys/sandbox.h"

enum { US = 64127, GROUP = 64128, SOMEBODY = 64129 };

static char dir[64], config[96], state_dir[96], control[96];
static struct options options;

#define HOLD(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			(void)fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, strerror(errno));     \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)
#define HOLD_OK(call)                                                                                                  \
	do {                                                                                                           \
		struct err err_ = ERR_INIT;                                                                            \
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

static const char *in(const char *name)
{
	static char path[4][160];
	static unsigned next;

	next = (next + 1) % 4;
	(void)snprintf(path[next], sizeof(path[next]), "%s/%s", dir, name);
	return path[next];
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(in(name), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
	char text[256];

	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s", "/tmp/tally-setup-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	(void)snprintf(config, sizeof(config), "%s/config", dir);
	(void)snprintf(state_dir, sizeof(state_dir), "%s/state", dir);
	(void)snprintf(control, sizeof(control), "%s/run/control.sock", dir);
	options = (struct options){ .config = config, .state = state_dir, .control = control };
	assert_int_equal(mkdir(config, 0755), 0);
	assert_int_equal(mkdir(in("tree"), 0755), 0);
	put("tree/file", "content");
	(void)snprintf(text, sizeof(text), "version: 1\nrules:\n  - path: %s/tree\n    profile: static\n", dir);
	put("config/policy.yaml", text);
	put("passwd", "root:x:0:0::/:/bin/sh\ntallystick:x:64127:64127::/:/bin/false\n");
	put("group", "root:x:0:\ntallystick:x:64128:\n");
	put("empty", "root:x:0:0::/:/bin/sh\n");
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* In a child: this system has these users. */
static void users(const char *passwd, const char *group)
{
	HOLD(unshare(CLONE_NEWNS) == 0);
	HOLD(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	HOLD(mount(in(passwd), "/etc/passwd", NULL, MS_BIND, NULL) == 0);
	HOLD(mount(in(group), "/etc/group", NULL, MS_BIND, NULL) == 0);
}

static void bind_socket(const struct daemon_setup *it)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", it->socket_dirfd,
		       it->socket_name);
	HOLD(bind(server, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(server, 1) == 0);
	HOLD(fchownat(it->socket_dirfd, it->socket_name, (uid_t)-1, GROUP, 0) == 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", control);
	HOLD(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0);
	HOLD(unlinkat(it->socket_dirfd, it->socket_name, 0) == 0);
	(void)close(server);
	(void)close(client);
}

static void works(struct daemon_setup *it)
{
	char text[64];
	uint64_t seq;
	int fd;

	HOLD_OK(journal_append(it->journal, "\"kind\":\"heartbeat\"", 18, &seq, &err_));
	HOLD_OK(journal_sync(it->journal, &err_));
	HOLD_OK(drift_put_absent(it->drift, bytes_of("/gone"), &err_));
	HOLD_OK(drift_commit(it->drift, &err_));
	fd = openat(it->marks_fd, "mark", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	HOLD(fd >= 0 && close(fd) == 0 && unlinkat(it->marks_fd, "mark", 0) == 0);
	fd = open(it->place.tmp, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	HOLD(fd >= 0 || errno == EOPNOTSUPP);
	HOLD(pread(it->mountinfo_fd, text, sizeof(text), 0) > 0);
	HOLD(it->init_mountinfo_fd < 0 || pread(it->init_mountinfo_fd, text, sizeof(text), 0) > 0);
	HOLD(strcmp(it->place.state, state_dir) == 0 && strcmp(it->place.config, config) == 0);
	HOLD(strcmp(it->control_path, control) == 0 && strcmp(it->socket_name, "control.sock") == 0);
}

static void as_user(void)
{
	CLEANUP(setup_freep) struct daemon_setup *it = NULL;
	int fd;

	users("passwd", "group");
	HOLD_OK(setup_new(&options, &it, &err_));
	HOLD(it->dropped_root && it->sees_all && it->keeps_atime && it->read_only);
	HOLD(it->uid == US && it->gid == GROUP && it->group == GROUP && strcmp(it->user, "tallystick") == 0);
	HOLD(it->limits[0] == '\0' || strstr(it->limits, "/proc/1/mountinfo"));
	HOLD(getuid() == US && getgid() == GROUP && !sys_capable(CAP_SYS_ADMIN) && !sys_capable(CAP_DAC_OVERRIDE));
	works(it);
	bind_socket(it);
	/* what is root's cannot be touched, through the kept descriptor neither */
	HOLD(openat(it->state_fd, "baseline.db", O_CREAT | O_WRONLY | O_CLOEXEC, 0644) < 0 && errno == EACCES);
	HOLD(openat(it->state_fd, "seen", O_CREAT | O_WRONLY | O_CLOEXEC, 0644) < 0 && errno == EACCES);
	HOLD(unlinkat(it->state_fd, "drift.db", 0) < 0 && errno == EACCES);
	HOLD(renameat(it->state_fd, "journal", it->state_fd, "other") < 0 && errno == EACCES);
	HOLD(open(in("config/policy.yaml"), O_WRONLY | O_CLOEXEC) < 0);
	fd = open(in("config/policy.yaml"), O_RDONLY | O_CLOEXEC);
	HOLD(fd >= 0);
}

static void is(const char *name, uid_t owner, gid_t group, mode_t mode)
{
	struct stat status;

	assert_int_equal(lstat(in(name), &status), 0);
	if (status.st_uid != owner || status.st_gid != group || (status.st_mode & 07777) != mode)
		fail_msg("%s is %u:%u's, %o", name, status.st_uid, status.st_gid, status.st_mode & 07777);
}

static void test_user(void **state)
{
	(void)state;
	in_child(as_user);
	is("state", 0, 0, 0755);
	is("state/drift.db", US, GROUP, 0640);
	is("state/journal", US, GROUP, 0750);
	is("state/journal/marks", US, GROUP, 0700);
	is("run", US, GROUP, 0755);
	in_child(as_user); /* what it left behind can be taken up again */
}

static void as_root(void)
{
	CLEANUP(setup_freep) struct daemon_setup *it = NULL;
	CLEANUP(setup_freep) struct daemon_setup *second = NULL;
	struct err err = ERR_INIT;

	users("empty", "empty");
	HOLD_OK(setup_new(&options, &it, &err_));
	HOLD(!it->dropped_root && it->sees_all && it->keeps_atime && it->read_only);
	HOLD(it->uid == 0 && it->group == (gid_t)-1 && strcmp(it->user, "root") == 0);
	HOLD(strstr(it->limits, "no user tallystick") && strstr(it->limits, "no group tallystick"));
	works(it);
	HOLD(open(in("tree/new"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 && errno == EROFS);
	HOLD(setup_new(&options, &second, &err) == ERR_LOCKED && !second);
}

/* ... and afterwards the user is made. */
static void test_root(void **state)
{
	(void)state;
	in_child(as_root);
	is("state/journal", 0, 0, 0750);
	in_child(as_user);
	is("state/journal", US, GROUP, 0750);
}

static void as_nobody(void)
{
	CLEANUP(setup_freep) struct daemon_setup *it = NULL;

	users("passwd", "group");
	HOLD(chown(dir, SOMEBODY, SOMEBODY) == 0);
	HOLD(setgroups(0, NULL) == 0 && setresgid(SOMEBODY, SOMEBODY, SOMEBODY) == 0 &&
	     setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
	HOLD_OK(setup_new(&options, &it, &err_));
	HOLD(!it->dropped_root && !it->sees_all && !it->keeps_atime && !it->read_only);
	HOLD(strstr(it->limits, "not started as root") && strcmp(it->user, "64129") == 0);
	works(it);
}

static void test_nobody(void **state)
{
	(void)state;
	in_child(as_nobody);
}

/* ---- the first baseline ---- */
static unsigned dirty_new;

static int on_dirty(void *context, struct bytes path, uint32_t mask, bool is_dir, struct err *err)
{
	(void)context;
	(void)mask;
	(void)is_dir;
	(void)err;
	if (bytes_equal(path_name(path), bytes_of("new")))
		dirty_new++;
	return 0;
}
static int on_renamed(void *context, struct bytes from, struct bytes to, bool is_dir, struct err *err)
{
	(void)context, (void)from, (void)to, (void)is_dir, (void)err;
	return 0;
}
static int on_gone(void *context, struct bytes path, struct err *err)
{
	(void)context, (void)path, (void)err;
	return 0;
}
static int on_look(void *context, struct bytes path, bool below, struct err *err)
{
	(void)context, (void)path, (void)below, (void)err;
	return 0;
}
static int on_lost(void *context, const struct watch_loss *loss, struct err *err)
{
	(void)context, (void)loss, (void)err;
	return 0;
}
static int on_marked(void *context, uint64_t number, struct err *err)
{
	(void)context, (void)number, (void)err;
	return 0;
}

/* The watch that was placed before the baseline tells of what comes after it, through all changes of namespace and user. */
static void first_time(void)
{
	static const struct watch_sink sink = { on_dirty, on_renamed, on_gone, on_look, on_lost, on_marked, NULL };
	CLEANUP(setup_freep) struct daemon_setup *it = NULL;
	struct watch *watch = NULL;
	int tree = open(in("tree"), O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	struct pollfd poll_fd;

	users("passwd", "group");
	HOLD(fchmod(tree, 0777) == 0);
	options.first_baseline = true;
	HOLD_OK(setup_new(&options, &it, &err_));
	HOLD(it->first && it->dropped_root);
	HOLD_OK(first_hand_over(it->first, &sink, &watch, &err_));
	HOLD_OK(watch_resume(watch, &err_));
	fd = openat(tree, "new", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	HOLD(fd >= 0);
	poll_fd = (struct pollfd){ .fd = watch_fd(watch), .events = POLLIN };
	for (int i = 0; i < 600 && !dirty_new; i++) {
		(void)poll(&poll_fd, 1, 100);
		HOLD_OK(watch_process(watch, 100, &err_));
	}
	HOLD(dirty_new > 0);
	HOLD(open(in("state/baseline.db"), O_RDWR | O_CLOEXEC) < 0);
	HOLD(openat(it->state_fd, "baseline.db", O_RDWR | O_CLOEXEC) < 0 && errno == EACCES);
	HOLD(open(in("config/host.key"), O_WRONLY | O_CLOEXEC) < 0);
	watch_freep(&watch);
}

static void second_time(void)
{
	CLEANUP(setup_freep) struct daemon_setup *it = NULL;

	users("passwd", "group");
	options.first_baseline = true;
	HOLD_OK(setup_new(&options, &it, &err_));
	HOLD(!it->first);
}

static void test_first(void **state)
{
	(void)state;
	in_child(first_time);
	is("state/baseline.db", 0, 0, 0600);
	is("config/host.key", 0, 0, 0600);
	in_child(second_time);
	assert_int_equal(unlink(in("state/baseline.db")), 0);
	in_child(second_time); /* it is gone, but there was one */
	assert_int_equal(access(in("state/baseline.db"), F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_user, setup, teardown),
		cmocka_unit_test_setup_teardown(test_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first, setup, teardown),
	};
	const char *missing = "CAP_SYS_ADMIN";
	struct err err = ERR_INIT;

	if (!sandbox_can_become(&missing) || !sys_capable(CAP_SYS_ADMIN)) {
		(void)fprintf(stderr, "SKIPPED: needs root with all capabilities; %s is missing\n", missing);
		return 77;
	}
	if (crypto_self_test(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
