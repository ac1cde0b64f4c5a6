/*
 * inner.h - what the files of the server share. Private to control/ and its tests.
 *
 * A client is in one of three stages: its request is being read, it is served (the handler holds it), or it was ended (what is
 * queued is still sent). Whatever its stage it can be doomed: the next control_server_process() tells the handler if that holds it,
 * and frees it. Nothing frees a client in between, so the handler's pointers stay good.
 */
#ifndef CONTROL_INNER_H
#define CONTROL_INNER_H

#include "base/buf.h"
#include "control/control.h"

enum {
	CONTROL_OUT_MAX = 32 << 20, /* queued for a client that is not streamed to */
	CONTROL_STREAM_MAX = 2 * CONTROL_LINE_MAX, /* for one that is: room for the longest line behind another */
	CONTROL_ALL_MAX = 256 << 20, /* for all of them */
	CONTROL_MORE_BELOW = 64 << 10
};

/* ---- bind.c ---- */
struct bound {
	int fd; /* listening; -1 */
	dev_t dev;
	ino_t ino;
};
/* Makes and listens; see control_server_new(). */
int bound_make(int dirfd, const char *name, gid_t group, struct bound *ret_bound, struct err *err);
/* Does the name still lead to it? */
bool bound_holds(const struct bound *bound, int dirfd, const char *name);
/* Who is at the other end of FD. */
int peer_of(int fd, gid_t group, struct control_peer *ret_peer, struct err *err);

/* ---- reply.c ---- */
/* One object as a line with its newline; false when memory is short or the object is NULL. */
bool reply_add(struct buf *out, const json_t *object);
/* {"record":"error",...}: built without jansson's objects, so that it works when memory is short. */
void reply_add_error(struct buf *out, const struct err *err);
/* Text that may hold escapes of ours: what is raw in it is escaped, and no backslash twice. */
void reply_add_escaped(struct buf *out, const char *text);

/* ---- client.c ---- */
enum client_stage { CLIENT_READING, CLIENT_SERVED, CLIENT_ENDED };

struct control_client {
	struct control_client *next;
	struct control_server *server;
	int fd;
	struct control_peer peer;
	struct buf in; /* the request, as far as it has come */
	struct buf out;
	size_t sent; /* of out */
	uint64_t since_ns; /* when it connected; later, when its output last made progress */
	uint32_t events; /* that epoll waits for */
	enum client_stage stage;
	bool streaming, asked; /* asked: more() was called and nothing has been queued since */
	bool doomed;
};

struct control_server {
	int dirfd;
	char *name;
	gid_t group;
	struct control_handler handler;
	struct bound bound;
	int epoll_fd, timer_fd;
	struct control_client *clients; /* the latest first */
	size_t count;
	size_t queued; /* bytes in all clients' out */
	bool ticking; /* the timer runs */
	bool full; /* no descriptor was left: the socket is not waited for until the next tick */
	uint64_t request_ns, stall_ns; /* patience with a request, with a reader */
};

/* Takes over FD. */
int client_new(struct control_server *server, int fd, const struct control_peer *peer, struct err *err);
void client_event(struct control_client *client, uint32_t events);
/* Dooms a client whose patience is over. */
void client_tick(struct control_client *client, uint64_t now_ns);
void client_free(struct control_client *client); /* tells the handler if it holds it */

#endif
