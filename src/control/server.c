/*
 * server.c - the daemon's end of the control socket: taking calls, patience, the socket's name. See control.h and inner.h.
 *
 * One epoll descriptor holds the listening socket, a timer that ticks once a second while anybody is connected, and the clients. Each
 * source is told by the pointer with it: the server's own for the socket, that of timer_fd for the timer, a client's for itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "base/timefmt.h"
#include "control/inner.h"

enum { EVENTS = 32 };
#define REQUEST_NS (10 * UINT64_C(1000000000))
#define STALL_NS   (60 * UINT64_C(1000000000))

static int watch(const struct control_server *server, int fd, const void *source, struct err *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = (void *)(uintptr_t)source };

	if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_errno(err, errno, "cannot wait for the control socket");
	return 0;
}

/* The key of jansson's tables, for names are the asker's choice. Without it jansson would open /dev/urandom. */
static void seed_tables(void)
{
	size_t seed;

	if (getentropy(&seed, sizeof(seed)) < 0)
		seed = (size_t)time_monotonic_ns();
	json_object_seed(seed | 1);
}

int control_server_new(int dirfd, const char *name, gid_t group, const struct control_handler *handler,
		       struct control_server **ret_server, struct err *err)
{
	CLEANUP(control_server_freep) struct control_server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return err_nomem(err);
	*server = (struct control_server){ .dirfd = -1,
					   .group = group,
					   .handler = *handler,
					   .bound = { .fd = -1 },
					   .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
					   .timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
					   .request_ns = REQUEST_NS,
					   .stall_ns = STALL_NS };
	seed_tables();
	server->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	server->name = strdup(name);
	if (server->epoll_fd < 0 || server->timer_fd < 0 || server->dirfd < 0)
		return err_errno(err, errno, "cannot make the control socket");
	if (!server->name)
		return err_nomem(err);
	r = bound_make(server->dirfd, name, group, &server->bound, err);
	if (r >= 0)
		r = watch(server, server->bound.fd, server, err);
	if (r >= 0)
		r = watch(server, server->timer_fd, &server->timer_fd, err);
	if (r < 0)
		return r;
	*ret_server = STEAL(server);
	return 0;
}

void control_server_freep(struct control_server **server)
{
	struct control_server *old = *server;

	if (!old)
		return;
	*server = NULL;
	while (old->clients) {
		struct control_client *client = old->clients;

		old->clients = client->next;
		client_free(client);
	}
	if (old->bound.fd >= 0 && bound_holds(&old->bound, old->dirfd, old->name))
		(void)unlinkat(old->dirfd, old->name, 0);
	fd_closep(&old->bound.fd);
	fd_closep(&old->timer_fd);
	fd_closep(&old->epoll_fd);
	fd_closep(&old->dirfd);
	free(old->name);
	free(old);
}

int control_server_fd(const struct control_server *server)
{
	return server->epoll_fd;
}

/* The one that has waited longest without having asked anything. */
static struct control_client *idlest(const struct control_server *server)
{
	struct control_client *found = NULL;

	for (struct control_client *client = server->clients; client; client = client->next) {
		if (!client->doomed && client->stage == CLIENT_READING &&
		    (!found || client->since_ns <= found->since_ns))
			found = client;
	}
	return found;
}

static void reap(struct control_server *server)
{
	struct control_client **at = &server->clients;

	while (*at) {
		struct control_client *client = *at;

		if (!client->doomed) {
			at = &client->next;
			continue;
		}
		*at = client->next;
		client_free(client);
	}
}

/* There is no place for it: it is told so, if its socket takes the line, and let go. */
static void turn_away(int fd)
{
	CLEANUP(buf_done) struct buf line = BUF_INIT;
	struct err err = ERR_INIT;

	(void)err_set(&err, ERR_LOCKED, "the daemon is answering %d callers already", (int)CONTROL_CLIENTS_MAX);
	reply_add_error(&line, &err);
	if (!buf_failed(&line))
		(void)!send(fd, line.data, line.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)close(fd);
}

/*
 * Out of descriptors the socket would stay readable and keep us running in circles: it is left alone until the next tick.
 */
static void pause_listening(struct control_server *server, bool pause)
{
	struct epoll_event event = { .events = pause ? 0 : EPOLLIN, .data.ptr = server };

	if (epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, server->bound.fd, &event) == 0)
		server->full = pause;
}

static void take_calls(struct control_server *server)
{
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		int fd = accept4(server->bound.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct control_client *idle = NULL;
		struct control_peer peer;
		struct err err = ERR_INIT;

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
				pause_listening(server, true);
			return;
		}
		if (peer_of(fd, server->group, &peer, &err) < 0) {
			(void)close(fd);
			continue;
		}
		if (server->count >= CONTROL_CLIENTS_MAX) {
			idle = idlest(server);
			if (!idle) {
				turn_away(fd);
				continue;
			}
			idle->doomed = true;
			/* it holds no request, so nobody else knows it; but events of this round may still name it */
		}
		(void)client_new(server, fd, &peer, &err);
	}
}

static void tick(struct control_server *server)
{
	uint64_t expirations, now = time_monotonic_ns();

	(void)!read(server->timer_fd, &expirations, sizeof(expirations));
	for (struct control_client *client = server->clients; client; client = client->next)
		client_tick(client, now);
	if (server->full)
		pause_listening(server, false);
}

/* The timer runs only while somebody is there. */
static int keep_time(struct control_server *server, struct err *err)
{
	bool wanted = server->clients || server->full;
	struct itimerspec every = { .it_value = { wanted, 0 }, .it_interval = { wanted, 0 } };

	if (wanted == server->ticking)
		return 0;
	if (timerfd_settime(server->timer_fd, 0, &every, NULL) < 0)
		return err_errno(err, errno, "cannot set the control socket's timer");
	server->ticking = wanted;
	return 0;
}

int control_server_process(struct control_server *server, struct err *err)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(server->epoll_fd, events, EVENTS, 0);
	bool called = false;

	if (count < 0 && errno != EINTR)
		return err_errno(err, errno, "cannot wait for the control socket");
	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr == server)
			called = true;
		else if (events[i].data.ptr == &server->timer_fd)
			tick(server);
		else
			client_event(events[i].data.ptr, events[i].events);
	}
	reap(server);
	if (called)
		take_calls(server);
	reap(server);
	return keep_time(server, err);
}

int control_server_renew(struct control_server *server, int dirfd, struct err *err)
{
	CLEANUP(fd_closep) int own = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	struct bound bound;
	int r;

	if (own < 0)
		return err_errno(err, errno, "cannot keep the control socket's folder open");
	if (bound_holds(&server->bound, own, server->name))
		return 0;
	r = bound_make(own, server->name, server->group, &bound, err);
	if (r < 0)
		return r;
	r = watch(server, bound.fd, server, err);
	if (r < 0) {
		(void)close(bound.fd);
		return r;
	}
	fd_closep(&server->bound.fd); /* and leaves the epoll set by that */
	server->bound = bound;
	server->full = false;
	fd_closep(&server->dirfd);
	server->dirfd = STEAL_FD(own);
	return 1;
}
