/* client.c - one connection to the daemon: its request in, its answer out. Nothing here waits. See inner.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/timefmt.h"
#include "control/inner.h"
#include "json/parse.h"

enum { READ_CHUNK = 64 << 10, SEND_AT_ONCE = 1 << 20, KEPT = 1 << 20 };

static size_t waiting(const struct control_client *client)
{
	return client->out.len - client->sent;
}

/* What epoll should wake us for. A peer that is gone is told in any case. */
static void wait_for(struct control_client *client)
{
	struct epoll_event event = { .data.ptr = client };
	bool wants_more = client->streaming && client->stage == CLIENT_SERVED && !client->asked &&
			  waiting(client) < CONTROL_MORE_BELOW;

	event.events = client->stage == CLIENT_READING ? EPOLLIN : 0;
	if (waiting(client) || wants_more || client->stage == CLIENT_ENDED)
		event.events |= EPOLLOUT;
	if (event.events == client->events || client->doomed)
		return;
	if (epoll_ctl(client->server->epoll_fd, EPOLL_CTL_MOD, client->fd, &event) < 0)
		client->doomed = true;
	client->events = event.events;
}

/* Something stands in OUT from FROM on: good if it all went in and is within the bounds. */
static bool queued(struct control_client *client, size_t from, bool good)
{
	struct control_server *server = client->server;
	size_t len = client->out.len - from;
	size_t limit = client->streaming ? CONTROL_STREAM_MAX : CONTROL_OUT_MAX;

	server->queued += len;
	if (!good || len > CONTROL_LINE_MAX || waiting(client) > limit || server->queued > CONTROL_ALL_MAX) {
		client->doomed = true; /* an answer with a hole in it must not look whole */
		return false;
	}
	if (waiting(client) == len)
		client->since_ns = time_monotonic_ns();
	client->asked = false;
	wait_for(client);
	return true;
}

bool control_send(struct control_client *client, json_t *object)
{
	size_t from = client->out.len;
	bool good = !client->doomed && client->stage == CLIENT_SERVED && reply_add(&client->out, object);

	json_decref(object);
	return queued(client, from, good);
}

bool control_send_text(struct control_client *client, const char *line, size_t len)
{
	size_t from = client->out.len;
	bool good = !client->doomed && client->stage == CLIENT_SERVED && buf_add(&client->out, line, len) == 0 &&
		    buf_add_byte(&client->out, '\n') == 0;

	return queued(client, from, good);
}

void control_stream(struct control_client *client)
{
	client->streaming = true;
	wait_for(client);
}

static void end(struct control_client *client, size_t from)
{
	client->stage = CLIENT_ENDED;
	(void)queued(client, from, !buf_failed(&client->out));
}

void control_end(struct control_client *client)
{
	size_t from = client->out.len;

	(void)buf_add_str(&client->out, "{\"record\":\"end\"}\n");
	end(client, from);
}

void control_fail(struct control_client *client, const struct err *err)
{
	size_t from = client->out.len;

	reply_add_error(&client->out, err);
	end(client, from);
}

static void refuse(struct control_client *client, int code, const char *why)
{
	struct err err = ERR_INIT;

	(void)err_set(&err, code, "%s", why);
	control_fail(client, &err);
}

int client_new(struct control_server *server, int fd, const struct control_peer *peer, struct err *err)
{
	struct control_client *client = calloc(1, sizeof(*client));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };

	if (!client || epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		int saved = client ? errno : ENOMEM;

		free(client);
		(void)close(fd);
		return err_errno(err, saved, "cannot take a call");
	}
	*client = (struct control_client){ .server = server,
					   .fd = fd,
					   .peer = *peer,
					   .events = event.events,
					   .since_ns = time_monotonic_ns(),
					   .next = server->clients };
	server->clients = client;
	server->count++;
	if (!peer->may_read)
		refuse(client, ERR_DENIED,
		       "the daemon answers root, its own user and members of its socket's group, and nobody else");
	return 0;
}

void client_free(struct control_client *client)
{
	struct control_server *server = client->server;

	if (client->stage == CLIENT_SERVED && server->handler.gone)
		server->handler.gone(server->handler.context, client);
	server->queued -= waiting(client);
	server->count--;
	fd_closep(&client->fd);
	buf_done(&client->in);
	buf_done(&client->out);
	free(client);
}

/* The line is whole: is it a request? */
static void take_request(struct control_client *client, size_t len)
{
	struct control_server *server = client->server;
	struct err err = ERR_INIT, problem = ERR_INIT;
	json_t *request = NULL;
	int r = json_parse((const char *)client->in.data, len, &request, &problem);

	buf_done(&client->in);
	if (r < 0) {
		(void)(r == ERR_DATA ? err_set(&err, ERR_DATA, "the request is no JSON: %.200s", problem.message)
				     : err_nomem(&err));
		control_fail(client, &err);
		return;
	}
	if (!json_is_object(request) || !json_is_string(json_object_get(request, "request"))) {
		refuse(client, ERR_DATA, "a request is a JSON object with a member 'request'");
	} else {
		client->stage = CLIENT_SERVED;
		wait_for(client);
		server->handler.request(server->handler.context, client, &client->peer, request);
	}
	json_decref(request);
}

/* The other end said that no more comes. */
static void at_end(struct control_client *client)
{
	if (client->in.len == 0)
		client->doomed = true;
	else
		refuse(client, ERR_DATA, "the request ends without a newline");
}

static void read_request(struct control_client *client)
{
	struct buf *in = &client->in;

	while (!client->doomed && client->stage == CLIENT_READING) {
		const unsigned char *newline;
		size_t from = in->len;
		ssize_t n;

		if (buf_reserve(in, READ_CHUNK) < 0) {
			client->doomed = true;
			return;
		}
		n = recv(client->fd, in->data + from, READ_CHUNK, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			client->doomed = true;
		if (n == 0)
			at_end(client);
		if (n <= 0)
			return;
		in->len += (size_t)n;
		newline = memchr(in->data + from, '\n', (size_t)n);
		if ((newline ? (size_t)(newline - in->data) : in->len) > CONTROL_REQUEST_MAX)
			refuse(client, ERR_DATA, "the request is longer than 1 MiB");
		else if (newline)
			take_request(client, (size_t)(newline - in->data));
	}
}

/* What was sent makes room; a buffer that a long answer has blown up is given back. */
static void compact(struct control_client *client)
{
	struct buf *out = &client->out;
	size_t left = waiting(client);

	if (left == 0 && out->capacity > KEPT) {
		buf_done(out);
	} else if (client->sent >= out->len / 2) {
		if (left)
			memmove(out->data, out->data + client->sent, left);
		out->len = left;
	} else {
		return;
	}
	client->sent = 0;
}

static void send_queued(struct control_client *client)
{
	size_t budget = SEND_AT_ONCE; /* the others wait meanwhile */

	while (waiting(client) && budget) {
		size_t len = waiting(client) < budget ? waiting(client) : budget;
		ssize_t n = send(client->fd, client->out.data + client->sent, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			client->doomed = true;
			return;
		}
		client->sent += (size_t)n;
		client->server->queued -= (size_t)n;
		client->since_ns = time_monotonic_ns();
		budget -= (size_t)n;
	}
	compact(client);
}

void client_event(struct control_client *client, uint32_t events)
{
	struct control_server *server = client->server;

	if (client->doomed)
		return;
	if (events & (EPOLLHUP | EPOLLERR)) { /* both directions are closed: nobody reads what we would send */
		client->doomed = true;
		return;
	}
	if (client->stage == CLIENT_READING)
		read_request(client);
	if (client->doomed || !(events & EPOLLOUT))
		return;
	send_queued(client);
	if (client->stage == CLIENT_ENDED && waiting(client) == 0)
		client->doomed = true;
	if (!client->doomed && client->stage == CLIENT_SERVED && client->streaming && !client->asked &&
	    waiting(client) < CONTROL_MORE_BELOW) {
		client->asked = true;
		server->handler.more(server->handler.context, client);
	}
	wait_for(client);
}

void client_tick(struct control_client *client, uint64_t now_ns)
{
	uint64_t patience = client->stage == CLIENT_READING ? client->server->request_ns : client->server->stall_ns;

	if (client->stage != CLIENT_READING && waiting(client) == 0)
		return; /* it waits for us */
	if (now_ns - client->since_ns >= patience)
		client->doomed = true;
}
