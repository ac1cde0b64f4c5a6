/* xattr.c - see xattr.h. */
#include "sys/xattr.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sys/file.h"

enum { FIRST_BYTES = 1024 };

/* A list or value that needs more than this was never made by a kernel: 16 times its own bound. */
#define ONE_MAX ((size_t)1 << 20)

static ssize_t list(const char *path, bool follow, void *data, size_t size)
{
	return follow ? listxattr(path, data, size) : llistxattr(path, data, size);
}

static ssize_t get(const char *path, bool follow, const char *name, void *data, size_t size)
{
	return follow ? getxattr(path, name, data, size) : lgetxattr(path, name, data, size);
}

/* Room for at least EXTRA more, doubled on each ERANGE. */
static int grow(struct buf *buf, size_t extra)
{
	if (extra > ONE_MAX)
		return -E2BIG;
	return buf_reserve(buf, extra) < 0 ? -ENOMEM : 0;
}

static int read_names(const char *path, bool follow, struct buf *names)
{
	size_t room = FIRST_BYTES;
	ssize_t n;
	int r;

	for (buf_clear(names);; room *= 4) {
		r = grow(names, room);
		if (r < 0)
			return r;
		n = list(path, follow, names->data, names->capacity);
		if (n >= 0)
			break;
		if (errno == ENOTSUP)
			n = 0;
		else if (errno != ERANGE)
			return -errno;
		if (n == 0)
			break;
	}
	names->len = (size_t)n;
	return 0;
}

/* Appends the value to data. 1 when the attribute is gone. */
static int read_value(const char *path, bool follow, const char *name, struct buf *data, size_t *ret_len)
{
	size_t room = FIRST_BYTES;
	ssize_t n;
	int r;

	for (;; room *= 4) {
		r = grow(data, room);
		if (r < 0)
			return r;
		n = get(path, follow, name, data->data + data->len, data->capacity - data->len);
		if (n >= 0)
			break;
		if (errno == ENODATA)
			return 1;
		if (errno != ERANGE)
			return -errno;
	}
	*ret_len = (size_t)n;
	data->len += (size_t)n;
	return 0;
}

static int read_one(const char *path, bool follow, const char *name, size_t name_len, struct sys_xattrs *xattrs)
{
	struct sys_xattr one = { .name = xattrs->data.len, .name_len = name_len };
	int r;

	if (buf_add(&xattrs->data, name, name_len) < 0)
		return -ENOMEM;
	one.value = xattrs->data.len;
	r = read_value(path, follow, name, &xattrs->data, &one.value_len);
	if (r != 0) {
		xattrs->data.len = one.name;
		return r < 0 ? r : 0;
	}
	if (buf_add(&xattrs->table, &one, sizeof(one)) < 0)
		return -ENOMEM;
	xattrs->count++;
	return 0;
}

int sys_xattrs_read(const char *path, bool follow, struct sys_xattrs *xattrs)
{
	const char *name, *end;
	int r;

	buf_clear(&xattrs->data);
	buf_clear(&xattrs->table);
	xattrs->count = 0;
	xattrs->cut = false;
	r = read_names(path, follow, &xattrs->names);
	if (r < 0 || xattrs->names.len == 0)
		return r;
	/* the kernel ends each name with a NUL; a file system that does not must not lead us past the end */
	if (xattrs->names.data[xattrs->names.len - 1] != '\0')
		return -EIO;
	end = (const char *)xattrs->names.data + xattrs->names.len;
	for (name = (const char *)xattrs->names.data; name < end; name += strlen(name) + 1) {
		if (xattrs->data.len >= SYS_XATTRS_MAX) {
			xattrs->cut = true;
			break;
		}
		r = read_one(path, follow, name, strlen(name), xattrs);
		if (r < 0)
			return r;
	}
	return 0;
}

void sys_xattrs_done(struct sys_xattrs *xattrs)
{
	buf_done(&xattrs->names);
	buf_done(&xattrs->data);
	buf_done(&xattrs->table);
	xattrs->count = 0;
}

bool sys_xattrs_trusted(void)
{
	static const char first[] = "user:[4026531837]"; /* PROC_USER_INIT_INO, linux/proc_ns.h */
	char link[64];
	ssize_t n;

	if (!sys_capable(CAP_SYS_ADMIN))
		return false;
	n = readlink("/proc/self/ns/user", link, sizeof(link));
	return n == (ssize_t)sizeof(first) - 1 && memcmp(link, first, sizeof(first) - 1) == 0;
}
