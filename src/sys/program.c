/* program.c - see program.h. */
#include "sys/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"

enum { LOOK_MS = 200 };

static int actions_fill(posix_spawn_file_actions_t *actions, const struct program *program, int said)
{
	int r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (r == 0)
		r = posix_spawn_file_actions_addfchdir_np(actions, program->folder);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, said, STDERR_FILENO);
	if (r == 0) /* what was handed to us, a passphrase's descriptor say, is not for others */
		r = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
	return r;
}

/* Signals as a new program expects them: ours are caught or ignored. */
static int attributes_fill(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int r;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnattr_setsigmask(attributes, &none);
	return r ? r : posix_spawnattr_setsigdefault(attributes, &all);
}

static int spawn(const struct program *program, int said, pid_t *ret_pid)
{
	static const char *const folders[] = { "/usr/bin", "/bin", "/usr/local/bin" };
	char *environment[] = { (char[]){ "PATH=/usr/bin:/bin" }, (char[]){ "LC_ALL=C" }, (char[]){ "TZ=UTC" }, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return r;
	r = posix_spawnattr_init(&attributes);
	if (r) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return r;
	}
	r = actions_fill(&actions, program, said);
	if (r == 0)
		r = attributes_fill(&attributes);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(folders); i++) {
		char path[256];
		char *const *arguments;

		(void)snprintf(path, sizeof(path), "%s/%s", folders[i], program->arguments[0]);
		(void)memcpy(&arguments, &program->arguments,
			     sizeof(arguments)); /* posix_spawn(3) changes none of them */
		r = posix_spawn(ret_pid, path, &actions, &attributes, arguments, environment);
		if (r != ENOENT)
			break;
		r = i + 1 < ARRAY_SIZE(folders) ? 0 : r;
	}
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* Keeps the last line that is not empty. */
static void listen_to(const char *data, size_t len, struct program_end *end, size_t *held, bool *ended)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n') {
			*ended = *held > 0;
			continue;
		}
		if (*ended)
			*held = 0;
		*ended = false;
		if (*held + 1 < sizeof(end->last_words))
			end->last_words[(*held)++] = data[i];
	}
	end->last_words[*held] = '\0';
}

/* Until it closes its stderr. ERR_INTERRUPTED, or 0. */
static int follow(int said, const atomic_bool *interrupted, struct program_end *end)
{
	size_t held = 0;
	bool ended = false;
	char data[1024];

	for (;;) {
		struct pollfd poll_said = { .fd = said, .events = POLLIN };
		ssize_t n;

		if (interrupted && atomic_load(interrupted))
			return ERR_INTERRUPTED;
		if (poll(&poll_said, 1, LOOK_MS) <= 0)
			continue;
		n = read(said, data, sizeof(data));
		if (n == 0 || (n < 0 && errno != EINTR))
			return 0;
		if (n > 0)
			listen_to(data, (size_t)n, end, &held, &ended);
	}
}

int program_run(const struct program *program, const atomic_bool *interrupted, struct program_end *ret_end,
		struct err *err)
{
	CLEANUP(fd_closep) int read_end = -1;
	CLEANUP(fd_closep) int write_end = -1;
	struct program_end end = { .status = 0 };
	int pipe_ends[2], status, r;
	pid_t pid;

	if (pipe2(pipe_ends, O_CLOEXEC) < 0)
		return err_errno(err, errno, "cannot run '%s'", QUOTE(program->arguments[0]));
	read_end = pipe_ends[0];
	write_end = pipe_ends[1];
	r = spawn(program, write_end, &pid);
	if (r)
		return err_errno(err, r, "cannot run '%s'", QUOTE(program->arguments[0]));
	fd_closep(&write_end);
	r = follow(read_end, interrupted, &end);
	if (r < 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_errno_as(err, ERR_INTERNAL, errno, "cannot wait for '%s'",
					    QUOTE(program->arguments[0]));
	}
	if (r < 0)
		return err_set(err, r, "interrupted");
	end.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	*ret_end = end;
	return 0;
}
