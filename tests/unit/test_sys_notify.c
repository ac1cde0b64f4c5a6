/* test_sys_notify.c - what the service manager hears, over a real datagram socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/notify.h"

static char dir[64];
static int listener = -1;
static char said[1024];

/* NAME as in NOTIFY_SOCKET. */
static void listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	memcpy(address.sun_path, name, len);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(listener >= 0);
	assert_int_equal(
		bind(listener, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
		0);
}

static const char *hear(void)
{
	ssize_t n = recv(listener, said, sizeof(said) - 1, MSG_DONTWAIT);

	said[n < 0 ? 0 : n] = '\0';
	return said;
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s", "/tmp/tally-notify-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return 0;
}

static int teardown(void **state)
{
	char path[96];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/notify", dir);
	(void)unlink(path);
	if (listener >= 0)
		(void)close(listener);
	listener = -1;
	return rmdir(dir);
}

static void say_everything(const struct notify *notify)
{
	static char many[2000];

	notify_ready(notify);
	assert_string_equal(hear(), "READY=1");
	notify_status(notify, "watching %d directories\nREADY=0", 17);
	assert_string_equal(hear(), "STATUS=watching 17 directories");
	memset(many, 'x', sizeof(many) - 1);
	notify_status(notify, "%s", many);
	assert_true(strlen(hear()) <= 507);
	notify_watchdog(notify);
	assert_string_equal(hear(), "WATCHDOG=1");
	notify_reloading(notify);
	assert_int_equal(memcmp(hear(), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	assert_true(strtoull(said + 27, NULL, 10) > 0);
	notify_stopping(notify);
	assert_string_equal(hear(), "STOPPING=1");
}

static void test_by_path(void **state)
{
	struct notify notify;
	struct err err = ERR_INIT;
	char path[96];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/notify", dir);
	listen_at(path);
	assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
	assert_int_equal(notify_open(&notify, &err), 0);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_int_equal(notify.watchdog_ns, 0);
	assert_int_equal(unlink(path), 0); /* the connection is all that is needed */
	say_everything(&notify);
	(void)close(listener);
	listener = -1;
	notify_ready(&notify); /* nobody hears it, and nothing happens */
	notify_close(&notify);
}

static void test_abstract(void **state)
{
	struct notify notify;
	struct err err = ERR_INIT;
	char path[96];

	(void)state;
	(void)snprintf(path, sizeof(path), "@tally-notify-%d", getpid());
	listen_at(path);
	assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
	assert_int_equal(notify_open(&notify, &err), 0);
	say_everything(&notify);
	notify_close(&notify);
}

static void test_watchdog(void **state)
{
	char own[32], path[96];
	const struct {
		const char *usec, *pid;
		uint64_t ns;
	} rows[] = {
		{ "30000000", own, UINT64_C(30000000000) },
		{ "30000000", NULL, UINT64_C(30000000000) },
		{ "30000000", "1", 0 },
		{ NULL, own, 0 },
		{ "", own, 0 },
		{ "-1", own, 0 },
		{ "30s", own, 0 },
		{ "18446744073709551615", own, 0 },
		{ "184467440737095516150", own, 0 },
	};

	(void)state;
	(void)snprintf(own, sizeof(own), "%d", getpid());
	(void)snprintf(path, sizeof(path), "%s/notify", dir);
	listen_at(path);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct notify notify;
		struct err err = ERR_INIT;

		(void)setenv("NOTIFY_SOCKET", path, 1);
		if (rows[i].usec)
			(void)setenv("WATCHDOG_USEC", rows[i].usec, 1);
		if (rows[i].pid)
			(void)setenv("WATCHDOG_PID", rows[i].pid, 1);
		assert_int_equal(notify_open(&notify, &err), 0);
		assert_int_equal(notify.watchdog_ns, rows[i].ns);
		assert_null(getenv("WATCHDOG_USEC"));
		assert_null(getenv("WATCHDOG_PID"));
		notify_close(&notify);
	}
}

static void test_wrong(void **state)
{
	struct notify notify;
	struct err err = ERR_INIT;
	char path[200];

	(void)state;
	assert_int_equal(notify_open(&notify, &err), 0); /* nobody asked */
	assert_int_equal(notify.fd, -1);
	notify_ready(&notify);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	path[0] = '/';
	for (size_t i = 0; i < 3; i++) {
		static const char *const short_ones[] = { "relative", "/" };

		(void)setenv("NOTIFY_SOCKET", i < 2 ? short_ones[i] : path, 1);
		assert_int_equal(notify_open(&notify, &err), ERR_DATA);
		assert_int_equal(notify.fd, -1);
	}
	(void)setenv("NOTIFY_SOCKET", "/nowhere/notify", 1);
	assert_int_equal(notify_open(&notify, &err), ERR_IO);
	assert_null(getenv("NOTIFY_SOCKET"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_by_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abstract, setup, teardown),
		cmocka_unit_test_setup_teardown(test_watchdog, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
