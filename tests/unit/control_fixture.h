/*
 * control_fixture.h - for tests of control: a folder with a server in it whose handler does what the request says, and plain sockets
 * to talk to it. The server runs when pump() is called: one thread, no waiting that a condition does not end.
 */
#ifndef TESTS_CONTROL_FIXTURE_H
#define TESTS_CONTROL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/timefmt.h"
#include "control/inner.h"

#define PATIENCE_NS (UINT64_C(60) * 1000000000)

struct place {
	char folder[64], path[96];
	int dirfd;
	struct control_server *server;
	/* what the handler saw */
	unsigned requests, mores, gones;
	struct control_client *held; /* of a request "hold": not answered */
	struct control_peer peer; /* of the last request */
	long lines; /* of a request "stream": still to be sent */
};

/* requests: echo (the request comes back), hold, stream N, flood, fail, late */
static inline void on_request(void *context, struct control_client *client, const struct control_peer *peer,
			      const json_t *request)
{
	struct place *place = context;
	const char *what = json_string_value(json_object_get(request, "request"));
	struct err err = ERR_INIT;

	place->requests++;
	place->peer = *peer;
	if (strcmp(what, "echo") == 0) {
		assert_true(control_send(client, json_deep_copy(request)));
		assert_true(control_send_text(client, "{\"record\":\"text\"}", 17));
		control_end(client);
	} else if (strcmp(what, "hold") == 0) {
		place->held = client;
	} else if (strcmp(what, "stream") == 0) {
		place->held = client;
		place->lines = (long)json_integer_value(json_object_get(request, "lines"));
		control_stream(client);
	} else if (strcmp(what, "flood") == 0) {
		char line[1 << 16];
		unsigned sent = 0;

		memset(line, 'x', sizeof(line));
		while (sent < 100000 && control_send_text(client, line, sizeof(line)))
			sent++;
		assert_in_range(sent, 400, 600);
		place->held = client;
	} else {
		(void)err_set(&err, ERR_USAGE, "no request '%s' \"quoted\" \x01 \xff \\x00", what);
		control_fail(client, &err);
	}
}

static inline void on_more(void *context, struct control_client *client)
{
	struct place *place = context;
	char line[1000];

	place->mores++;
	for (int i = 0; i < 20 && place->lines > 0; i++, place->lines--) {
		int len = snprintf(line, sizeof(line), "{\"record\":\"n\",\"n\":%ld,\"pad\":\"%0900d\"}", place->lines,
				   0);

		assert_true(control_send_text(client, line, (size_t)len));
	}
	if (place->lines == 0)
		control_end(client);
}

static inline void on_gone(void *context, struct control_client *client)
{
	struct place *place = context;

	place->gones++;
	if (place->held == client)
		place->held = NULL;
}

static inline void place_serve(struct place *place)
{
	const struct control_handler handler = { on_request, on_more, on_gone, place };
	struct err err = ERR_INIT;

	if (control_server_new(place->dirfd, "control.sock", (gid_t)-1, &handler, &place->server, &err) < 0)
		fail_msg("%s", err.message);
}

static inline int place_set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	(void)snprintf(place->folder, sizeof(place->folder), "/tmp/tally-control-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	(void)snprintf(place->path, sizeof(place->path), "%s/control.sock", place->folder);
	place->dirfd = open(place->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(place->dirfd >= 0);
	place_serve(place);
	*state = place;
	return 0;
}

static inline int place_tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	control_server_freep(&place->server);
	assert_int_equal(access(place->path, F_OK), -1); /* it cleans up behind itself */
	(void)close(place->dirfd);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", place->folder);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

/* One round of the daemon's loop; waits at most MS for something to do. */
static inline void pump_for(struct place *place, int ms)
{
	struct pollfd source = { .fd = control_server_fd(place->server), .events = POLLIN };
	struct err err = ERR_INIT;

	(void)poll(&source, 1, ms);
	if (control_server_process(place->server, &err) < 0)
		fail_msg("%s", err.message);
}

/* Rounds until the condition holds; fails when it does not within a generous time. */
#define PUMP_UNTIL(place, condition)                                                                                   \
	do {                                                                                                           \
		uint64_t until_ = time_monotonic_ns() + PATIENCE_NS;                                                   \
		while (!(condition)) {                                                                                 \
			if (time_monotonic_ns() > until_)                                                              \
				fail_msg("never: %s", #condition);                                                     \
			pump_for((place), 50);                                                                         \
		}                                                                                                      \
	} while (0)

static inline int dial(const struct place *place)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", place->path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Sends all of it, running the server where it must read first; stops early where the server has closed. */
static inline void say(struct place *place, int fd, const void *data, size_t len)
{
	const char *at = data;
	uint64_t until = time_monotonic_ns() + PATIENCE_NS;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		assert_true(time_monotonic_ns() < until);
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		} else {
			pump_for(place, 10);
		}
	}
}

/* All that comes until the server closes: a heap string. */
static inline char *hear(struct place *place, int fd)
{
	CLEANUP(buf_done) struct buf all = BUF_INIT;
	uint64_t until = time_monotonic_ns() + PATIENCE_NS;

	for (;;) {
		ssize_t n;

		assert_int_equal(buf_reserve(&all, 65536), 0);
		n = recv(fd, all.data + all.len, 65536, MSG_DONTWAIT);
		assert_true(time_monotonic_ns() < until);
		if (n > 0)
			all.len += (size_t)n;
		else if (n == 0 || errno == ECONNRESET)
			break;
		else
			pump_for(place, 10);
	}
	return buf_steal_str(&all);
}

/* One conversation: DATA in, all that comes back out. */
static inline char *ask(struct place *place, const void *data, size_t len)
{
	CLEANUP(fd_closep) int fd = dial(place);

	say(place, fd, data, len);
	return hear(place, fd);
}

#endif
