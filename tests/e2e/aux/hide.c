/* hide.c - for compare_device.bats: hides names that hold "rootkit" from the program that it is loaded into (LD_PRELOAD), as a root
 * kit's hook on getdents64(2) hides them from all. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>

static long without_hidden(char *at, long n)
{
	for (long left = n; left > 0;) {
		const struct dirent64 *entry = (const struct dirent64 *)(const void *)at;
		long len = entry->d_reclen;

		left -= len;
		if (strstr(entry->d_name, "rootkit")) {
			memmove(at, at + len, (size_t)left);
			n -= len;
		} else {
			at += len;
		}
	}
	return n;
}

long syscall(long number, ...)
{
	static long (*next)(long number, ...);
	long arguments[6];
	va_list args;
	long result;

	va_start(args, number);
	for (unsigned i = 0; i < 6; i++)
		arguments[i] = va_arg(args, long);
	va_end(args);
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "syscall");
	result = next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
	return number == SYS_getdents64 ? without_hidden((char *)arguments[1], result) : result;
}
