/*
 * control.h - the control socket: one NDJSON request a connection, NDJSON replies, the last of them {"record":"end"} or
 * {"record":"error","code":N,"message":"..."}. docs/FORMATS.md "Control socket".
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "tally/err.h"

enum { CONTROL_REQUEST_MAX = 1 << 20, CONTROL_LINE_MAX = 64 << 20, CONTROL_CLIENTS_MAX = 64 };

/* ---- the daemon's side: never blocks, one thread ---- */
struct control_server;
struct control_client;

/* Who asks: by the kernel's word (SO_PEERCRED, SO_PEERGROUPS). */
struct control_peer {
	uid_t uid;
	pid_t pid;
	bool may_read; /* root, the daemon's own user, or a member of the group */
	bool may_command; /* root or the daemon's own user */
};

struct control_handler {
	/* A whole request has come from somebody who may read: an object with a string `request`, borrowed. Answer now or
	 * later, with the calls below. */
	void (*request)(void *context, struct control_client *client, const struct control_peer *peer,
			const json_t *request);
	/* CLIENT has room for more of a long answer, until control_end(), only for clients that control_stream() named. Not called again
	 * before something was queued, so an answer may come later; what is queued from elsewhere counts, too. */
	void (*more)(void *context, struct control_client *client);
	/* CLIENT is gone: forget it. Called for each client that request() saw and that was not ended. */
	void (*gone)(void *context, struct control_client *client);
	void *context;
};

/*
 * Listens on NAME below DIRFD (the directory of the socket, held open so that it works behind a read-only mount): a stale socket is
 * replaced, mode 0660, group GROUP ((gid_t)-1: leave it). A live one is ERR_LOCKED.
 */
int control_server_new(int dirfd, const char *name, gid_t group, const struct control_handler *handler,
		       struct control_server **ret_server, struct err *err);
/* gone() comes for whoever is being served; the socket is removed if it is still ours. */
void control_server_freep(struct control_server **server);
int control_server_fd(const struct control_server *server); /* an epoll descriptor: readable when there is work */
/* Does what waits at control_server_fd() and returns: never blocks. Errors are epoll's; a client's are its own. */
int control_server_process(struct control_server *server, struct err *err);
/* Is the socket by its name below DIRFD (the directory as it is now) still ours? If not, it is made again: 1. Errors as
 * control_server_new(). Who is connected stays so. */
int control_server_renew(struct control_server *server, int dirfd, struct err *err);

/*
 * Queues one object as a line; takes it over. False when the client is gone, memory is short, or too much waits to be sent (32 MiB; 128
 * MiB with control_stream(); 256 MiB for all clients): the client is dropped then, and gone() comes from the next
 * control_server_process(). Until gone(), control_end() or control_fail() the pointer stays good.
 */
bool control_send(struct control_client *client, json_t *object);
bool control_send_text(struct control_client *client, const char *line, size_t len); /* a line without newline */
void control_stream(struct control_client *client); /* ask handler.more() whenever less than 64 KiB wait to be sent */
void control_end(struct control_client *client); /* sends {"record":"end"}; the client is gone afterwards */
void control_fail(struct control_client *client, const struct err *err); /* sends the error; the same */

/* ---- the companion's side: blocks ---- */
struct control_call;
/* Connects to PATH and sends REQUEST (taken over). ERR_NODAEMON when nobody listens, ERR_DENIED when we may not. */
int control_call_new(const char *path, json_t *request, struct control_call **ret_call, struct err *err);
void control_call_freep(struct control_call **call);
/* Looked at while control_call_next() waits; what it points to outlives CALL. */
void control_call_watch(struct control_call *call, const atomic_bool *interrupted);
/* The next reply: 1 with *ret_reply (the caller's) and, borrowed, its line; 0 after the end; the daemon's error as ours; ERR_NODAEMON when the
 * connection breaks before the end; ERR_INTERRUPTED on a signal. */
int control_call_next(struct control_call *call, json_t **ret_reply, const char **ret_line, struct err *err);

#endif
