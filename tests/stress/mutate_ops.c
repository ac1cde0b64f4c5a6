/*
 * mutate_ops.c - what mutate does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "mutate.h"

int fill(int fd, size_t most)
{
	char bytes[256];
	size_t len = draw((unsigned)most + 1);

	memset(bytes, 'a' + (int)draw(26), sizeof(bytes));
	while (len > 0) {
		ssize_t n = write(fd, bytes, len < sizeof(bytes) ? len : sizeof(bytes));

		if (n <= 0)
			return -1;
		len -= (size_t)n;
	}
	return 0;
}

static int opened(const char *path, int flags, size_t most)
{
	mode_t mode = draw(2) ? 0644 : 0600;
	int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode), r;

	if (fd < 0)
		return -1;
	r = fill(fd, most);
	close(fd);
	return r;
}

static int op_create(char *a, char *b)
{
	(void)b;
	draw_file(a);
	return opened(a, O_WRONLY | O_CREAT | O_EXCL, 600);
}

static int op_write(char *a, char *b)
{
	(void)b;
	draw_file(a);
	return opened(a, O_WRONLY | O_TRUNC | (draw(2) ? O_CREAT : 0), 2000);
}

static int op_append(char *a, char *b)
{
	(void)b;
	draw_file(a);
	return opened(a, O_WRONLY | O_APPEND, 300);
}

static int op_truncate(char *a, char *b)
{
	(void)b;
	draw_file(a);
	return truncate(a, (off_t)draw(3000));
}

/* Other content under the old size and the old times. */
static int op_forge(char *a, char *b)
{
	struct timespec times[2];
	struct stat st;
	char byte = (char)('A' + draw(26));
	int fd, r;

	(void)b;
	draw_file(a);
	fd = open(a, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	r = fstat(fd, &st);
	if (r == 0 && st.st_size > 0 && pwrite(fd, &byte, 1, st.st_size / 2) == 1) {
		times[0] = st.st_atim;
		times[1] = st.st_mtim;
		r = futimens(fd, times);
	}
	close(fd);
	return r;
}

static sigjmp_buf cut_short;

static void on_bus(int signal_number)
{
	(void)signal_number;
	siglongjmp(cut_short, 1);
}

/* The last reference goes with the mapping, and with it comes CLOSE_WRITE. */
static int op_mmap(char *a, char *b)
{
	int fd;
	char byte = (char)('0' + draw(10)), *map;
	off_t at = (off_t)draw(4096);

	(void)b;
	draw_file(a);
	fd = open(a, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (draw(3) ? 0 : O_CREAT), 0644);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, 4096) < 0) {
		close(fd);
		return -1;
	}
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -1;
	if (sigsetjmp(cut_short, 1) == 0) /* another worker may have truncated it */
		*(volatile char *)(map + at) = byte;
	return munmap(map, 4096);
}

static int op_rename(char *a, char *b)
{
	if (draw(6) == 0) {
		draw_link(a);
		draw_link(b);
	} else {
		draw_path(a, false);
		draw_path(b, false);
	}
	return rename(a, b);
}

static int op_renamedir(char *a, char *b)
{
	draw_path(a, true);
	draw_path(b, true);
	return renameat2(AT_FDCWD, a, AT_FDCWD, b, draw(2) ? RENAME_NOREPLACE : 0);
}

static int op_exchange(char *a, char *b)
{
	bool directory = draw(3) == 0, other = draw(3) == 0;

	draw_path(a, directory);
	draw_path(b, other);
	return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

static int op_moveout(char *a, char *b)
{
	draw_path(a, draw(2));
	draw_out(b);
	return rename(a, b);
}

static int op_movein(char *a, char *b)
{
	draw_out(a);
	draw_path(b, draw(2));
	return rename(a, b);
}

/* Something new outside, for movein. Nothing else is ever written there. */
static int op_makeout(char *a, char *b)
{
	char inner[PATH_BYTES + 300];
	unsigned files = draw(5), i;

	(void)b;
	draw_out(a);
	if (mkdir(a, 0755) < 0)
		return -1;
	for (i = 0; i < files; i++) {
		snprintf(inner, sizeof(inner), "%.3900s", a);
		draw_name(inner);
		if (draw(3) == 0)
			(void)mkdir(inner, 0755);
		else
			(void)opened(inner, O_WRONLY | O_CREAT | O_EXCL, 100);
	}
	return 0;
}

static int op_link(char *a, char *b)
{
	draw_link(a);
	draw_link(b);
	return link(a, b);
}

static int op_unlinkname(char *a, char *b)
{
	(void)b;
	draw_link(a);
	return unlink(a);
}

static int op_symlink(char *a, char *b)
{
	draw_path(a, false);
	draw_path(b, false);
	return symlink(b, a);
}

static int op_tmpfile(char *a, char *b)
{
	char link_name[40];
	int fd, r;

	draw_path(a, true);
	draw_path(b, true);
	draw_name(b);
	fd = open(a, O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	r = fill(fd, 500);
	snprintf(link_name, sizeof(link_name), "/proc/self/fd/%d", fd);
	if (r == 0)
		r = linkat(AT_FDCWD, link_name, AT_FDCWD, b, AT_SYMLINK_FOLLOW);
	(void)fill(fd, 100); /* after it has its name */
	close(fd);
	return r;
}

static int op_chmod(char *a, char *b)
{
	static const mode_t modes[] = { 0644, 0600, 0755, 0700, 04755, 0666, 01777, 0 };

	(void)b;
	if (draw(2))
		draw_path(a, true);
	else
		draw_file(a);
	return chmod(a, modes[draw(8)]);
}

static int op_chown(char *a, char *b)
{
	static const uid_t ids[] = { 0, 1, 1000, 65534, (uid_t)-1 };
	bool of_directory = draw(2);
	uid_t uid = ids[draw(5)];
	gid_t gid =
		ids[draw(uid == (uid_t)-1 ? 4 : 5)]; /* a chown of neither moves the ctime, and inotify does not tell */

	(void)b;
	draw_path(a, of_directory);
	return lchown(a, uid, gid);
}

static int op_xattr(char *a, char *b)
{
	static const unsigned char acl[] = { 2, 0,    0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 2,   0,  4,
					     0, 0xe8, 3,   0,   0,   4,   0,  4, 0,   255, 255, 255, 255, 16, 0,
					     4, 0,    255, 255, 255, 255, 32, 0, 4,   0,   255, 255, 255, 255 };
	unsigned which = draw(5);
	char value[8];

	(void)b;
	draw_file(a);
	snprintf(value, sizeof(value), "%u", draw(1000));
	if (which == 0)
		return lremovexattr(a, "user.x");
	if (which == 1)
		return lsetxattr(a, "system.posix_acl_access", acl, sizeof(acl), 0);
	return lsetxattr(a, which == 2 ? "user.y" : "user.x", value, strlen(value), 0);
}

static int op_touch(char *a, char *b)
{
	struct timespec times[2] = { { 0, 0 }, { 0, 0 } };

	(void)b;
	times[0].tv_sec = times[1].tv_sec = (time_t)draw(2000000000);
	draw_path(a, draw(2));
	return utimensat(AT_FDCWD, a, times, AT_SYMLINK_NOFOLLOW);
}

/* A chain of folders made as fast as can be, with a file at its end. */
static int op_mkdirs(char *a, char *b)
{
	unsigned depth = 1 + draw(6), i;

	(void)b;
	draw_path(a, true);
	for (i = 0; i < depth; i++) {
		draw_name(a);
		if (mkdir(a, 0755) < 0 && errno != EEXIST)
			return -1;
	}
	draw_name(a);
	return opened(a, O_WRONLY | O_CREAT, 50);
}

static int remove_all(int dirfd, const char *name, int depth)
{
	struct dirent *entry;
	DIR *dir;
	int fd;

	if (unlinkat(dirfd, name, 0) == 0)
		return 0;
	if (errno != EISDIR || depth > 60)
		return -1;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)remove_all(fd, entry->d_name, depth + 1);
	closedir(dir);
	return unlinkat(dirfd, name, AT_REMOVEDIR);
}

static int op_rmtree(char *a, char *b)
{
	(void)b;
	draw_path(a, true);
	if (draw(4) == 0)
		return remove_all(AT_FDCWD, a, 0);
	draw_name(a);
	return remove_all(AT_FDCWD, a, 0);
}

static int op_unlink(char *a, char *b)
{
	(void)b;
	draw_path(a, false);
	return unlink(a);
}

/* Gone and there again, as another thing or the same. */
static int op_remake(char *a, char *b)
{
	unsigned what = draw(3);

	(void)b;
	draw_path(a, false);
	if (remove_all(AT_FDCWD, a, 0) < 0)
		return -1;
	if (what == 0)
		return mkdir(a, 0755);
	return opened(a, O_WRONLY | O_CREAT | O_EXCL, what == 1 ? 0 : 800);
}

/* Comes and goes at once. */
static int op_flash(char *a, char *b)
{
	(void)b;
	draw_path(a, false);
	if (opened(a, O_WRONLY | O_CREAT | O_EXCL, 10) < 0)
		return -1;
	return unlink(a);
}

static int op_node(char *a, char *b)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	unsigned what = draw(3);
	int fd, r;

	(void)b;
	draw_path(a, false);
	if (what == 0)
		return mkfifo(a, 0644);
	if (what == 1)
		return mknod(a, S_IFCHR | 0644, (dev_t)draw(600));
	if (strlen(a) >= sizeof(address.sun_path))
		return 0;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", a);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	r = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	close(fd);
	return r;
}

/* The way an editor saves. */
static int op_save(char *a, char *b)
{
	int fd;

	draw_file(a);
	snprintf(b, PATH_BYTES, "%.3900s.tmp%u", a, draw(3));
	fd = open(b, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0)
		return -1;
	(void)fill(fd, 900);
	close(fd);
	return rename(b, a);
}

static int op_mount(char *a, char *b)
{
	(void)b;
	draw_mountpoint(a);
	return mount("none", a, "tmpfs", 0, "size=1m");
}

static int op_bind(char *a, char *b)
{
	snprintf(b, PATH_BYTES, "%s/t", mutate_place.in);
	draw_grid(b, true);
	draw_mountpoint(a);
	return mount(b, a, NULL, MS_BIND, NULL);
}

static int op_umount(char *a, char *b)
{
	(void)b;
	draw_mountpoint(a);
	return umount2(a, MNT_DETACH);
}

void ops_init(void)
{
	signal(SIGBUS, on_bus);
}

#define OP(name, weight)                                                                                               \
	{                                                                                                              \
#name, op_##name, weight, false                                                                        \
	}
#define OP_ON_DEMAND(name, weight)                                                                                     \
	{                                                                                                              \
#name, op_##name, weight, true                                                                         \
	}
struct op ops[] = {
	OP(create, 10),        OP(write, 10),
	OP(append, 6),         OP(truncate, 4),
	OP(forge, 6),          OP(mmap, 4),
	OP(rename, 8),         OP(renamedir, 4),
	OP(exchange, 4),       OP(moveout, 4),
	OP(movein, 6),         OP(makeout, 4),
	OP(link, 5),           OP(unlinkname, 3),
	OP(symlink, 4),        OP(tmpfile, 4),
	OP(chmod, 6),          OP(chown, 4),
	OP(xattr, 4),          OP(touch, 4),
	OP(mkdirs, 8),         OP(rmtree, 3),
	OP(unlink, 6),         OP(remake, 5),
	OP(flash, 6),          OP(node, 3),
	OP(save, 6),           OP_ON_DEMAND(mount, 1),
	OP_ON_DEMAND(bind, 1), OP_ON_DEMAND(umount, 2),
};
const unsigned op_count = sizeof(ops) / sizeof(ops[0]);
