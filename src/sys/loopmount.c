/* loopmount.c - see loopmount.h. The kernel's Documentation/filesystems/mount_api.rst, loop(4). */
#include "sys/loopmount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

enum { TRIES = 64, LINE_MAX_BYTES = 512 };

/* What the kernel calls it, and what keeps it from making good what an unclean end left. */
static const struct {
	const char *type, *driver;
	const char *options[3][2]; /* key and value; value NULL: a flag */
} known[] = {
	{ "btrfs", "btrfs", { { "rescue", "nologreplay" } } },
	{ "erofs", "erofs", { { NULL } } },
	{ "exfat", "exfat", { { NULL } } },
	{ "ext2", "ext2", { { NULL } } },
	{ "ext3", "ext3", { { "noload", NULL } } },
	{ "ext4", "ext4", { { "noload", NULL } } },
	{ "f2fs", "f2fs", { { "norecovery", NULL } } },
	{ "hfsplus", "hfsplus", { { NULL } } },
	{ "iso9660", "iso9660", { { NULL } } },
	{ "nilfs2", "nilfs2", { { "norecovery", NULL } } },
	{ "ntfs", "ntfs3", { { NULL } } },
	{ "squashfs", "squashfs", { { NULL } } },
	{ "udf", "udf", { { NULL } } },
	{ "vfat", "vfat", { { NULL } } },
	{ "xfs", "xfs", { { "norecovery", NULL }, { "nouuid", NULL } } },
};

struct loopmount {
	int fd; /* the mount */
	char root[32], device[32];
};

static size_t find(const char *type)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(known) && strcmp(known[i].type, type) != 0)
		i++;
	return i;
}

bool loopmount_knows(const char *type)
{
	return find(type) < ARRAY_SIZE(known);
}

const char *loopmount_types(void)
{
	return "btrfs, erofs, exfat, ext2, ext3, ext4, f2fs, hfsplus, iso9660, nilfs2, ntfs, squashfs, udf, vfat, xfs";
}

/* The loop device, held open; it clears itself when nobody holds it. */
static int attach(const struct loopmount_request *request, char device[32], struct err *err)
{
	struct loop_config config = { .fd = (uint32_t)request->fd,
				      .info = { .lo_offset = request->offset,
						.lo_sizelimit = request->size,
						.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR } };
	CLEANUP(fd_closep) int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (control < 0)
		return err_errno_as(err, ERR_DENIED, errno,
				    "cannot mount an image: no loop device: '/dev/loop-control'");
	for (int i = 0; i < TRIES; i++) { /* somebody else may be faster */
		CLEANUP(fd_closep) int fd = -1;
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		if (number < 0)
			return err_errno_as(err, ERR_DENIED, errno, "cannot mount an image: no free loop device");
		(void)snprintf(device, 32, "/dev/loop%d", number);
		fd = open(device, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_errno_as(err, ERR_DENIED, errno, "cannot mount an image: cannot open '%s'", device);
		if (ioctl(fd, LOOP_CONFIGURE, &config) == 0)
			return STEAL_FD(fd);
		if (errno == EINVAL || errno == ENOTTY)
			return err_errno_as(err, ERR_DENIED, errno, "cannot attach '%s' at %llu to a loop device",
					    QUOTE(request->name), (unsigned long long)request->offset);
		if (errno != EBUSY)
			return err_errno(err, errno, "cannot attach '%s' to a loop device", QUOTE(request->name));
	}
	return err_set(err, ERR_LOCKED, "cannot mount an image: others take every free loop device");
}

/* What the kernel wrote into the context's log, "e " and the line, a line a read; the last one of them. */
static void kernel_says(int context, char line[LINE_MAX_BYTES])
{
	char text[LINE_MAX_BYTES];
	ssize_t n;

	line[0] = '\0';
	while ((n = read(context, text, sizeof(text) - 1)) > 0) {
		text[n] = '\0';
		text[strcspn(text, "\n")] = '\0';
		(void)snprintf(line, LINE_MAX_BYTES, "%s", n > 2 && text[1] == ' ' ? text + 2 : text);
	}
}

static int refused(const struct loopmount_request *request, int context, int code, struct err *err)
{
	char line[LINE_MAX_BYTES];
	int os_errno = errno;

	kernel_says(context, line);
	return err_errno_as(err, code, os_errno, "cannot mount %s in '%s': %s%s", request->type, QUOTE(request->name),
			    line[0] != '\0' ? "the kernel says: " : "refused by the kernel, its log may say more",
			    QUOTE(line));
}

static int configure(const struct loopmount_request *request, int context, const char *device, struct err *err)
{
	size_t type = find(request->type);

	if (fsconfig(context, FSCONFIG_SET_STRING, "source", device, 0) < 0 ||
	    fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return refused(request, context, ERR_DENIED, err);
	for (size_t i = 0; i < ARRAY_SIZE(known[type].options) && known[type].options[i][0] != NULL; i++) {
		const char *const *option = known[type].options[i];

		if (fsconfig(context, option[1] == NULL ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, option[0], option[1],
			     0) < 0)
			return refused(request, context, ERR_DENIED, err);
	}
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return refused(request, context, ERR_DATA, err);
	return 0;
}

static int check(const struct loopmount_request *request, struct err *err)
{
	if (!loopmount_knows(request->type))
		return err_set(err, ERR_USAGE, "'%s' is not mounted by --mount, only %s", QUOTE(request->type),
			       loopmount_types());
	if (request->offset % 512 != 0)
		return err_set(err, ERR_USAGE, "cannot mount '%s' at byte %llu: no multiple of 512",
			       QUOTE(request->name), (unsigned long long)request->offset);
	if (request->offset > INT64_MAX || request->size > INT64_MAX - request->offset)
		return err_set(err, ERR_USAGE, "cannot mount '%s': no file is that large", QUOTE(request->name));
	if (geteuid() != 0)
		return err_set(err, ERR_DENIED, "only root can mount an image");
	return 0;
}

int loopmount_new(const struct loopmount_request *request, struct loopmount **ret_mount, struct err *err)
{
	CLEANUP(loopmount_freep) struct loopmount *mount = calloc(1, sizeof(*mount));
	CLEANUP(fd_closep) int loop = -1;
	CLEANUP(fd_closep) int context = -1;
	int r;

	if (mount == NULL)
		return err_nomem(err);
	mount->fd = -1;
	r = check(request, err);
	if (r < 0)
		return r;
	context = fsopen(known[find(request->type)].driver, FSOPEN_CLOEXEC);
	if (context < 0)
		return err_errno_as(err, ERR_DENIED, errno, "cannot mount %s: this kernel does not know it",
				    request->type);
	loop = attach(request, mount->device, err);
	if (loop < 0)
		return loop;
	r = configure(request, context, mount->device, err);
	if (r < 0)
		return r;
	mount->fd = fsmount(context, FSMOUNT_CLOEXEC,
			    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC |
				    MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_NOATIME);
	if (mount->fd < 0)
		return refused(request, context, ERR_DENIED, err);
	(void)snprintf(mount->root, sizeof(mount->root), "/proc/self/fd/%d", mount->fd);
	*ret_mount = STEAL(mount);
	return 0;
}

const char *loopmount_root(const struct loopmount *mount)
{
	return mount->root;
}

const char *loopmount_device(const struct loopmount *mount)
{
	return mount->device;
}

void loopmount_freep(struct loopmount **mount)
{
	if (*mount == NULL)
		return;
	fd_closep(&(*mount)->fd);
	free(*mount);
	*mount = NULL;
}

bool loopmount_backed(uint64_t device, const struct stat *file)
{
	char name[PATH_MAX + 1]; /* and the newline */
	CLEANUP(fd_closep) int fd = -1;
	struct stat backing;
	ssize_t len;

	if (major(device) != LOOP_MAJOR)
		return false;
	(void)snprintf(name, sizeof(name), "/sys/dev/block/%u:%u/loop/backing_file", major(device), minor(device));
	fd = open(name, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, name, sizeof(name));
	if (len < 1 || name[len - 1] != '\n')
		return false;
	name[len - 1] = '\0';
	return stat(name, &backing) == 0 && backing.st_dev == file->st_dev && backing.st_ino == file->st_ino;
}
