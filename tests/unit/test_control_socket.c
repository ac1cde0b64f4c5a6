/* test_control_socket.c - the socket's name: stale, live and foreign ones, renewal, permissions, who asks; a read-only view. */
#include "control_fixture.h"

#include <grp.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Another server by the same name. */
static int second(const struct place *place, struct err *err)
{
	const struct control_handler handler = { on_request, on_more, on_gone, NULL };
	CLEANUP(control_server_freep) struct control_server *server = NULL;

	return control_server_new(place->dirfd, "control.sock", (gid_t)-1, &handler, &server, err);
}

static void a_live_one_is_left_alone(void **state)
{
	struct place *place = *state;
	struct err err = ERR_INIT;
	CLEANUP(freep) char *answer = NULL;

	assert_int_equal(second(place, &err), ERR_LOCKED);
	assert_non_null(strstr(err.message, "another daemon"));
	answer = ask(place, "{\"request\":\"echo\"}\n", 19);
	assert_non_null(strstr(answer, "end"));
}

static void a_stale_one_is_replaced(void **state)
{
	struct place *place = *state;
	struct stat before, after;

	/* what a killed daemon leaves: a name that nobody listens on */
	assert_int_equal(lstat(place->path, &before), 0);
	fd_closep(&place->server->bound.fd);
	place->server->bound.ino = 0;
	control_server_freep(&place->server);
	assert_int_equal(lstat(place->path, &after), 0);
	place_serve(place);
	free(ask(place, "{\"request\":\"echo\"}\n", 19));
	assert_int_equal(place->requests, 1);
}

static void nothing_but_a_socket_is_replaced(void **state)
{
	static const char *const make[] = { "echo precious >%s", "mkdir %s", "ln -s target %s", "mkfifo %s" };
	struct place *place = *state;
	char command[256];

	control_server_freep(&place->server);
	for (size_t i = 0; i < ARRAY_SIZE(make); i++) {
		struct err err = ERR_INIT;
		struct stat before, after;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(command, sizeof(command), make[i], place->path);
#pragma GCC diagnostic pop
		assert_int_equal(system(command), 0);
		assert_int_equal(lstat(place->path, &before), 0);
		assert_int_equal(second(place, &err), ERR_CANTCREATE);
		assert_non_null(strstr(err.message, "is no socket"));
		assert_int_equal(lstat(place->path, &after), 0);
		assert_int_equal(before.st_ino, after.st_ino);
		(void)snprintf(command, sizeof(command), "rm -r %s", place->path);
		assert_int_equal(system(command), 0);
	}
}

static void names_are_names(void **state)
{
	/* longer than the address of a socket can hold */
	static const char too_long[] =
		"a-name-that-is-much-longer-than-the-hundred-and-eight-bytes-of-a-socket-address-"
		"can-hold-so-that-it-cannot-be-bound";
	static const char *const names[] = { "", "a/b", "../x", too_long };
	const struct control_handler handler = { on_request, on_more, on_gone, NULL };
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct control_server *server = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(control_server_new(place->dirfd, names[i], (gid_t)-1, &handler, &server, &err),
				 ERR_CANTCREATE);
		assert_null(server);
	}
}

static void a_name_taken_away_is_made_again(void **state)
{
	struct place *place = *state;
	CLEANUP(fd_closep) int held = dial(place);
	struct err err = ERR_INIT;
	struct stat status;

	assert_int_equal(control_server_renew(place->server, place->dirfd, &err), 0);
	say(place, held, "{\"request\":\"hold\"}\n", 19);
	PUMP_UNTIL(place, place->held);
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(control_server_renew(place->server, place->dirfd, &err), 1);
	assert_int_equal(control_server_renew(place->server, place->dirfd, &err), 0);
	free(ask(place, "{\"request\":\"echo\"}\n", 19));
	control_end(place->held); /* who was connected before is served */
	free(hear(place, held));
	assert_int_equal(place->gones, 0);
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
}

static void another_ones_name_is_not_taken(void **state)
{
	struct place *place = *state;
	CLEANUP(fd_closep) int usurper = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct err err = ERR_INIT;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", place->path);
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(bind(usurper, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(usurper, 1), 0);
	assert_int_equal(control_server_renew(place->server, place->dirfd, &err), ERR_LOCKED);
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(symlink("elsewhere", place->path), 0);
	assert_int_equal(control_server_renew(place->server, place->dirfd, &err), ERR_CANTCREATE);
	control_server_freep(&place->server);
	assert_int_equal(unlink(place->path), 0); /* what is not ours was left */
}

/* A child with these ids asks; its exit status tells how the answer began: 0 it was answered, 77 refused, 1 it could not connect. */
static int ask_as(struct place *place, uid_t uid, gid_t gid, const gid_t *groups, size_t group_count)
{
	static const char request[] = "{\"request\":\"hold\"}\n";
	unsigned before = place->requests;
	uint64_t until = time_monotonic_ns() + PATIENCE_NS;
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		char line[512] = "";
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", place->path);
		if (setgroups(group_count, groups) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(99);
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
			_exit(1);
		(void)!send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
		(void)!recv(fd, line, sizeof(line) - 1, 0);
		_exit(strstr(line, "\"code\":77") && line[strlen(line) - 1] == '\n' ? 77
		      : strstr(line, "\"end\"")                                     ? 0
										    : 2);
	}
	assert_true(child > 0);
	while (waitpid(child, &status, WNOHANG) == 0) {
		assert_true(time_monotonic_ns() < until);
		pump_for(place, 20);
		if (place->requests > before && place->held) {
			struct control_client *client = place->held;

			place->held = NULL;
			control_end(client);
		}
	}
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

enum { GROUP = 54321, STRANGER = 54322 };

static void who_may_ask(void **state)
{
	const struct control_handler handler = { on_request, on_more, on_gone, *state };
	const gid_t many[] = { 7, GROUP, 9 }, none[] = { 7 };
	struct place *place = *state;
	struct err err = ERR_INIT;
	struct stat status;

	if (geteuid() != 0) {
		print_message("needs root: becomes other users\n");
		skip();
	}
	control_server_freep(&place->server);
	assert_int_equal(chmod(place->folder, 0755), 0);
	assert_int_equal(control_server_new(place->dirfd, "control.sock", GROUP, &handler, &place->server, &err), 0);
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
	assert_int_equal(status.st_gid, GROUP);
	assert_int_equal(ask_as(place, STRANGER, STRANGER, NULL, 0), 1); /* the file says no */
	assert_int_equal(ask_as(place, STRANGER, GROUP, NULL, 0), 0);
	assert_true(place->peer.may_read && !place->peer.may_command);
	assert_int_equal(place->peer.uid, STRANGER);
	assert_int_equal(ask_as(place, STRANGER, STRANGER, many, ARRAY_SIZE(many)), 0);
	assert_true(place->peer.may_read && !place->peer.may_command);
	assert_int_equal(ask_as(place, 0, 0, NULL, 0), 0);
	assert_true(place->peer.may_read && place->peer.may_command);
	/* were the file's mode opened by somebody, the daemon would still say no */
	assert_int_equal(chmod(place->path, 0666), 0);
	assert_int_equal(ask_as(place, STRANGER, STRANGER, none, ARRAY_SIZE(none)), 77);
	assert_int_equal(place->requests, 3);
}

/* As the daemon does: the folder's descriptor is opened first, then its view of the file systems becomes read-only. */
static int behind_a_read_only_view(struct place *place)
{
	const struct mount_attr only_read = { .attr_set = MOUNT_ATTR_RDONLY };
	const struct control_handler handler = { on_request, on_more, on_gone, place };
	struct err err = ERR_INIT;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &only_read, sizeof(only_read)) < 0)
		return 77;
	if (open(place->folder, O_TMPFILE | O_WRONLY, 0600) >= 0 || errno != EROFS)
		return 2;
	if (control_server_new(place->dirfd, "control.sock", GROUP, &handler, &place->server, &err) < 0)
		return 3;
	if (unlinkat(place->dirfd, "control.sock", 0) < 0 ||
	    control_server_renew(place->server, place->dirfd, &err) != 1)
		return 4;
	control_server_freep(&place->server);
	return faccessat(place->dirfd, "control.sock", F_OK, 0) == 0 ? 5 : 0;
}

static void it_works_behind_a_read_only_view(void **state)
{
	struct place *place = *state;
	int status;
	pid_t child;

	control_server_freep(&place->server);
	child = fork();
	if (child == 0)
		_exit(behind_a_read_only_view(place));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("needs root and a mount namespace\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_live_one_is_left_alone),
		TEST(a_stale_one_is_replaced),
		TEST(nothing_but_a_socket_is_replaced),
		TEST(names_are_names),
		TEST(a_name_taken_away_is_made_again),
		TEST(another_ones_name_is_not_taken),
		TEST(who_may_ask),
		TEST(it_works_behind_a_read_only_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
