/* readdir.c - see readdir.h. */
#include "watch/readdir.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_dots(const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static int each_in(const unsigned char *data, size_t len, readdir_fn fn, void *context)
{
	for (size_t at = 0; at < len;) {
		const struct dirent64 *entry = (const struct dirent64 *)(const void *)(data + at);
		int r = 0;

		at += entry->d_reclen;
		if (!is_dots(entry->d_name) && entry->d_name[0] && !strchr(entry->d_name, '/'))
			r = fn(context, entry->d_name, strlen(entry->d_name), entry->d_type);
		if (r != 0)
			return r;
	}
	return 0;
}

int readdir_each(int fd, void *buffer, size_t size, readdir_fn fn, void *context, int *ret_failure)
{
	long len = 0;
	int r = 0;

	*ret_failure = 0;
	if (lseek(fd, 0, SEEK_SET) < 0)
		*ret_failure = -errno;
	while (*ret_failure == 0 && r == 0) {
		len = syscall(SYS_getdents64, fd, buffer, size);
		if (len == 0)
			break;
		if (len < 0)
			*ret_failure = -errno;
		else
			r = each_in(buffer, (size_t)len, fn, context);
	}
	return r;
}
