/* test_sys_confine.c - what a confined process can no longer do: each thing is tried in one of its own. */
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
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/confine.h"
#include "sys/confine_inner.h"

static char file_name[64];
static int image = -1, writable = -1; /* a file with some bytes; the same for writing */
static int answers[2] = { -1, -1 };
static pid_t stranger; /* a process that only sleeps */

/* How a thing that was tried can end. */
enum end {
	FINE, /* it succeeded */
	REFUSED, /* it failed */
	KILLED /* by SIGSYS */
};

static bool reads(void)
{
	char bytes[4];

	return pread(image, bytes, 4, 0) == 4 && memcmp(bytes, "some", 4) == 0;
}

static bool writes_to_pipe(void)
{
	return write(answers[1], "x", 1) == 1;
}

static bool allocates(void)
{
	char *memory = malloc(8 << 20);
	bool good = memory != NULL;

	if (good)
		memset(memory, 1, 8 << 20);
	free(memory);
	return good;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static bool sorts(void)
{
	static int numbers[100000];

	for (int i = 0; i < 100000; i++)
		numbers[i] = (i * 7919) % 100003;
	qsort(numbers, 100000, sizeof(int), compare);
	return numbers[0] <= numbers[1];
}

static bool stats_descriptor(void)
{
	struct stat st;

	return fstat(image, &st) == 0 && st.st_size == 4;
}

static bool opens(void)
{
	return open(file_name, O_RDONLY | O_CLOEXEC) >= 0;
}

static bool opens_for_writing(void)
{
	return open(file_name, O_WRONLY | O_CLOEXEC) >= 0;
}

static bool makes_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool makes_inet_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool connects(void)
{
	static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "\0tally-test" };

	return connect(image, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

static bool executes(void)
{
	static char *const arguments[] = { NULL };

	return syscall(SYS_execve, "/bin/true", arguments, arguments) == 0;
}

static bool forks(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0;
}

static bool starts_thread(void)
{
	return syscall(SYS_clone3, NULL, 0) >= 0;
}

static bool kills(void)
{
	return kill(stranger, SIGKILL) == 0;
}

static bool kills_thread(void)
{
	return syscall(SYS_tgkill, stranger, stranger, SIGKILL) == 0;
}

static bool traces(void)
{
	return ptrace(PTRACE_ATTACH, stranger, NULL, NULL) == 0;
}

static bool reads_stranger(void)
{
	return syscall(SYS_process_vm_readv, stranger, NULL, 0, NULL, 0, 0) >= 0;
}

static bool writes_to_file(void)
{
	return write(writable, "other", 5) == 5; /* kept, so only RLIMIT_FSIZE is in its way: SIGXFSZ */
}

static bool writes_at(void)
{
	return pwrite(writable, "other", 5, 0) == 5;
}

static bool makes_memory_file(void)
{
	return syscall(SYS_memfd_create, "x", 0) >= 0;
}

static bool runs_data(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool makes_runnable(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool raises_limit(void)
{
	const struct rlimit limit = { 1 << 20, 1 << 20 };

	return setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

static bool becomes_root(void)
{
	return setuid(0) == 0;
}

static bool owns_signals(void)
{
	return fcntl(answers[1], F_SETOWN, stranger) == 0;
}

static bool unlinks(void)
{
	return unlink(file_name) == 0;
}

static bool mounts(void)
{
	return syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL) == 0;
}

static bool loads_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0) == 0;
}

static bool uses_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL) >= 0;
}

static bool is_terminal(void)
{
	return isatty(image) != 0;
}

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

static void tried(void **state)
{
	static const struct {
		const char *what;
		bool (*try)(void);
		enum end end;
		bool sanitizer_may; /* the runtime needs it, or another refusal */
	} rows[] = {
		{ "read the image", reads, FINE, false },
		{ "write to the pipe", writes_to_pipe, FINE, false },
		{ "allocate", allocates, FINE, false },
		{ "sort", sorts, FINE, false },
		{ "fstat", stats_descriptor, FINE, false },
		{ "isatty", is_terminal, REFUSED, false },
		{ "open", opens, KILLED, true },
		{ "open for writing", opens_for_writing, KILLED, true },
		{ "socket", makes_socket, KILLED, false },
		{ "socket of the internet", makes_inet_socket, KILLED, false },
		{ "connect to an abstract socket", connects, KILLED, false },
		{ "execve", executes, KILLED, true },
		{ "fork", forks, KILLED, true },
		{ "thread", starts_thread, KILLED, true },
		{ "kill", kills, KILLED, false },
		{ "tgkill", kills_thread, KILLED, false },
		{ "ptrace", traces, KILLED, true },
		{ "process_vm_readv", reads_stranger, KILLED, false },
		{ "pwrite", writes_at, KILLED, false },
		{ "memfd_create", makes_memory_file, KILLED, false },
		{ "mmap to run", runs_data, KILLED, false },
		{ "mprotect to run", makes_runnable, KILLED, false },
		{ "setrlimit", raises_limit, KILLED, true },
		{ "setuid", becomes_root, KILLED, false },
		{ "F_SETOWN", owns_signals, KILLED, false },
		{ "unlink", unlinks, KILLED, true },
		{ "mount", mounts, KILLED, false },
		{ "bpf", loads_bpf, KILLED, false },
		{ "io_uring", uses_uring, KILLED, false },
	};
	const struct confine more = { .memory_bytes = 64 << 20, .cpu_seconds = 60 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status = in_child(&more, rows[i].try);
		bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
		bool refused = WIFEXITED(status) && WEXITSTATUS(status) == 1;
		bool good = rows[i].end == FINE ? status == 0 : rows[i].end == REFUSED ? refused : killed;

		if (CONFINE_SANITIZED && rows[i].sanitizer_may)
			continue;
		if (!good)
			fail_msg("%s: status %x", rows[i].what, (unsigned)status);
	}
	assert_int_equal(kill(stranger, 0), 0);
}

/* write(2) is allowed: what else a descriptor is open for, the size of files is limited to nothing. */
static void no_file_grows(void **state)
{
	const struct confine more = { .cpu_seconds = 60 };
	int status = in_child(&more, writes_to_file);
	struct stat st;

	(void)state;
	assert_true((WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ) ||
		    (WIFEXITED(status) && WEXITSTATUS(status) == 1));
	assert_int_equal(fstat(image, &st), 0);
	assert_int_equal(st.st_size, 4);
}

static bool spins(void)
{
	volatile unsigned counter = 0;

	for (;;)
		counter++;
	return false;
}

static void time_ends(void **state)
{
	const struct confine more = { .cpu_seconds = 1 };
	int status = in_child(&more, spins);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGXCPU);
}

static bool eats(void)
{
	for (unsigned i = 0; i < 1024; i++) {
		char *memory = malloc(1 << 20);

		if (!memory)
			return i < 64;
		memset(memory, 1, 1 << 20);
	}
	return false;
}

static void memory_ends(void **state)
{
	const struct confine more = { .memory_bytes = 64 << 20 };

	(void)state;
	if (CONFINE_SANITIZED)
		skip();
	assert_int_equal(in_child(&more, eats), 0);
}

static bool only_kept(void)
{
	bool others = false;

	for (int fd = 0; fd < 1024; fd++) {
		bool kept = fd == image || fd == answers[1] || fd == writable || (CONFINE_SANITIZED && fd == 2);

		others = others || (fcntl(fd, F_GETFL) >= 0) != kept;
	}
	return !others;
}

static void descriptors(void **state)
{
	const struct confine more = { .cpu_seconds = 60 };

	(void)state;
	assert_int_equal(in_child(&more, only_kept), 0);
}

/* Asked of the system calls themselves: /proc cannot be opened any more. Before the filter, when they may still be asked. */
static int look(void *context, struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { .permitted = 1 } };
	bool root = *(const bool *)context;

	(void)err;
	HOLD(!root || (getuid() != 0 && geteuid() != 0 && getgid() != 0 && getegid() != 0));
	HOLD(!root || getgroups(0, NULL) == 0);
	HOLD(syscall(SYS_capget, &header, data) == 0);
	HOLD(!data[0].permitted && !data[1].permitted && !data[0].effective && !data[0].inheritable);
	HOLD(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	HOLD(prctl(PR_GET_DUMPABLE) == 0);
	HOLD(open(file_name, O_RDONLY | O_CLOEXEC) <
	     0); /* Landlock, where this kernel has it; else it is 0600 and root's */
	HOLD(errno == EACCES);
	HOLD(kill(stranger, 0) < 0 && errno == EPERM);
	return 0;
}

static bool nothing(void)
{
	return true;
}

static void before_the_filter(void **state)
{
	bool root = geteuid() == 0;
	const struct confine more = { .threads = look, .context = &root };

	(void)state;
	assert_int_equal(in_child(&more, nothing), 0);
}

static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *tries(void *argument)
{
	(void)argument;
	(void)pthread_mutex_lock(&lock); /* until the filter is there */
	_exit(socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : 1);
}

static int start(void *context, struct err *err)
{
	(void)context;
	if (pthread_mutex_lock(&lock) != 0 || pthread_create(&thread, NULL, tries, NULL) != 0)
		return err_set(err, ERR_INTERNAL, "no thread");
	return 0;
}

static bool lets_it_try(void)
{
	(void)pthread_mutex_unlock(&lock);
	(void)pthread_join(thread, NULL);
	return true;
}

static void threads_too(void **state)
{
	const struct confine more = { .threads = start };
	int status = in_child(&more, lets_it_try);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static bool uses_scratch(void)
{
	struct stat st;

	return ftruncate(writable, 1 << 20) == 0 && pwrite(writable, "data", 4, 4096) == 4 &&
	       fstat(writable, &st) == 0 && st.st_size == 1 << 20;
}

static bool cuts_another(void)
{
	return ftruncate(image, 0) == 0;
}

static void scratch(void **state)
{
	const struct confine more = { .scratch = &writable };
	int status = in_child(&more, uses_scratch);

	(void)state;
	assert_int_equal(status, 0);
	status = in_child(&more, cuts_another);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	assert_int_equal(ftruncate(writable, 4), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tried),       cmocka_unit_test(no_file_grows), cmocka_unit_test(time_ends),
		cmocka_unit_test(memory_ends), cmocka_unit_test(descriptors),   cmocka_unit_test(before_the_filter),
		cmocka_unit_test(threads_too), cmocka_unit_test(scratch),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
