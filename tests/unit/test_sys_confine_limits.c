/* test_sys_confine_limits.c - what a confined process has left: processor time, memory, descriptors, no file that grows, no privilege. */
#include "confine_fixture.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static bool writes_to_file(void)
{
	return write(writable, "other", 5) == 5; /* kept, so only RLIMIT_FSIZE is in its way: SIGXFSZ */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_file_grows), cmocka_unit_test(time_ends),         cmocka_unit_test(memory_ends),
		cmocka_unit_test(descriptors),   cmocka_unit_test(before_the_filter),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
