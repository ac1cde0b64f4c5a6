/*
 * notify.h - what a service says to the one who started it, by sd_notify(3)'s protocol: datagrams to $NOTIFY_SOCKET.
 *
 * The socket is connected once, before the mount namespace and the user change. Sending never blocks and never fails the
 * caller: a message that nobody takes is dropped. One owner.
 */
#ifndef SYS_NOTIFY_H
#define SYS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "tally/err.h"

struct notify {
	int fd; /* -1: nobody asked */
	uint64_t watchdog_ns; /* $WATCHDOG_USEC when it is meant for this process; 0: none. Send twice as often. */
};
#define NOTIFY_INIT ((struct notify){ .fd = -1 })

/*
 * Reads NOTIFY_SOCKET ("/path" or "@abstract"), WATCHDOG_USEC and WATCHDOG_PID and removes them from the environment. No
 * NOTIFY_SOCKET is no error. ERR_DATA when it is no address, ERR_IO when nobody listens there; then nothing is sent.
 */
int notify_open(struct notify *ret_notify, struct err *err);
void notify_close(struct notify *notify);

void notify_ready(const struct notify *notify); /* READY=1; also the end of a reload */
void notify_stopping(const struct notify *notify); /* STOPPING=1 */
void notify_watchdog(const struct notify *notify); /* WATCHDOG=1 */
void notify_reloading(const struct notify *notify); /* RELOADING=1 and MONOTONIC_USEC, which is now */
/* STATUS=TEXT, one line, cut at 500 bytes; the caller has quoted what came from outside. */
void notify_status(const struct notify *notify, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
