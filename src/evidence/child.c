/*
 * child.c - see child.h.
 *
 * The child is a fork of a program with much in its memory and handlers for signals: it takes none of that further than the first lines
 * here, and ends by _exit(2).
 */
#include "evidence/child.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "evidence/outlet.h"
#include "sys/confine.h"

enum { FSTAB_SECONDS = 60, FLUSH_BYTES = 64 << 10, PIPE_BYTES = 1 << 20, ABOVE_STDERR = 3 };

#define MIB ((uint64_t)1 << 20)

struct start {
	struct outlet *outlet; /* NULL: none is needed */
	pid_t parent;
};

static uint64_t source_bytes(const struct disk_source *source)
{
	uint64_t total = 0;

	for (size_t i = 0; i < source->count; i++)
		total += source->sizes[i];
	return total;
}

/*
 * Memory: what the libraries keep, and the blocks of a journal, which is no larger than its image. Time: a parser that goes
 * round in circles must end some day, an honest one with an image of many terabytes must not: a hundredth of what one core hashes. Where one
 * small file is asked for, of many file systems, a minute does.
 */
struct child_limits child_limits(const struct evidence_job *job)
{
	uint64_t bytes = source_bytes(job->source);
	uint64_t replay = job->replay ? (bytes < 4096 * MIB ? bytes : 4096 * MIB) : 0;
	uint64_t each = job->kind == EVIDENCE_ARCHIVE ? 2 * MIB : 10 * MIB;

	return (struct child_limits){ .memory_bytes = 1024 * MIB + replay,
				      .cpu_seconds = job->kind == EVIDENCE_FSTAB ? FSTAB_SECONDS : 900 + bytes / each };
}

int child_flush(struct child *child, bool force, struct err *err)
{
	int r;

	if (buf_failed(&child->out))
		return err_nomem(err);
	if (child->out.len == 0 || (child->out.len < FLUSH_BYTES && !force))
		return 0;
	r = fd_write_all(child->fd, child->out.data, child->out.len, "the pipe to our parent", err);
	buf_clear(&child->out);
	return r;
}

int child_finish(struct child *child, struct err *err)
{
	return child->sink ? outlet_finish((struct outlet *)child->sink, err) : 0;
}

/* What a terminal sends to all of its processes is the parent's to hear; it kills us. Nothing else of the parent's stays. */
static void reset_signals(void)
{
	static const int unheard[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL); /* fails for those that have no handler ever */
	for (size_t i = 0; i < ARRAY_SIZE(unheard); i++)
		(void)signal(unheard[i], SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Behind the change of user, which would forget the death signal. */
static int start_threads(void *context, struct err *err)
{
	const struct start *start = context;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_errno_as(err, ERR_INTERNAL, errno, "cannot tie ourselves to our parent");
	if (getppid() != start->parent)
		_exit(1); /* too late: it is gone */
	return start->outlet ? outlet_start(start->outlet, err) : 0;
}

static int confine(struct child *child, struct start *start, const struct child_limits *limits, struct err *err)
{
	const struct disk_source *source = child->job->source;
	bool scratch = child->job->kind == EVIDENCE_PARTITIONS && source->scratch >= 0;
	CLEANUP(freep) int *keep = malloc((source->count + 2) * sizeof(*keep));
	struct confine confine = { .keep = keep,
				   .keep_count = source->count + 1 + scratch,
				   .scratch = scratch ? &source->scratch : NULL,
				   .memory_bytes = limits->memory_bytes,
				   .cpu_seconds = limits->cpu_seconds,
				   .threads = start_threads,
				   .context = start };
	struct confined confined;
	size_t place;
	int r;

	if (!keep)
		return err_nomem(err);
	for (size_t i = 0; i < source->count; i++)
		keep[i] = source->fds[i];
	keep[source->count] = child->fd;
	keep[source->count + 1] = source->scratch;
	r = confine_self(&confine, &confined, err);
	if (r < 0)
		return err_wrap(err, r, "cannot be confined");
	place = wire_begin(&child->out, TAG_CONFINED);
	(void)buf_add_byte(&child->out, confined.landlock);
	(void)buf_add_byte(&child->out, confined.seccomp);
	wire_end(&child->out, place);
	return child_flush(child, true, err);
}

static int work(struct child *child, pid_t parent, const struct child_limits *limits, child_parse *parse,
		struct err *err)
{
	struct start start = { .parent = parent };
	bool tree = child->job->kind == EVIDENCE_EXTFS || child->job->kind == EVIDENCE_ARCHIVE;
	int r = 0;

	if (tree)
		r = outlet_new(child, &start.outlet, err);
	if (r == 0)
		r = confine(child, &start, limits, err);
	if (r == 0)
		r = parse(child, err);
	return r;
}

/* Also when memory is short: what was to be written gives its own back. */
static void end(struct child *child, int r, const struct err *err, const struct child_limits *limits)
{
	struct err ignored = ERR_INIT;
	char line[256];
	size_t place;

	if (r < 0 && err->code == ERR_INTERNAL && strcmp(err->message, "out of memory") == 0)
		(void)snprintf(line, sizeof(line), "stopped: more than %llu MiB of memory",
			       (unsigned long long)(limits->memory_bytes / MIB));
	else
		(void)snprintf(line, sizeof(line), "%.255s", r < 0 ? err->message : "");
	if (r < 0 && (buf_failed(&child->out) || child_flush(child, true, &ignored) < 0))
		buf_done(&child->out);
	wire_stats(&child->out, &child->stats);
	place = wire_begin(&child->out, TAG_END);
	(void)buf_add_byte(&child->out, r == 0);
	wire_line(&child->out, line, sizeof(line) - 1);
	wire_end(&child->out, place);
	_exit(child_flush(child, true, &ignored) == 0 ? 0 : 1);
}

static void run(const struct evidence_job *job, int fd, pid_t parent, const struct child_limits *limits,
		child_parse *parse)
{
	struct child child = { .job = job, .fd = fd };
	struct err err = ERR_INIT;
	int r;

	reset_signals();
	(void)mallopt(M_ARENA_MAX, 1); /* an arena for each thread would count as memory that nobody uses */
	r = work(&child, parent, limits, parse, &err);
	end(&child, r, &err, limits);
}

/* Above 2: what a library prints goes to 2, and must not land in the pipe. */
static int make_pipe(int ret_fds[2], struct err *err)
{
	CLEANUP(fd_closep) int low0 = -1;
	CLEANUP(fd_closep) int low1 = -1;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, errno, "cannot make a pipe");
	for (int i = 0; i < 2; i++) {
		int *low = i ? &low1 : &low0;

		if (fds[i] >= ABOVE_STDERR)
			continue;
		*low = fds[i];
		fds[i] = fcntl(*low, F_DUPFD_CLOEXEC, ABOVE_STDERR);
		if (fds[i] < 0) {
			int failure = errno;

			fd_closep(&fds[1 - i]);
			return err_errno(err, failure, "cannot make a pipe");
		}
	}
	(void)fcntl(fds[0], F_SETPIPE_SZ, PIPE_BYTES); /* fewer switches between the two */
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return 0;
}

int child_start(const struct evidence_job *job, const struct child_limits *limits, child_parse *parse, pid_t *ret_pid,
		int *ret_fd, struct err *err)
{
	CLEANUP(fd_closep) int reading = -1;
	CLEANUP(fd_closep) int writing = -1;
	pid_t parent = getpid(), pid;
	sigset_t all, before;
	int fds[2] = { -1, -1 };
	int r = make_pipe(fds, err);

	if (r < 0)
		return r;
	reading = fds[0];
	writing = fds[1];
	if (fcntl(reading, F_SETFL, O_RDONLY | O_NONBLOCK) < 0)
		return err_errno(err, errno, "cannot read a pipe without blocking");
	/* no handler of ours may run in the child */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		run(job, writing, parent, limits, parse);
	r = errno;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return err_errno(err, r, "cannot start a process to parse in");
	*ret_pid = pid;
	*ret_fd = STEAL_FD(reading);
	return 0;
}
