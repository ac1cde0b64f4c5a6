/*
 * delay.c - the layer that stretches races: with LD_PRELOAD, the steps by which a folder comes under watch (opening it, placing the
 * watch, reading it) sleep now and then before or after they are done.
 *
 * TALLY_DELAY=SEED[:PER_MILLE[:MOST_US]]: of a thousand steps so many sleep (100), for up to so long (20000).
 */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t seed;
static unsigned per_mille, most_us;
static atomic_ullong count;

__attribute__((constructor)) static void set_up(void)
{
	const char *text = getenv("TALLY_DELAY");
	unsigned long long number;

	per_mille = 100;
	most_us = 20000;
	if (!text || sscanf(text, "%llu:%u:%u", &number, &per_mille, &most_us) < 1)
		per_mille = 0;
	else
		seed = number;
}

static void nap(void)
{
	uint64_t z = seed + (atomic_fetch_add(&count, 1) + 1) * 0x9e3779b97f4a7c15u;
	struct timespec time = { 0, 0 };

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	if (z % 1000 >= per_mille || most_us == 0)
		return;
	time.tv_nsec = (long)((z >> 32) % most_us) * 1000;
	nanosleep(&time, NULL);
}

/* The function that would have been called without this layer. */
#define REAL(name)                                                                                                     \
	static __typeof__(&name) real;                                                                                 \
	if (!real)                                                                                                     \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	int wd;
	REAL(inotify_add_watch);

	nap();
	wd = real(fd, path, mask);
	nap();
	return wd;
}

ssize_t getdents64(int fd, void *room, size_t size)
{
	ssize_t len;
	REAL(getdents64);

	nap();
	len = real(fd, room, size);
	nap();
	return len;
}

long syscall(long number, ...)
{
	long result, words[6];
	va_list rest;
	REAL(syscall);

	va_start(rest, number);
	for (int i = 0; i < 6; i++)
		words[i] = va_arg(rest, long);
	va_end(rest);
	if (number == SYS_getdents64)
		nap();
	result = real(number, words[0], words[1], words[2], words[3], words[4], words[5]);
	if (number == SYS_getdents64)
		nap();
	return result;
}

DIR *fdopendir(int fd)
{
	REAL(fdopendir);

	nap();
	return real(fd);
}

static mode_t mode_of(int flags, va_list rest)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

#define OPENING(name)                                                                                                  \
	int name(int dirfd, const char *path, int flags, ...)                                                          \
	{                                                                                                              \
		va_list rest;                                                                                          \
		mode_t mode;                                                                                           \
		int fd;                                                                                                \
		REAL(name);                                                                                            \
                                                                                                                       \
		va_start(rest, flags);                                                                                 \
		mode = mode_of(flags, rest);                                                                           \
		va_end(rest);                                                                                          \
		if (flags & O_DIRECTORY)                                                                               \
			nap();                                                                                         \
		fd = real(dirfd, path, flags, mode);                                                                   \
		if (flags & (O_DIRECTORY | O_PATH))                                                                    \
			nap();                                                                                         \
		return fd;                                                                                             \
	}
OPENING(openat)
OPENING(openat64)
