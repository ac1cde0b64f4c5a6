/*
 * evidence.c - the parent's side of a parser: reads what it writes, bounds it in time, and says how it ended. See evidence.h.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "evidence/evidence_inner.h"

enum { READ_BYTES = 256 << 10, POLL_MS = 100, NAP_MS = 2, GRACE_MS = 2000 };

int evidence_start_as(const struct evidence_job *job, const struct child_limits *limits, child_parse *parse,
		      struct evidence **ret_evidence, struct err *err)
{
	CLEANUP(evidence_freep) struct evidence *evidence = calloc(1, sizeof(*evidence));
	int r;

	if (!evidence)
		return err_nomem(err);
	evidence->job = *job;
	if (!evidence->job.at.len)
		evidence->job.at = bytes_of("/");
	evidence->fd = -1;
	evidence->limits = limits ? *limits : child_limits(job);
	claims_init(&evidence->claims, &evidence->job, &evidence->result);
	r = child_start(&evidence->job, &evidence->limits, parse, &evidence->pid, &evidence->fd, err);
	if (r < 0)
		return r;
	*ret_evidence = STEAL(evidence);
	return 0;
}

/* Ends the child, which may have GRACE_MS to end by itself. Returns its status; -1: it was we who ended it. */
static int reap(struct evidence *evidence, unsigned grace_ms)
{
	const struct timespec nap = { .tv_nsec = NAP_MS * 1000000L };
	int status = 0;
	pid_t pid = 0;
	bool killed = false;

	for (unsigned waited = 0; evidence->pid > 0 && pid == 0; waited += NAP_MS) {
		if (waited >= grace_ms && !killed) {
			(void)kill(evidence->pid, SIGKILL);
			killed = true;
		}
		do
			pid = waitpid(evidence->pid, &status, killed ? 0 : WNOHANG);
		while (pid < 0 && errno == EINTR);
		if (pid == 0)
			(void)nanosleep(&nap, NULL);
	}
	evidence->pid = 0;
	fd_closep(&evidence->fd);
	return killed || pid < 0 ? -1 : status;
}

void evidence_freep(struct evidence **evidence)
{
	struct evidence *old = STEAL(*evidence);

	if (!old)
		return;
	(void)reap(old, 0);
	claims_done(&old->claims);
	buf_done(&old->in);
	free(old);
}

const struct evidence_result *evidence_result(const struct evidence *evidence)
{
	return &evidence->result;
}

bool evidence_problem(const struct evidence *evidence, uint64_t index, struct bytes *ret_path, const char **ret_line)
{
	return claims_get_problem(&evidence->claims, index, ret_path, ret_line);
}

/* It ended, and did not say that it would. */
static void explain(struct evidence *evidence, int status)
{
	char *ended = evidence->result.ended;
	size_t size = sizeof(evidence->result.ended);
	int number = status != -1 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	const char *name = sigdescr_np(number);

	evidence->result.whole = false;
	if (status == -1)
		(void)snprintf(ended, size, "it closed its pipe and went on");
	else if (number == SIGXCPU)
		(void)snprintf(ended, size, "stopped: more than %llu seconds of processor time",
			       (unsigned long long)evidence->limits.cpu_seconds);
	else if (number == SIGSYS)
		(void)snprintf(ended, size, "stopped: it made a system call that no parser needs");
	else if (number)
		(void)snprintf(ended, size, "killed by signal %d (%s)", number, name ? name : "unknown");
	else
		(void)snprintf(ended, size, "ended without a word, exit status %d", WEXITSTATUS(status));
}

static void disbelieve(struct evidence *evidence, const struct err *why)
{
	evidence->result.whole = false;
	(void)snprintf(evidence->result.ended, sizeof(evidence->result.ended), "what it told cannot be: %.200s",
		       why->message);
	(void)reap(evidence, 0);
}

/* Waits until there is something to read. */
static int wait_for(struct evidence *evidence, struct err *err)
{
	struct pollfd pipe = { .fd = evidence->fd, .events = POLLIN };
	int r = 0;

	while (r == 0) {
		if (evidence->job.interrupted && atomic_load(evidence->job.interrupted)) {
			(void)snprintf(evidence->result.ended, sizeof(evidence->result.ended), "interrupted");
			(void)reap(evidence, 0);
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		}
		r = poll(&pipe, 1, POLL_MS);
		if (r < 0 && errno == EINTR)
			r = 0;
		else if (r < 0)
			return err_errno(err, errno, "cannot wait for a parser");
	}
	return 0;
}

/* More bytes into the buffer: 1, 0 at the end, negative. */
static int fill(struct evidence *evidence, size_t needed, struct err *err)
{
	struct buf *in = &evidence->in;
	size_t left = in->len - evidence->at;
	ssize_t n;
	int r;

	if (evidence->at && left)
		memmove(in->data, in->data + evidence->at, left);
	in->len = left;
	evidence->at = 0;
	if (buf_reserve(in, needed > READ_BYTES ? needed : READ_BYTES) < 0)
		return err_nomem(err);
	for (;;) {
		r = evidence->job.interrupted && atomic_load(evidence->job.interrupted) ? wait_for(evidence, err) : 0;
		if (r < 0)
			return r;
		n = read(evidence->fd, in->data + in->len, in->capacity - in->len);
		if (n >= 0)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return err_errno(err, errno, "cannot read from a parser");
		r = wait_for(evidence, err);
		if (r < 0)
			return r;
	}
	in->len += (size_t)n;
	return n > 0;
}

/* The next whole record: 1, 0 when there is none any more, negative. */
static int next_record(struct evidence *evidence, struct bytes *ret_record, struct err *err)
{
	struct buf *in = &evidence->in;
	int r;

	for (;;) {
		struct cursor cursor = { in->data ? in->data + evidence->at : NULL, in->len - evidence->at };
		uint32_t len = 0;

		if (cursor_u32(&cursor, &len) && len > WIRE_RECORD_MAX)
			return err_set(err, ERR_DATA, "a record of %u bytes", len);
		if (in->len - evidence->at >= 4 && cursor.len >= len) {
			*ret_record = (struct bytes){ cursor.data, len };
			evidence->at += 4 + (size_t)len;
			return 1;
		}
		r = fill(evidence, (size_t)len + 4, err);
		if (r <= 0)
			return r;
	}
}

int evidence_next(struct evidence *evidence, struct claim *ret_claim, struct err *err)
{
	struct bytes record = { NULL, 0 };
	int r;

	while (evidence->pid > 0) {
		r = next_record(evidence, &record, err);
		if (r == 0) {
			explain(evidence, reap(evidence, GRACE_MS));
			return 0;
		}
		if (r > 0)
			r = claims_take(&evidence->claims, record.data, record.len, ret_claim, err);
		if (r > 0)
			return 1;
		if (r == ERR_DATA) {
			disbelieve(evidence, err);
			return 0;
		}
		if (r < 0)
			return r;
		if (evidence->claims.ended)
			(void)reap(evidence, 0);
	}
	return 0;
}

int evidence_wait(struct evidence *evidence, struct err *err)
{
	struct claim claim;
	int r;

	do
		r = evidence_next(evidence, &claim, err);
	while (r > 0);
	return r;
}
