/*
 * program.h - another program, run and waited for: no shell, no environment of ours, nothing inherited but what is named.
 */
#ifndef SYS_PROGRAM_H
#define SYS_PROGRAM_H

#include <stdatomic.h>

#include "tally/err.h"

struct program {
	const char *const
		*arguments; /* the name first, NULL last; looked for in the system's own folders, not in $PATH */
	int folder; /* directory that it works in */
};

struct program_end {
	int status; /* as it exited; 128 and the signal's number when it was killed */
	char last_words[512]; /* the last line that it wrote to stderr, raw */
};

/*
 * Runs it to its end, stdin and stdout being /dev/null. ERR_NOINPUT when there is no such program, ERR_INTERRUPTED when *INTERRUPTED (may
 * be NULL) became true: it is killed then. Not thread-safe beside others that wait for any child.
 */
int program_run(const struct program *program, const atomic_bool *interrupted, struct program_end *ret_end,
		struct err *err);

#endif
