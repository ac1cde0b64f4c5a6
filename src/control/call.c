/* call.c - the companion's end of the control socket: one request, its answer line by line. Blocks. See control.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "control/inner.h"
#include "json/parse.h"

enum { READ_CHUNK = 64 << 10, CONNECT_SECONDS = 20, LOOK_MS = 500 };

struct control_call {
	int fd;
	const atomic_bool *interrupted;
	struct buf in;
	size_t taken; /* of in: lines handed out */
	bool ended;
};

void control_call_freep(struct control_call **call)
{
	if (!*call)
		return;
	fd_closep(&(*call)->fd);
	buf_done(&(*call)->in);
	free(*call);
	*call = NULL;
}

/* A path that is too long for a socket address is reached through its folder's descriptor, kept open in *ret_dirfd. */
static int address_of(const char *path, struct sockaddr_un *ret_address, int *ret_dirfd, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *slash = strrchr(path, '/');
	CLEANUP(freep) char *folder = NULL;
	int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);

	if (len >= 0 && (size_t)len >= sizeof(address.sun_path) && slash) {
		folder = strndup(path, (size_t)(slash - path) + 1);
		if (!folder)
			return err_nomem(err);
		*ret_dirfd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (*ret_dirfd < 0)
			return err_errno_as(err, errno == EACCES ? ERR_DENIED : ERR_NODAEMON, errno,
					    "no daemon answers on '%s'", QUOTE(path));
		len = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", *ret_dirfd,
			       slash + 1);
	}
	if (len <= 0 || (size_t)len >= sizeof(address.sun_path))
		return err_set(err, ERR_USAGE, "'%s' cannot be the path of a socket", QUOTE(path));
	*ret_address = address;
	return 0;
}

static int connect_to(const char *path, int *ret_fd, struct err *err)
{
	const struct timeval patience = { .tv_sec = CONNECT_SECONDS };
	CLEANUP(fd_closep) int fd = -1, dirfd = -1;
	struct sockaddr_un address;
	int r;

	r = address_of(path, &address, &dirfd, err);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, errno, "cannot make a socket");
	/* a daemon that stands still takes no calls; for sending alone: an answer may take its time */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
		*ret_fd = STEAL_FD(fd);
		return 0;
	}
	if (errno == EINTR)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	if (errno == EACCES || errno == EPERM)
		return err_errno_as(err, ERR_DENIED, errno, "may not talk to the daemon on '%s'", QUOTE(path));
	return err_errno_as(err, ERR_NODAEMON, errno, "no daemon answers on '%s'", QUOTE(path));
}

/* A daemon that closes early has said why: what can no longer be sent is no failure yet. */
static int send_all(int fd, const struct buf *line, struct err *err)
{
	size_t sent = 0;

	while (sent < line->len) {
		ssize_t n = send(fd, line->data + sent, line->len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return 0;
		if (n < 0)
			return err_errno_as(err, ERR_NODAEMON, errno, "the daemon does not take the request");
		sent += (size_t)n;
	}
	return 0;
}

int control_call_new(const char *path, json_t *request, struct control_call **ret_call, struct err *err)
{
	CLEANUP(control_call_freep) struct control_call *call = calloc(1, sizeof(*call));
	CLEANUP(buf_done) struct buf line = BUF_INIT;
	bool made = reply_add(&line, request);
	int r;

	json_decref(request);
	if (!call || !made)
		return err_nomem(err);
	call->fd = -1;
	if (line.len > CONTROL_REQUEST_MAX)
		return err_set(err, ERR_USAGE, "the request is too long for the daemon: name fewer paths");
	r = connect_to(path, &call->fd, err);
	if (r >= 0)
		r = send_all(call->fd, &line, err);
	if (r < 0)
		return r;
	*ret_call = STEAL(call);
	return 0;
}

void control_call_watch(struct control_call *call, const atomic_bool *interrupted)
{
	call->interrupted = interrupted;
}

/* Waits until something can be read. With a flag to look at, a signal just before the wait is not missed for long. */
static int await(const struct control_call *call, struct err *err)
{
	struct pollfd source = { .fd = call->fd, .events = POLLIN };

	for (;;) {
		int n;

		if (call->interrupted && atomic_load(call->interrupted))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		n = poll(&source, 1, call->interrupted ? LOOK_MS : -1);
		if (n > 0)
			return 0;
		if (n < 0 && errno == EINTR)
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (n < 0)
			return err_errno(err, errno, "cannot wait for the daemon");
	}
}

/* More of the answer: 1, or 0 where the connection ends. */
static int receive(struct control_call *call, struct err *err)
{
	struct buf *in = &call->in;
	ssize_t n;
	int r;

	if (call->taken) {
		if (in->len > call->taken)
			memmove(in->data, in->data + call->taken, in->len - call->taken);
		in->len -= call->taken;
		call->taken = 0;
	}
	if (in->len > CONTROL_LINE_MAX)
		return err_set(err, ERR_DATA, "the daemon's answer has a line longer than %d bytes",
			       (int)CONTROL_LINE_MAX);
	if (buf_reserve(in, READ_CHUNK) < 0)
		return err_nomem(err);
	r = await(call, err);
	if (r < 0)
		return r;
	n = recv(call->fd, in->data + in->len, READ_CHUNK, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (n < 0 && errno != ECONNRESET)
		return err_errno(err, errno, "cannot read the daemon's answer");
	if (n <= 0)
		return 0;
	in->len += (size_t)n;
	return 1;
}

/* The next whole line, its newline made a NUL; borrowed until the next call. */
static int next_line(struct control_call *call, char **ret_line, size_t *ret_len, struct err *err)
{
	size_t searched = call->taken;

	for (;;) {
		unsigned char *start = call->in.data + call->taken;
		unsigned char *newline = call->in.len > searched
						 ? memchr(call->in.data + searched, '\n', call->in.len - searched)
						 : NULL;
		int r;

		if (newline) {
			*newline = '\0';
			*ret_line = (char *)start;
			*ret_len = (size_t)(newline - start);
			call->taken += *ret_len + 1;
			return 0;
		}
		searched = call->in.len - call->taken;
		r = receive(call, err);
		if (r < 0)
			return r;
		if (r == 0)
			return err_set(err, ERR_NODAEMON, "the daemon broke off before the end of its answer");
	}
}

/* The daemon's error as ours. */
static int their_error(const json_t *reply, struct err *err)
{
	static const int codes[] = { ERR_UNTRUSTED,  ERR_USAGE, ERR_DATA,   ERR_NOINPUT, ERR_NODAEMON, ERR_INTERNAL,
				     ERR_CANTCREATE, ERR_IO,    ERR_LOCKED, ERR_DENIED,  ERR_POLICY };
	CLEANUP(buf_done) struct buf message = BUF_INIT;
	json_int_t code = json_integer_value(json_object_get(reply, "code"));
	const char *text = json_string_value(json_object_get(reply, "message"));

	for (size_t i = 0; text && i < ARRAY_SIZE(codes); i++) {
		if (code != -codes[i])
			continue;
		reply_add_escaped(&message, text);
		if (!buf_str(&message) || buf_failed(&message))
			return err_nomem(err);
		return err_set(err, codes[i], "the daemon says: %s", (const char *)message.data);
	}
	return err_set(err, ERR_DATA, "the daemon's answer is damaged: an error that is none");
}

static int sort(struct control_call *call, json_t *reply, struct err *err)
{
	const char *record = json_string_value(json_object_get(reply, "record"));

	if (!record)
		return err_set(err, ERR_DATA, "the daemon's answer is damaged: a line without a member 'record'");
	call->ended = strcmp(record, "end") == 0;
	if (call->ended)
		return 0;
	return strcmp(record, "error") == 0 ? their_error(reply, err) : 1;
}

int control_call_next(struct control_call *call, json_t **ret_reply, const char **ret_line, struct err *err)
{
	struct err problem = ERR_INIT;
	json_t *reply = NULL;
	char *line = NULL;
	size_t len = 0;
	int r;

	if (call->ended)
		return 0;
	r = next_line(call, &line, &len, err);
	if (r < 0)
		return r;
	r = json_parse(line, len, &reply, &problem);
	if (r == ERR_DATA)
		return err_set(err, ERR_DATA, "the daemon's answer is damaged: %.200s", problem.message);
	if (r < 0)
		return err_nomem(err);
	r = sort(call, reply, err);
	if (r <= 0) {
		json_decref(reply);
		return r;
	}
	*ret_reply = reply;
	*ret_line = line;
	return r;
}
