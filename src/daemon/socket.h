/*
 * socket.h - the folder of the control socket, when it was taken away: looked up, or made, again.
 *
 * By path our own mount namespace is read-only. So the folder is reached through the one above it, which was opened before.
 */
#ifndef DAEMON_SOCKET_H
#define DAEMON_SOCKET_H

#include "daemon/setup.h"

/* Opens setup->socket_above_fd. Before the namespace is entered. ERR_IO when it cannot be had. */
int socket_open_above(struct daemon_setup *setup, struct err *err);
/*
 * The folder that bears the name now, in *ret_fd (the caller's); made when there is none: with mode 0755, of whoever we are.
 * ERR_CANTCREATE when that is not ours to do, as it is not once root is given up, or the folder above is gone, too.
 */
int socket_folder_now(const struct daemon_setup *setup, int *ret_fd, struct err *err);

#endif
