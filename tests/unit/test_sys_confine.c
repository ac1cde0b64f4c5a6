/* test_sys_confine.c - which system calls a confined process can no longer make: each is tried in a process of its own. */
#include "confine_fixture.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tried),
		cmocka_unit_test(threads_too),
		cmocka_unit_test(scratch),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
