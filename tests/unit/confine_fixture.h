/* confine_fixture.h - a process that confines itself and tries something. For test_sys_confine*.c only. */
#ifndef CONFINE_FIXTURE_H
#define CONFINE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/confine.h"
#include "sys/confine_inner.h"

static char file_name[64];
static int image = -1, writable = -1; /* a file with some bytes; the same for writing */
static int answers[2] = { -1, -1 };
static pid_t stranger; /* a process that only sleeps */

#define HOLD(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			(void)fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, strerror(errno));     \
			_exit(9);                                                                                      \
		}                                                                                                      \
	} while (0)

static void confine(const struct confine *more)
{
	const int keep[] = { image, answers[1], writable };
	struct confine confine = *more;
	struct confined confined;
	struct err err = ERR_INIT;

	confine.keep = keep;
	confine.keep_count = 3;
	if (confine_self(&confine, &confined, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.message);
		_exit(9);
	}
	HOLD(confined.seccomp);
}

/* Status of a child that confines itself and then tries. */
static int in_child(const struct confine *more, bool (*try)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		confine(more);
		_exit(try() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(file_name, sizeof(file_name), "/tmp/tally-confine-XXXXXX");
	writable = mkostemp(file_name, O_CLOEXEC);
	image = open(file_name, O_RDONLY | O_CLOEXEC);
	if (writable < 0 || image < 0 || write(writable, "some", 4) != 4 || pipe2(answers, O_CLOEXEC) < 0)
		return -1;
	stranger = fork();
	if (stranger == 0) {
		for (;;)
			(void)pause();
	}
	return stranger < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)kill(stranger, SIGKILL);
	(void)waitpid(stranger, NULL, 0);
	return unlink(file_name);
}

#endif
