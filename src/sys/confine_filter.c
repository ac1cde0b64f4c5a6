/*
 * confine_filter.c - the system calls that a parser may make. See confine_inner.h.
 *
 * An allow-list: each line says who needs it. Architectures that lack a call are passed over (libseccomp knows the names of all).
 */
#include "sys/confine_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"

static void filter_donep(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
	*filter = NULL;
}

/* With any arguments. */
static const char *const allowed[] = {
	/* the image, and the pipe */
	"read",
	"pread64",
	"readv",
	"preadv",
	"write",
	"writev",
	"lseek",
	"_llseek",
	"close",
	/* fstat(3): newfstatat with an empty path, and stands below for that */
	"fstat",
	"fstat64",
	"fadvise64",
	"fadvise64_64",
	"arm_fadvise64_64",
	/* memory; mmap and mprotect stand below */
	"munmap",
	"mremap",
	"madvise",
	"brk",
	/* threads that were started before, their locks and their end */
	"futex",
	"futex_time64",
	"sched_yield",
	"set_robust_list",
	"rseq",
	"exit",
	"exit_group",
	"restart_syscall",
	/* clocks, where the kernel does not map them; naps */
	"clock_gettime",
	"clock_gettime64",
	"clock_getres",
	"gettimeofday",
	"time",
	"nanosleep",
	"clock_nanosleep",
	/* abort(3), and returning from signal handlers */
	"rt_sigreturn",
	"sigreturn",
	"rt_sigprocmask",
	"rt_sigaction",
	"getpid",
	"gettid",
	/* the C library about itself: malloc's secrets and arenas, qsort(3)'s memory */
	"getrandom",
	"sysinfo",
	"sched_getaffinity",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
};

/* What programs merely try: an error is enough. */
static const struct {
	const char *name;
	int error;
} refused[] = {
	{ "ioctl", ENOTTY }, /* is it a terminal, how large is the device */
};

#if CONFINE_SANITIZED
/* The runtimes' own: reports, their signal stacks, what they read of /proc and can do without. Test builds only. */
static const char *const sanitizer_allowed[] = { "sigaltstack", "prctl",           "getrlimit", "prlimit64", "getppid",
						 "membarrier",  "set_tid_address", "uname",     "clone",     "clone3",
						 "wait4" };
static const char *const sanitizer_refused[] = { "open", "openat", "readlink", "readlinkat", "access",     "faccessat",
						 "stat", "unlink", "ptrace",   "pipe2",      "getdents64", "execve" };
#endif

static int add(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned count,
	       const struct scmp_arg_cmp *arguments)
{
	int number = seccomp_syscall_resolve_name(name);
	int r;

	if (number == __NR_SCMP_ERROR)
		return 0; /* this libseccomp has not heard of it */
	r = seccomp_rule_add_array(filter, action, number, count, arguments);
	return r == -EDOM || r == -EINVAL || r == -EEXIST ? 0 : r; /* not on this architecture; there already */
}

static int add_scratch(scmp_filter_ctx filter, int scratch)
{
	const struct scmp_arg_cmp of_it = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)scratch, 0);
	static const char *const names[] = { "pwrite64", "ftruncate", "ftruncate64" };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && r == 0; i++)
		r = add(filter, SCMP_ACT_ALLOW, names[i], 1, &of_it);
	return r;
}

static int add_arguments(scmp_filter_ctx filter, const int *scratch)
{
	const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp by_fd = SCMP_A3(SCMP_CMP_MASKED_EQ, 0x1000, 0x1000); /* AT_EMPTY_PATH */
	const struct scmp_arg_cmp flags = SCMP_A1(SCMP_CMP_EQ, F_GETFL, 0); /* F_SETOWN could have us signal others */
	const struct scmp_arg_cmp own = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);
	const struct scmp_arg_cmp nobody_new = SCMP_A2(SCMP_CMP_EQ, 0, 0); /* prlimit64: no new limit */
	const struct {
		const char *name;
		const struct scmp_arg_cmp *argument;
	} rows[] = {
		{ "mmap", &no_exec },         { "mmap2", &no_exec },   { "mprotect", &no_exec },
		{ "newfstatat", &by_fd },     { "fstatat64", &by_fd }, { "tgkill", &own },
		{ "prlimit64", &nobody_new }, { "fcntl", &flags },     { "fcntl64", &flags },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows) && r == 0; i++)
		r = add(filter, SCMP_ACT_ALLOW, rows[i].name, 1, rows[i].argument);
	return r == 0 && scratch ? add_scratch(filter, *scratch) : r;
}

static int add_all(scmp_filter_ctx filter, const int *scratch)
{
	int r = add_arguments(filter, scratch);

	for (size_t i = 0; i < ARRAY_SIZE(allowed) && r == 0; i++)
		r = add(filter, SCMP_ACT_ALLOW, allowed[i], 0, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(refused) && r == 0; i++)
		r = add(filter, SCMP_ACT_ERRNO((uint32_t)refused[i].error), refused[i].name, 0, NULL);
#if CONFINE_SANITIZED
	for (size_t i = 0; i < ARRAY_SIZE(sanitizer_allowed) && r == 0; i++)
		r = add(filter, SCMP_ACT_ALLOW, sanitizer_allowed[i], 0, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(sanitizer_refused) && r == 0; i++)
		r = add(filter, SCMP_ACT_ERRNO(EACCES), sanitizer_refused[i], 0, NULL);
#endif
	return r;
}

int confine_filter(const int *scratch, bool *ret_there, struct err *err)
{
	CLEANUP(filter_donep) scmp_filter_ctx filter = NULL;
	int r;

	if (prctl(PR_GET_SECCOMP) < 0 && errno == EINVAL) { /* as a kernel without it says */
		*ret_there = false;
		return 0;
	}
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter)
		return err_nomem(err);
	r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r == 0)
		r = add_all(filter, scratch);
	if (r < 0)
		return err_errno_as(err, ERR_INTERNAL, -r, "cannot make the filter of system calls");
	r = seccomp_load(filter);
	if (r < 0)
		return err_errno_as(err, ERR_INTERNAL, -r, "cannot load the filter of system calls");
	*ret_there = true;
	return 0;
}
