/*
 * talk.c - what the ops say while they work: a progress line on a terminal, warnings, passphrases; and Ctrl-C.
 *
 * The progress line is drawn by a thread of its own from the scan's counters, on stderr, and wiped at the end. Nothing
 * is drawn when stderr is no terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cli/cli.h"
#include "tally/report.h"

enum { PASSPHRASE_MAX = 1024 };

struct speaker {
	struct talk talk;
	bool progress;
	int passphrase_fd;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool drawing, stop;
	const char *what;
	const struct scan_stats *stats;
	uint64_t expected;
	bool at_most;
	uint64_t started_ns;
};

static atomic_bool interrupted;
static struct speaker speaker = { .mutex = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };

static void on_signal(int number)
{
	(void)number;
	atomic_store(&interrupted, true);
}

bool talk_interrupted(void)
{
	return atomic_load(&interrupted);
}

/* "1.2 GiB" */
static void human_bytes(double bytes, char *text, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	while (bytes >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
		bytes /= 1024;
		unit++;
	}
	(void)snprintf(text, size, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

/* "[#######-------------]  35 %, 12 s left": entries done of those expected, as fast as so far. */
static void forecast_text(const struct speaker *now, double done, double seconds, char *text, size_t size)
{
	char bar[21];
	double share = done / (double)now->expected;
	size_t filled;

	text[0] = '\0';
	if (now->expected == 0 || done < 1 || share > 1)
		return;
	filled = (size_t)(share * (sizeof(bar) - 1));
	memset(bar, '-', sizeof(bar) - 1);
	memset(bar, '#', filled);
	bar[sizeof(bar) - 1] = '\0';
	(void)snprintf(text, size, " [%s] %s%.0f %%, %s%.0f s left", bar, now->at_most ? "at least " : "", share * 100,
		       now->at_most ? "at most " : "", seconds * (1 - share) / share);
}

static void draw(const struct speaker *now)
{
	uint64_t examined = atomic_load(&now->stats->examined);
	double seconds = (double)(time_monotonic_ns() - now->started_ns) / 1e9;
	double read = (double)atomic_load(&now->stats->bytes_read);
	char read_text[32], rate_text[32], left[96];

	human_bytes(read, read_text, sizeof(read_text));
	human_bytes(seconds > 0 ? read / seconds : 0, rate_text, sizeof(rate_text));
	forecast_text(now, (double)examined, seconds, left, sizeof(left));
	(void)fprintf(stderr, "\r\033[K%s: %llu paths, %s read, %s/s%s", now->what, (unsigned long long)examined,
		      read_text, rate_text, left);
	(void)fflush(stderr);
}

static void *draw_until_stopped(void *context)
{
	struct speaker *now = context;

	(void)pthread_mutex_lock(&now->mutex);
	while (!now->stop) {
		struct timespec until;

		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 200 * 1000 * 1000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		(void)pthread_cond_timedwait(&now->wake, &now->mutex, &until);
		if (!now->stop)
			draw(now);
	}
	(void)pthread_mutex_unlock(&now->mutex);
	return NULL;
}

static void begin(void *context, const char *what, const struct scan_stats *stats, uint64_t expected, bool at_most)
{
	struct speaker *now = context;

	if (!now->progress)
		return;
	now->what = what;
	now->stats = stats;
	now->expected = expected;
	now->at_most = at_most;
	now->started_ns = time_monotonic_ns();
	now->stop = false;
	now->drawing = pthread_create(&now->thread, NULL, draw_until_stopped, now) == 0;
}

static void end(void *context)
{
	struct speaker *now = context;

	if (!now->drawing)
		return;
	(void)pthread_mutex_lock(&now->mutex);
	now->stop = true;
	(void)pthread_cond_signal(&now->wake);
	(void)pthread_mutex_unlock(&now->mutex);
	(void)pthread_join(now->thread, NULL);
	now->drawing = false;
	(void)fputs("\r\033[K", stderr);
	(void)fflush(stderr);
}

static void warn(void *context, const char *line)
{
	(void)context;
	(void)fprintf(stderr, "tally: warning: %s\n", line);
}

static int read_line(int fd, char **ret_line, struct err *err)
{
	char *line = calloc(1, PASSPHRASE_MAX + 1);
	size_t len = 0;

	if (!line)
		return err_nomem(err);
	while (len < PASSPHRASE_MAX) {
		ssize_t n = read(fd, line + len, 1);

		if (n < 0 && errno == EINTR && !talk_interrupted())
			continue;
		if (n < 0) {
			int saved = errno;

			free(line);
			return talk_interrupted() ? err_set(err, ERR_INTERRUPTED, "interrupted")
						  : err_errno(err, saved, "cannot read the passphrase");
		}
		if (n == 0 || line[len] == '\n')
			break;
		len++;
	}
	line[len] = '\0';
	*ret_line = line;
	return 0;
}

static int ask_terminal(int tty, const char *prompt, char **ret_line, struct err *err)
{
	struct termios before, silent;
	bool terminal = tcgetattr(tty, &before) == 0;
	int r;

	r = fd_write_all(tty, prompt, strlen(prompt), "/dev/tty", err);
	if (r < 0)
		return r;
	if (terminal) {
		silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(tty, TCSAFLUSH, &silent);
	}
	r = read_line(tty, ret_line, err);
	if (terminal)
		(void)tcsetattr(tty, TCSAFLUSH, &before);
	(void)!write(tty, "\n", 1);
	return r;
}

static int ask(void *context, const char *prompt, bool twice, char **ret_passphrase, struct err *err)
{
	const struct speaker *now = context;
	CLEANUP(fd_closep) int tty = -1;
	char *first = NULL, *second = NULL;
	int r;

	if (now->passphrase_fd >= 0)
		return read_line(now->passphrase_fd, ret_passphrase, err);
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty < 0)
		return err_set(err, ERR_DENIED, "a passphrase is needed and there is no terminal: use --passphrase-fd");
	r = ask_terminal(tty, prompt, &first, err);
	if (r >= 0 && twice) {
		r = ask_terminal(tty, "again: ", &second, err);
		if (r >= 0 && strcmp(first, second) != 0)
			r = err_set(err, ERR_DENIED, "the two passphrases differ");
	}
	if (second)
		explicit_bzero(second, strlen(second));
	free(second);
	if (r < 0) {
		if (first)
			explicit_bzero(first, strlen(first));
		free(first);
		return r;
	}
	*ret_passphrase = first;
	return 0;
}

struct talk *talk_start(struct options *options)
{
	struct sigaction action = { .sa_handler = on_signal };

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	options->place.interrupted = &interrupted;
	speaker.progress = !options->quiet && isatty(STDERR_FILENO);
	speaker.passphrase_fd = options->passphrase_fd;
	speaker.talk = (struct talk){ .begin = begin,
				      .end = end,
				      .warn = warn,
				      .passphrase = ask,
				      .interrupted = &interrupted,
				      .context = &speaker };
	return &speaker.talk;
}
