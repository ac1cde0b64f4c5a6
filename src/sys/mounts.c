/*
 * mounts.c - see mounts.h.
 *
 * Invariant of a loaded table: sorted by path bytes, one mount a path. Where several are mounted on one point the
 * kernel lists the topmost last, so later lines replace earlier ones.
 */
#include "sys/mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/quote.h"
#include "sys/mountinfo.h"

/* The kernel allows 100,000 mounts by default (fs.mount-max) of any length. */
#define TABLE_MAX ((size_t)64 << 20)

static const char uuid_dir[] = "/dev/disk/by-uuid";

/* Device numbers to UUIDs, from the links udev makes. */
struct uuid {
	unsigned dev_major, dev_minor;
	char text[64];
};

static void dir_closep(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

/* A machine without udev has no such directory: then there are none. */
static int load_uuids(struct buf *uuids)
{
	CLEANUP(dir_closep) DIR *dir = opendir(uuid_dir);
	const struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		struct uuid uuid;

		if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &st, 0) < 0 || !S_ISBLK(st.st_mode))
			continue;
		uuid.dev_major = major(st.st_rdev);
		uuid.dev_minor = minor(st.st_rdev);
		if ((size_t)snprintf(uuid.text, sizeof(uuid.text), "%s", entry->d_name) >= sizeof(uuid.text))
			continue;
		if (buf_add(uuids, &uuid, sizeof(uuid)) < 0)
			return -1;
	}
	return 0;
}

/* "uuid:...", else "fsid:HEX" of a disk file system, else "". statfs(2) on a network file system may hang: what is no
 * disk is not asked. NULL when memory is short. */
static char *make_id(const struct sys_mount *mount, const struct buf *uuids)
{
	const struct uuid *uuid = (const struct uuid *)(const void *)uuids->data;
	struct statfs fs;
	uint32_t fsid[2];
	char text[80];

	text[0] = '\0';
	for (size_t i = 0; i < uuids->len / sizeof(*uuid); i++) {
		if (uuid[i].dev_major != mount->dev_major || uuid[i].dev_minor != mount->dev_minor)
			continue;
		(void)snprintf(text, sizeof(text), "uuid:%s", uuid[i].text);
		return strdup(text);
	}
	if (mount->disk && statfs(mount->path, &fs) == 0) {
		memcpy(fsid, &fs.f_fsid, sizeof(fsid));
		if (fsid[0] != 0 || fsid[1] != 0)
			(void)snprintf(text, sizeof(text), "fsid:%08" PRIx32 "%08" PRIx32, fsid[1], fsid[0]);
	}
	return strdup(text);
}

static void mount_done(struct sys_mount *mount)
{
	free(mount->path);
	free(mount->fstype);
	free(mount->id);
}

static int add_line(char *line, size_t number, const struct buf *uuids, struct buf *table, struct err *err)
{
	struct mountinfo_line parsed;
	struct sys_mount mount;

	if (!mountinfo_parse(line, &parsed))
		return err_set(err, ERR_DATA, "mount table, line %zu: not understood", number);
	mount = (struct sys_mount){ .path = strdup(parsed.path),
				    .fstype = strdup(parsed.fstype),
				    .dev_major = parsed.dev_major,
				    .dev_minor = parsed.dev_minor,
				    .disk = mountinfo_is_disk(parsed.fstype) };
	if (mount.path)
		mount.id = make_id(&mount, uuids);
	if (!mount.path || !mount.fstype || !mount.id || buf_add(table, &mount, sizeof(mount)) < 0) {
		mount_done(&mount);
		return err_nomem(err);
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct sys_mount *left = a, *right = b;

	return strcmp(left->path, right->path);
}

/* Sorts (stably, by the order of the lines) and keeps the last of each path. */
static void settle(struct sys_mounts *mounts)
{
	size_t kept = 0;

	if (mounts->count == 0)
		return;
	qsort(mounts->mounts, mounts->count, sizeof(*mounts->mounts), by_path);
	for (size_t i = 1; i < mounts->count; i++) {
		if (strcmp(mounts->mounts[i].path, mounts->mounts[kept].path) == 0)
			mount_done(&mounts->mounts[kept]);
		else
			kept++;
		mounts->mounts[kept] = mounts->mounts[i];
	}
	mounts->count = kept + 1;
}

/* Files in /proc have no size: read to the end. */
static int read_table(const char *name, struct buf *text, struct err *err)
{
	CLEANUP(fd_closep) int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return err_errno(err, errno, "cannot open '%s'", QUOTE(name));
	for (;;) {
		if (text->len > TABLE_MAX)
			return err_set(err, ERR_DATA, "mount table '%s' is larger than 64 MiB", QUOTE(name));
		if (buf_reserve(text, 65536) < 0)
			return err_nomem(err);
		n = read(fd, text->data + text->len, text->capacity - text->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "cannot read '%s'", QUOTE(name));
		if (n == 0)
			return 0;
		text->len += (size_t)n;
	}
}

int sys_mounts_load(const char *mountinfo, struct sys_mounts *ret_mounts, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	CLEANUP(buf_done) struct buf uuids = BUF_INIT;
	CLEANUP(buf_done) struct buf table = BUF_INIT;
	CLEANUP(sys_mounts_done) struct sys_mounts mounts = { .mounts = NULL };
	char *line, *end;
	size_t number = 1;
	int r;

	r = read_table(mountinfo ? mountinfo : "/proc/self/mountinfo", &text, err);
	if (r < 0)
		return r;
	if (!(line = buf_str(&text)) || load_uuids(&uuids) < 0)
		return err_nomem(err);
	for (; *line; line = end, number++) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		else
			end = line + strlen(line);
		r = add_line(line, number, &uuids, &table, err);
		mounts = (struct sys_mounts){ (struct sys_mount *)(void *)table.data,
					      table.len / sizeof(struct sys_mount) };
		if (r < 0) {
			table = BUF_INIT;
			return r;
		}
	}
	table = BUF_INIT;
	settle(&mounts);
	*ret_mounts = mounts;
	mounts = (struct sys_mounts){ .mounts = NULL };
	return 0;
}

void sys_mounts_done(struct sys_mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		mount_done(&mounts->mounts[i]);
	free(mounts->mounts);
	*mounts = (struct sys_mounts){ .mounts = NULL };
}

const struct sys_mount *sys_mounts_at(const struct sys_mounts *mounts, const char *path, size_t len)
{
	struct bytes wanted = { (const unsigned char *)path, len };
	size_t low = 0, high = mounts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = path_compare(bytes_of(mounts->mounts[middle].path), wanted);

		if (order == 0)
			return &mounts->mounts[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct sys_mount *sys_mounts_of(const struct sys_mounts *mounts, const char *path, size_t len)
{
	struct bytes above = { (const unsigned char *)path, len };

	for (;; above = path_parent(above)) {
		const struct sys_mount *mount = sys_mounts_at(mounts, (const char *)above.data, above.len);

		if (mount || above.len <= 1)
			return mount;
	}
}
