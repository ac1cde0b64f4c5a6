/*
 * fault.c - loaded before a program (LD_PRELOAD), lets one call fail: TALLY_FAULT=KIND:N, the Nth call of a kind,
 * or KIND:N+, that one and all after it.
 *
 *	malloc  malloc calloc realloc reallocarray posix_memalign aligned_alloc   -> no memory
 *	write   write pwrite writev ftruncate fallocate                           -> ENOSPC
 *	sync    fsync fdatasync                                                   -> EIO
 *	rename  rename renameat renameat2 link linkat                             -> EIO
 *
 * With TALLY_FAULT_COUNT=FILE the number of calls of the kind is written there at exit.
 * Writes of the C library's own stdio do not pass through here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* glibc's own names for what is replaced here */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

enum kind { KIND_NONE, KIND_MALLOC, KIND_WRITE, KIND_SYNC, KIND_RENAME };
static const char *const kind_names[] = { "none", "malloc", "write", "sync", "rename" };

static enum kind failing;
static long first;
static bool onward;
static atomic_long calls;

__attribute__((constructor)) static void start(void)
{
	const char *fault = getenv("TALLY_FAULT");
	const char *colon = fault == NULL ? NULL : strchr(fault, ':');
	enum kind kind;

	if (colon == NULL)
		return;
	first = strtol(colon + 1, NULL, 10);
	onward = fault[strlen(fault) - 1] == '+';
	for (kind = KIND_MALLOC; kind <= KIND_RENAME; kind++)
		if (strlen(kind_names[kind]) == (size_t)(colon - fault) &&
		    memcmp(kind_names[kind], fault, (size_t)(colon - fault)) == 0)
			failing = kind;
	calls = 0;
}

__attribute__((destructor)) static void finish(void)
{
	const char *file = getenv("TALLY_FAULT_COUNT");
	char text[32];
	long fd;

	failing = KIND_NONE;
	if (file == NULL)
		return;
	fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		return;
	(void)syscall(SYS_write, fd, text, (size_t)snprintf(text, sizeof(text), "%ld\n", calls));
	(void)syscall(SYS_close, fd);
}

static bool fails(enum kind kind)
{
	long call;

	if (kind != failing)
		return false;
	call = atomic_fetch_add(&calls, 1) + 1;
	return first > 0 && (call == first || (onward && call > first));
}

static bool no_memory(void)
{
	if (!fails(KIND_MALLOC))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return no_memory() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return no_memory() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
	return no_memory() ? NULL : __libc_realloc(block, size);
}

void *reallocarray(void *block, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(block, bytes);
}

int posix_memalign(void **ret_block, size_t alignment, size_t size)
{
	void *block;

	if (no_memory())
		return ENOMEM;
	block = __libc_memalign(alignment, size);
	if (block == NULL)
		return ENOMEM;
	*ret_block = block;
	return 0;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return no_memory() ? NULL : __libc_memalign(alignment, size);
}

/* A system call that fails when its turn has come. */
#define CALL(kind, error, ...)                                                                                         \
	do {                                                                                                           \
		if (fails(kind)) {                                                                                     \
			errno = (error);                                                                               \
			return -1;                                                                                     \
		}                                                                                                      \
		return (__typeof__(self_type))syscall(__VA_ARGS__);                                                    \
	} while (0)

ssize_t write(int fd, const void *data, size_t len)
{
	ssize_t self_type;

	CALL(KIND_WRITE, ENOSPC, SYS_write, fd, data, len);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	ssize_t self_type;

	CALL(KIND_WRITE, ENOSPC, SYS_writev, fd, parts, count);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	ssize_t self_type;

	CALL(KIND_WRITE, ENOSPC, SYS_pwrite64, fd, data, len, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
	ssize_t self_type;

	CALL(KIND_WRITE, ENOSPC, SYS_pwrite64, fd, data, len, offset);
}

int ftruncate(int fd, off_t len)
{
	int self_type;

	CALL(KIND_WRITE, ENOSPC, SYS_ftruncate, fd, len);
}

int ftruncate64(int fd, off64_t len)
{
	int self_type;

	CALL(KIND_WRITE, ENOSPC, SYS_ftruncate, fd, len);
}

int fsync(int fd)
{
	int self_type;

	CALL(KIND_SYNC, EIO, SYS_fsync, fd);
}

int fdatasync(int fd)
{
	int self_type;

	CALL(KIND_SYNC, EIO, SYS_fdatasync, fd);
}

int rename(const char *from, const char *to)
{
	int self_type;

	CALL(KIND_RENAME, EIO, SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	int self_type;

	CALL(KIND_RENAME, EIO, SYS_renameat2, from_dirfd, from, to_dirfd, to, 0);
}

int renameat2(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned flags)
{
	int self_type;

	CALL(KIND_RENAME, EIO, SYS_renameat2, from_dirfd, from, to_dirfd, to, flags);
}

int link(const char *from, const char *to)
{
	int self_type;

	CALL(KIND_RENAME, EIO, SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_dirfd, const char *from, int to_dirfd, const char *to, int flags)
{
	int self_type;

	CALL(KIND_RENAME, EIO, SYS_linkat, from_dirfd, from, to_dirfd, to, flags);
}
