/* err.c - see tally/err.h. */
#include "tally/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int code_of_errno(int os_errno)
{
	switch (os_errno) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOINPUT;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case ENOMEM:
		return ERR_INTERNAL;
	default:
		return ERR_IO;
	}
}

/*
 * Puts the message into place. It was composed apart, for what it was made of may be the old message. A cut may
 * have split a character: what is left of it goes too.
 */
static void finish(struct err *err, int code, int os_errno, const char message[sizeof(err->message)])
{
	size_t len = strlen(message);
	size_t start = len;

	if (len == sizeof(err->message) - 1) {
		while (start && len - start < 3 && ((unsigned char)message[start - 1] & 0xc0) == 0x80)
			start--;
		if (start && (unsigned char)message[start - 1] >= 0xc0)
			len = start - 1;
	}
	err->code = code;
	err->os_errno = os_errno;
	memcpy(err->message, message, len);
	err->message[len] = '\0';
}

/* ": " and TEXT behind the message, as far as there is room. */
static void append(char *message, size_t size, const char *text)
{
	size_t used = strlen(message), room = size - 1 - used;
	size_t len = strlen(text);

	if (room < 2)
		return;
	memcpy(message + used, ": ", 2);
	len = len < room - 2 ? len : room - 2;
	memcpy(message + used + 2, text, len);
	message[used + 2 + len] = '\0';
}

int err_set(struct err *err, int code, const char *format, ...)
{
	char message[sizeof(err->message)];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	finish(err, code, 0, message);
	return code;
}

static int set_errno(struct err *err, int code, int os_errno, const char *format, va_list args)
	__attribute__((format(printf, 4, 0)));

static int set_errno(struct err *err, int code, int os_errno, const char *format, va_list args)
{
	char message[sizeof(err->message)];
	char reason[128];

	(void)vsnprintf(message, sizeof(message), format, args);
	append(message, sizeof(message), strerror_r(os_errno, reason, sizeof(reason)));
	finish(err, code, os_errno, message);
	return code;
}

int err_errno(struct err *err, int os_errno, const char *format, ...)
{
	va_list args;
	int code;

	va_start(args, format);
	code = set_errno(err, code_of_errno(os_errno), os_errno, format, args);
	va_end(args);
	return code;
}

int err_errno_as(struct err *err, int code, int os_errno, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)set_errno(err, code, os_errno, format, args);
	va_end(args);
	return code;
}

int err_nomem(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory");
}

int err_wrap(struct err *err, int r, const char *format, ...)
{
	char message[sizeof(err->message)];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	append(message, sizeof(message), err->message);
	finish(err, err->code, err->os_errno, message);
	return r;
}

int err_exit_status(int code)
{
	switch (code) {
	case 0:
		return 0;
	case ERR_UNTRUSTED:
	case ERR_USAGE:
	case ERR_DATA:
	case ERR_NOINPUT:
	case ERR_NODAEMON:
	case ERR_INTERNAL:
	case ERR_CANTCREATE:
	case ERR_IO:
	case ERR_LOCKED:
	case ERR_DENIED:
	case ERR_POLICY:
	case ERR_INTERRUPTED:
		return -code;
	default:
		return -ERR_INTERNAL;
	}
}
