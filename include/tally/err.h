/*
 * err.h - how every function of Tallystick reports failure.
 *
 * A function that can fail returns 0 (or a positive value that its header names) on success and a
 * negative enum err_code on failure, and describes the failure in a caller-owned struct err. The
 * codes below carry the program's exit status, so that the place that knows what went wrong decides
 * it and cli/ only passes it on. A struct err holds no pointers: copy it, pass it between threads.
 */
#ifndef TALLY_ERR_H
#define TALLY_ERR_H

#include <stddef.h>

/* Negative, so that `r < 0` is the test. err_exit_status() gives the exit status of each. */
enum err_code {
	ERR_UNTRUSTED = -16, /* signature, root hash or sequence missing, wrong, untrusted, rolled back */
	ERR_USAGE = -64, /* the command line is wrong */
	ERR_DATA = -65, /* damaged or malformed input */
	ERR_NOINPUT = -66, /* input missing, or nothing in scope */
	ERR_NODAEMON = -69, /* the daemon does not answer */
	ERR_INTERNAL = -70, /* out of memory, or a defect of ours */
	ERR_CANTCREATE = -73, /* cannot create output */
	ERR_IO = -74, /* reading or writing failed */
	ERR_LOCKED = -75, /* somebody else holds it; try again */
	ERR_DENIED = -77, /* not permitted */
	ERR_POLICY = -78, /* the policy is wrong */
	ERR_INTERRUPTED = -130 /* SIGINT or SIGTERM asked us to stop */
};

struct err {
	int code; /* enum err_code, 0 when unset */
	int os_errno; /* errno of the failed call, 0 when none */
	char message[1024]; /* one line, lower case, no full stop; outside bytes only quoted */
};

#define ERR_INIT ((struct err){ .code = 0 })

/* Sets *err and returns CODE. Longer messages are cut, never overflowed. */
int err_set(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * The same for a failed system call: appends ": strerror(os_errno)" and derives the code: ENOENT and
 * ENOTDIR are ERR_NOINPUT, EACCES and EPERM ERR_DENIED, ENOMEM ERR_INTERNAL, EAGAIN of a lock is the
 * caller's to name, everything else ERR_IO. Returns the code.
 */
int err_errno(struct err *err, int os_errno, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As err_errno() with a code of the caller's choice. */
int err_errno_as(struct err *err, int code, int os_errno, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* ERR_INTERNAL, "out of memory". */
int err_nomem(struct err *err);

/* Puts "FORMAT: " before the message already in *err and returns R unchanged. */
int err_wrap(struct err *err, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The exit status of a code: 16..78, 130; 70 for anything unknown. 0 for 0. */
int err_exit_status(int code);

#endif
