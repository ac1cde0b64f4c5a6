/*
 * confine_landlock.c - a Landlock domain without a single rule. See confine_inner.h.
 *
 * By the raw system calls and numbers of Documentation/userspace-api/landlock.rst: the C library's headers may be older than the
 * kernel that this runs on. What an ABI does not know must not be asked of it.
 */
#include "sys/confine_inner.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

/* The same numbers on all architectures. */
enum { NR_CREATE_RULESET = 444, NR_RESTRICT_SELF = 446 };
enum { CREATE_RULESET_VERSION = 1 };

struct ruleset {
	uint64_t fs; /* ABI 1 */
	uint64_t net; /* ABI 4 */
	uint64_t scoped; /* ABI 6 */
};

#define BITS(count) ((UINT64_C(1) << (count)) - 1)

/* Everything that the ABI can deny. Returns the size of the structure that it knows. */
static size_t deny_all(long abi, struct ruleset *ret_ruleset)
{
	struct ruleset ruleset = { .fs = BITS(13) }; /* execute ... make symbolic link */

	if (abi >= 2)
		ruleset.fs = BITS(14); /* refer */
	if (abi >= 3)
		ruleset.fs = BITS(15); /* truncate */
	if (abi >= 5)
		ruleset.fs = BITS(16); /* ioctl of devices */
	if (abi >= 4)
		ruleset.net = BITS(2); /* bind, connect: TCP */
	if (abi >= 6)
		ruleset.scoped = BITS(2); /* abstract sockets, signals */
	*ret_ruleset = ruleset;
	return abi >= 6 ? sizeof(ruleset) : abi >= 4 ? offsetof(struct ruleset, scoped) : offsetof(struct ruleset, net);
}

int confine_landlock(bool *ret_there, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	long abi = syscall(NR_CREATE_RULESET, NULL, 0UL, CREATE_RULESET_VERSION);
	struct ruleset ruleset;
	size_t size;

	/* EPERM: the filter of a container that has not heard of it either */
	if (abi < 1 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM)) {
		*ret_there = false;
		return 0;
	}
	if (abi < 1)
		return err_errno_as(err, ERR_INTERNAL, errno, "cannot ask for Landlock's version");
	size = deny_all(abi, &ruleset);
	fd = (int)syscall(NR_CREATE_RULESET, &ruleset, size, 0);
	if (fd < 0)
		return err_errno_as(err, ERR_INTERNAL, errno, "cannot make a Landlock ruleset");
	if (syscall(NR_RESTRICT_SELF, fd, 0) < 0)
		return err_errno_as(err, ERR_INTERNAL, errno, "cannot restrict ourselves by Landlock");
	*ret_there = true;
	return 0;
}
