/*
 * confine.h - what a parser of hostile bytes gives up before it reads the first of them: everything but reading descriptors that it has,
 * writing to one, memory and threads.
 *
 * libseccomp for the filter (an allow-list; anything else kills the process), Landlock by its raw system calls
 * (Documentation/userspace-api/landlock.rst), no new privileges, no capability, another user where root runs it.
 */
#ifndef SYS_CONFINE_H
#define SYS_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tally/err.h"

struct confine {
	const int *keep; /* descriptors that stay open; all others are closed */
	size_t keep_count;
	uint64_t
		memory_bytes; /* RLIMIT_AS above what is mapped now; 0: no bound. Not under sanitizers, which map terabytes */
	uint64_t cpu_seconds; /* RLIMIT_CPU: SIGXCPU then, and SIGKILL soon after; 0: none */
	const int *scratch; /* one of KEEP, a file in memory that may be written to and cut to size; NULL: none */
	int (*threads)(
		void *context, struct
		err *err); /* starts the threads that are needed, after descriptors and user, before the filter. May be NULL */
	void *context;
};
struct confined {
	bool landlock, seccomp, user; /* what this kernel and this user could have */
};

/*
 * In a child that is to parse, with one thread. Leaves no way to open, connect, exec, signal, trace or fork; whoever tries is killed
 * by SIGSYS. What is left beside reading, writing, memory and time: stat(2) of names, which the filter cannot tell from fstat(2).
 * ERR_INTERNAL when something that this kernel has was refused: the child must end then, unconfined parsing is not offered.
 * Programs built with a sanitizer keep descriptor 2, and its runtime's attempts to open something fail instead of killing.
 */
int confine_self(const struct confine *confine, struct confined *ret_confined, struct err *err);

#endif
