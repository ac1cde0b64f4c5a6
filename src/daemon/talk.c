/* talk.c - see talk.h. */
#include "daemon/talk.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static atomic_bool interrupted;

static void on_signal(int number)
{
	(void)number;
	atomic_store(&interrupted, true);
}

void talk_warn(void *context, const char *line)
{
	(void)context;
	(void)fprintf(stderr, "tallyd: %s\n", line);
}

static void say_begin(void *context, const char *what, const struct scan_stats *stats, uint64_t expected, bool at_most)
{
	(void)context;
	(void)stats;
	(void)at_most;
	if (isatty(STDERR_FILENO))
		(void)fprintf(stderr, "tallyd: %s up to %llu paths\n", what, (unsigned long long)expected);
}

static void handle(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

void talk_begin(struct talk *ret_talk)
{
	handle(on_signal);
	*ret_talk = (struct talk){ .begin = say_begin, .warn = talk_warn, .interrupted = &interrupted };
}

void talk_end(const struct talk *talk)
{
	(void)talk;
	handle(SIG_DFL);
}
