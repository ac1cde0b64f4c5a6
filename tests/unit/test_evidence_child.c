/* test_evidence_child.c - parsers that crash, hang, eat memory, lie or leave: what their parent says of it. Each is a real confined process. */
#include "evidence_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static int put(struct child *child, const char *path, struct err *err)
{
	struct entry entry = entry_of_line(path, 0);

	return child->sink->entry(child->sink, &entry, NULL, err);
}

static int begin(struct child *child, struct err *err)
{
	const struct extfs_info info = { .type = "ext4" };

	wire_extfs(&child->out, &info);
	return put(child, "/", err) < 0 || put(child, "/etc/", err) < 0 || put(child, "/etc/passwd", err) < 0 ||
			       child_finish(child, err) < 0 || child_flush(child, true, err) < 0
		       ? err->code
		       : 0;
}

static int good(struct child *child, struct err *err)
{
	return begin(child, err);
}

static int crashes(struct child *child, struct err *err)
{
	(void)begin(child, err);
	(void)raise(SIGSEGV); /* of its own thread: as a wild pointer would */
	return 0;
}

static int aborts(struct child *child, struct err *err)
{
	(void)begin(child, err);
	abort();
}

static int leaves(struct child *child, struct err *err)
{
	(void)begin(child, err);
	_exit(7);
}

static int closes(struct child *child, struct err *err)
{
	(void)begin(child, err);
	(void)close(child->fd);
	for (;;)
		(void)usleep(1000);
	return 0;
}

static volatile unsigned counter;

static int loops(struct child *child, struct err *err)
{
	(void)begin(child, err);
	for (;;)
		counter++;
	return 0;
}

static int sleeps(struct child *child, struct err *err)
{
	(void)begin(child, err);
	for (;;)
		(void)usleep(100000);
	return 0;
}

static int eats(struct child *child, struct err *err)
{
	(void)begin(child, err);
	for (;;) {
		char *memory = malloc(1 << 20);

		if (!memory)
			return err_nomem(err);
		memset(memory, 1, 1 << 20);
	}
}

static int refuses(struct child *child, struct err *err)
{
	(void)begin(child, err);
	return err_set(err, ERR_DATA, "group descriptor 3 points outside of it");
}

static int opens(struct child *child, struct err *err)
{
	(void)begin(child, err);
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0)
		(void)put(child, "/zzz-opened", err);
	_exit(7);
}

static int connects(struct child *child, struct err *err)
{
	(void)begin(child, err);
	if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
		(void)put(child, "/zzz-connected", err);
	_exit(7);
}

static int lies(struct child *child, struct err *err)
{
	struct entry entry = entry_of_line("/etc/../x", 0);

	(void)begin(child, err);
	wire_entry(&child->out, TAG_ENTRY, &entry);
	return 0;
}

static int claims_too_much(struct child *child, struct err *err)
{
	(void)begin(child, err);
	(void)buf_add_u32(&child->out, UINT32_MAX);
	return 0;
}

static int cuts(struct child *child, struct err *err)
{
	(void)begin(child, err);
	(void)buf_add_u32(&child->out, 100);
	(void)buf_add_byte(&child->out, TAG_ENTRY);
	(void)child_flush(child, true, err);
	_exit(0);
}

static int forgets(struct child *child, struct err *err)
{
	(void)child;
	(void)err;
	return 0;
}

static size_t open_fds(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void ends_as_told(void **state)
{
	static const struct {
		child_parse *parse;
		const char *ended; /* how it begins; "" whole */
		bool not_sanitized;
	} rows[] = {
		{ good, "", false },
		{ crashes, "killed by signal 11 (Segmentation fault)", false },
		{ aborts, "killed by signal 6 (Aborted)", false },
		{ leaves, "ended without a word, exit status 7", false },
		{ closes, "it closed its pipe and went on", false },
		{ loops, "stopped: more than 1 seconds of processor time", false },
		{ eats, "stopped: more than 64 MiB of memory", true },
		{ refuses, "group descriptor 3 points outside of it", false },
		{ opens, "stopped: it made a system call that no parser needs", true },
		{ connects, "stopped: it made a system call that no parser needs", false },
		{ lies, "what it told cannot be: an entry whose path no file can have", false },
		{ claims_too_much, "what it told cannot be: a record of 4294967295 bytes", false },
		{ cuts, "ended without a word, exit status 0", false },
		{ forgets, "what it told cannot be: an end that comes too early", false },
	};
	const struct child_limits limits = { .memory_bytes = (uint64_t)64 << 20, .cpu_seconds = 1 };
	size_t before = open_fds();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct evidence_job job = job_of(EVIDENCE_EXTFS);
		CLEANUP(evidence_freep) struct evidence *evidence = NULL;
		CLEANUP(tree_freep) struct tree *tree = NULL;
		const struct evidence_result *result;
		const struct entry *entry;
		struct err err = ERR_INIT;
		unsigned count = 0;
		int r;

		if (SANITIZED && rows[i].not_sanitized)
			continue;
		TRY(evidence_start_as(&job, &limits, rows[i].parse, &evidence, &try_err));
		TRY(evidence_tree(evidence, &tree, &try_err));
		while ((r = tree_next(tree, &entry, &err)) > 0)
			count++;
		assert_int_equal(r, 0);
		result = evidence_result(evidence);
		assert_string_equal(result->ended, rows[i].ended);
		assert_int_equal(result->whole, rows[i].ended[0] == '\0');
		assert_int_equal(tree_next(tree, &entry, &err), 0);
		assert_int_equal(count, rows[i].parse == forgets ? 0 : 3);
		if (count) {
			assert_int_equal(result->last.len, strlen("/etc/passwd"));
			assert_memory_equal(result->last.data, "/etc/passwd", result->last.len);
		}
	}
	assert_int_equal(open_fds(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static atomic_bool interrupted;

static void on_alarm(int number)
{
	(void)number;
	atomic_store(&interrupted, true);
}

/* Somebody waits for a parser that does nothing, and has enough. */
static void interruption(void **state)
{
	struct evidence_job job = job_of(EVIDENCE_EXTFS);
	CLEANUP(evidence_freep) struct evidence *evidence = NULL;
	struct err err = ERR_INIT;

	(void)state;
	job.interrupted = &interrupted;
	(void)signal(SIGALRM, on_alarm);
	TRY(evidence_start_as(&job, NULL, sleeps, &evidence, &try_err));
	(void)alarm(1);
	assert_int_equal(evidence_wait(evidence, &err), ERR_INTERRUPTED);
	assert_string_equal(evidence_result(evidence)->ended, "interrupted");
	assert_false(evidence_result(evidence)->whole);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Nobody waits for it any more: no process stays. */
static void dropped(void **state)
{
	struct evidence_job job = job_of(EVIDENCE_EXTFS);
	struct evidence *evidence = NULL;

	(void)state;
	TRY(evidence_start_as(&job, NULL, loops, &evidence, &try_err));
	evidence_freep(&evidence);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static int mute(struct child *child, struct err *err)
{
	(void)child;
	(void)err;
	for (;;)
		(void)usleep(100000);
	return 0;
}

/* Its parent is killed: the pipe's last reader and the child are gone. */
static void orphaned(void **state)
{
	int fds[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		struct evidence_job job = job_of(EVIDENCE_EXTFS);
		struct disk_source source = { .scratch = -1 };
		struct evidence *evidence = NULL;
		struct err err = ERR_INIT;
		uint64_t size = 1;

		(void)close(fds[0]);
		source.fds = &fds[1]; /* kept open by the parser */
		source.sizes = &size;
		source.count = 1;
		job.source = &source;
		if (evidence_start_as(&job, NULL, mute, &evidence, &err) < 0)
			_exit(1);
		(void)evidence_wait(evidence, &err);
		_exit(0);
	}
	(void)close(fds[1]);
	(void)usleep(300000); /* it matters little whether it has begun: both ways it must end */
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(read(fds[0], &byte, 1), 0); /* comes when the child has ended, too */
	(void)close(fds[0]);
}

/* What a terminal sends goes to all; the parser waits for its parent's word. */
static void unheard(void **state)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct evidence_job job = job_of(EVIDENCE_EXTFS);
	CLEANUP(evidence_freep) struct evidence *evidence = NULL;
	CLEANUP(tree_freep) struct tree *tree = NULL;
	const struct entry *entry;
	struct err err = ERR_INIT;

	(void)state;
	TRY(evidence_start_as(&job, NULL, sleeps, &evidence, &try_err));
	TRY(evidence_tree(evidence, &tree, &try_err));
	for (int i = 0; i < 3; i++)
		assert_int_equal(tree_next(tree, &entry, &err), 1); /* it has reset its handlers by now */
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_int_equal(kill(evidence->pid, numbers[i]), 0);
	assert_int_equal(waitpid(evidence->pid, NULL, WNOHANG), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_as_told), cmocka_unit_test(interruption), cmocka_unit_test(dropped),
		cmocka_unit_test(orphaned),     cmocka_unit_test(unheard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
