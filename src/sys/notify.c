/* notify.c - see notify.h. */
#include "sys/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"

enum { STATUS_MAX = 500 };

static bool parse_u64(const char *text, uint64_t *ret_number)
{
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return *end == '\0' && errno == 0;
}

/* WATCHDOG_PID names another process when the variables were inherited from a service that we are not the heart of. */
static uint64_t watchdog_ns(void)
{
	const char *pid_text = getenv("WATCHDOG_PID");
	uint64_t usec, pid;

	if (!parse_u64(getenv("WATCHDOG_USEC"), &usec) || usec > UINT64_MAX / 1000)
		return 0;
	if (pid_text && (!parse_u64(pid_text, &pid) || pid != (uint64_t)getpid()))
		return 0;
	return usec * 1000;
}

static int connect_to(const char *name, int *ret_fd, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(address.sun_path))
		return err_set(err, ERR_DATA, "NOTIFY_SOCKET is no address: '%s'", QUOTE(name));
	memcpy(address.sun_path, name, len);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, errno, "cannot make a socket");
	if (connect(fd, (const struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) <
	    0)
		return err_errno_as(err, ERR_IO, errno, "cannot reach the service manager at '%s'", QUOTE(name));
	*ret_fd = STEAL_FD(fd);
	return 0;
}

int notify_open(struct notify *ret_notify, struct err *err)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct notify notify = NOTIFY_INIT;
	int r = 0;

	notify.watchdog_ns = watchdog_ns();
	if (name && name[0])
		r = connect_to(name, &notify.fd, err);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	if (notify.fd < 0)
		notify.watchdog_ns = 0;
	*ret_notify = notify;
	return r;
}

void notify_close(struct notify *notify)
{
	fd_closep(&notify->fd);
	*notify = NOTIFY_INIT;
}

static void send_text(const struct notify *notify, const char *text)
{
	if (notify->fd >= 0)
		(void)send(notify->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_ready(const struct notify *notify)
{
	send_text(notify, "READY=1");
}

void notify_stopping(const struct notify *notify)
{
	send_text(notify, "STOPPING=1");
}

void notify_watchdog(const struct notify *notify)
{
	send_text(notify, "WATCHDOG=1");
}

void notify_reloading(const struct notify *notify)
{
	struct timespec now;
	char text[64];

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		       (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	send_text(notify, text);
}

void notify_status(const struct notify *notify, const char *format, ...)
{
	char text[STATUS_MAX + sizeof("STATUS=")] = "STATUS=";
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text + 7, sizeof(text) - 7, format, arguments);
	va_end(arguments);
	text[strcspn(text, "\n")] = '\0';
	send_text(notify, text);
}
