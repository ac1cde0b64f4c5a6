/*
 * main.c - tallyd: options, setting up, the engine; turns failure into one line and an exit status.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "daemon/engine.h"
#include "daemon/options.h"
#include "daemon/setup.h"

static int print(const char *text, struct err *err)
{
	if (fputs(text, stdout) < 0 || fflush(stdout) != 0)
		return err_set(err, ERR_IO, "cannot write to standard output");
	return 0;
}

static int run(int argc, char **argv, struct err *err)
{
	CLEANUP(setup_freep) struct daemon_setup *setup = NULL;
	struct options options;
	int r;

	r = options_parse(argc, argv, &options, err);
	if (r < 0)
		return r;
	if (options.help || options.version)
		return print(options.help ? options_help() : "tallyd " TALLY_VERSION "\n", err);
	r = crypto_self_test(err);
	if (r >= 0)
		r = setup_new(&options, &setup, err);
	return r < 0 ? r : engine_run(setup, err);
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int fd, r;

	/* descriptors that we keep must not be taken for the standard ones */
	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(022);
	tzset();
	r = run(argc, argv, &err);
#ifdef __SANITIZE_ADDRESS__
	(void)prctl(PR_SET_DUMPABLE, 1UL, 0, 0, 0); /* the search for leaks traces its own process */
#endif
	if (r >= 0)
		return 0;
	(void)fprintf(stderr, "tallyd: %s\n", err.message);
	return err_exit_status(r);
}
