/*
 * confine.c - see confine.h.
 *
 * The order matters: descriptors while the filter does not forbid close_range(2); user and capabilities before no_new_privs can
 * be in their way; Landlock and all else that belongs to one thread before the threads are started, which inherit it; the
 * filter last, for all of them at once.
 */
#include "sys/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "sys/confine_inner.h"

enum { NOBODY = 65534, OWN_USERS = 0x70000000, CPU_GRACE_SECONDS = 5, STDERR = 2 };
/* Taken for what is mapped where /proc does not tell. */
#define MAPPED_UNKNOWN ((uint64_t)256 << 20)

/* Bytes of address space in use. */
static uint64_t mapped_bytes(void)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	const char *status;
	const char *at = NULL;

	if (fd_read_file(AT_FDCWD, "/proc/self/status", 65536, &text, NULL, &err) == 0) {
		status = buf_str(&text);
		at = status ? strstr(status, "\nVmSize:") : NULL;
	}
	return at ? strtoull(at + strlen("\nVmSize:"), NULL, 10) * 1024 : MAPPED_UNKNOWN;
}

static int compare_fds(const void *a, const void *b)
{
	int left = *(const int *)a, right = *(const int *)b;

	return (left > right) - (left < right);
}

static int close_between(unsigned first, unsigned last, struct err *err)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return 0;
	if (errno != ENOSYS)
		return err_errno_as(err, ERR_INTERNAL, errno, "cannot close descriptors");
	if (last == ~0U) { /* before Linux 5.9 */
		long most = sysconf(_SC_OPEN_MAX);

		last = most > 0 ? (unsigned)most : 65536;
	}
	for (unsigned fd = first; fd <= last; fd++)
		(void)close((int)fd);
	return 0;
}

static int close_others(const struct confine *confine, struct err *err)
{
	CLEANUP(freep) int *keep = malloc((confine->keep_count + 1) * sizeof(*keep));
	size_t count = confine->keep_count;
	unsigned from = 0;
	int r;

	if (!keep)
		return err_nomem(err);
	if (count)
		memcpy(keep, confine->keep, count * sizeof(*keep));
	if (CONFINE_SANITIZED)
		keep[count++] = STDERR;
	qsort(keep, count, sizeof(*keep), compare_fds);
	for (size_t i = 0; i < count; i++) {
		if (keep[i] < 0)
			continue;
		r = (unsigned)keep[i] > from ? close_between(from, (unsigned)keep[i] - 1, err) : 0;
		if (r < 0)
			return r;
		from = (unsigned)keep[i] + 1;
	}
	return close_between(from, ~0U, err);
}

static int limit(__rlimit_resource_t resource, uint64_t soft, uint64_t hard, const char *what, struct err *err)
{
	struct rlimit limits;

	if (getrlimit(resource, &limits) < 0)
		return err_errno_as(err, ERR_INTERNAL, errno, "cannot read the limit of %s", what);
	if (limits.rlim_max > hard)
		limits.rlim_max = hard;
	limits.rlim_cur = soft < limits.rlim_max ? soft : limits.rlim_max;
	if (setrlimit(resource, &limits) < 0)
		return err_errno_as(err, ERR_INTERNAL, errno, "cannot limit %s", what);
	return 0;
}

static int limit_all(const struct confine *confine, uint64_t mapped, struct err *err)
{
	int r = limit(RLIMIT_CORE, 0, 0, "core dumps", err);

	if (r == 0 && !confine->scratch)
		r = limit(RLIMIT_FSIZE, 0, 0, "file sizes", err);
	if (r == 0 && confine->cpu_seconds)
		r = limit(RLIMIT_CPU, confine->cpu_seconds, confine->cpu_seconds + CPU_GRACE_SECONDS, "processor time",
			  err);
	if (r == 0 && confine->memory_bytes && !CONFINE_SANITIZED)
		r = limit(RLIMIT_AS, mapped + confine->memory_bytes, mapped + confine->memory_bytes, "memory", err);
	return r;
}

/* What stands in the way of starting threads. */
static int limit_rest(struct err *err)
{
	int r = CONFINE_SANITIZED ? 0 : limit(RLIMIT_NPROC, 0, 0, "processes", err);

	if (r == 0 && !CONFINE_SANITIZED)
		r = limit(RLIMIT_NOFILE, 0, 0, "open files", err);
	return r;
}

static bool has_capability(unsigned capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 && (data[0].effective >> capability & 1);
}

/* A user of our own: whoever runs as nobody could else be in our way, and we in theirs. Not where our parent could not end us then. */
static int change_user(bool *ret_changed, struct err *err)
{
	const uid_t users[] = { OWN_USERS | (uid_t)getpid(), NOBODY };

	*ret_changed = false;
	if (!has_capability(CAP_SETUID) || !has_capability(CAP_SETGID) || !has_capability(CAP_KILL))
		return 0;
	if (setgroups(0, NULL) < 0 && errno != EPERM) /* EPERM: a user namespace that forbids it */
		return err_errno_as(err, ERR_INTERNAL, errno, "cannot leave our groups");
	for (size_t i = 0; i < ARRAY_SIZE(users) && !*ret_changed; i++) {
		if (setresgid(users[i], users[i], users[i]) == 0 && setresuid(users[i], users[i], users[i]) == 0)
			*ret_changed = true;
		else if (errno != EINVAL) /* EINVAL: no such user in this namespace */
			return err_errno_as(err, ERR_INTERNAL, errno, "cannot become user %u", users[i]);
	}
	return 0;
}

static int drop_capabilities(struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capset, &header, data) < 0)
		return err_errno_as(err, ERR_INTERNAL, errno, "cannot give up capabilities");
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* not before Linux 4.3 */
	if (syscall(SYS_capget, &header, data) < 0 || data[0].permitted || data[1].permitted || data[0].effective ||
	    data[1].effective || data[0].inheritable || data[1].inheritable)
		return err_set(err, ERR_INTERNAL, "capabilities were not given up");
	return 0;
}

static int drop_privileges(struct confined *confined, struct err *err)
{
	int r;

	if (has_capability(CAP_SETPCAP))
		for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
			(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	r = change_user(&confined->user, err);
	if (r == 0)
		r = drop_capabilities(err);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0UL, 0, 0, 0) < 0)
		return err_errno_as(err, ERR_INTERNAL, errno, "cannot rule out new privileges");
	return confine_landlock(&confined->landlock, err);
}

int confine_self(const struct confine *confine, struct confined *ret_confined, struct err *err)
{
	struct confined confined = { .user = false };
	uint64_t mapped = confine->memory_bytes ? mapped_bytes() : 0;
	int r = close_others(confine, err);

	if (r == 0)
		r = limit_all(confine, mapped, err);
	if (r == 0)
		r = drop_privileges(&confined, err);
	if (r == 0 && confine->threads)
		r = confine->threads(confine->context, err);
	if (r == 0)
		r = limit_rest(err);
	if (r == 0)
		r = confine_filter(confine->scratch, &confined.seccomp, err);
	if (r == 0)
		*ret_confined = confined;
	return r;
}
