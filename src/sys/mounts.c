/*
 * mounts.c - see mounts.h.
 *
 * Invariant of a loaded table: sorted by path bytes, one mount a path, all of them reachable. Where several are
 * mounted on one point the kernel lists the topmost last, so later lines replace earlier ones. A mount below a
 * point that was mounted over later cannot be reached; it is told by its parent, which is that of the mount above.
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

/* One line. */
struct row {
	struct sys_mount mount;
	unsigned long id, parent;
	size_t line;
	bool hidden;
};

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

static struct row *rows_of(const struct buf *table)
{
	return (struct row *)(void *)table->data;
}

static size_t count_of(const struct buf *table)
{
	return table->len / sizeof(struct row);
}

static void table_done(struct buf *table)
{
	for (size_t i = 0; i < count_of(table); i++)
		mount_done(&rows_of(table)[i].mount);
	buf_done(table);
}

static int add_line(char *line, const struct buf *uuids, struct buf *table, struct err *err)
{
	size_t number = count_of(table) + 1;
	struct mountinfo_line parsed;
	struct row row;

	if (!mountinfo_parse(line, &parsed))
		return err_set(err, ERR_DATA, "mount table, line %zu: not understood", number);
	row = (struct row){ .id = parsed.id, .parent = parsed.parent, .line = number };
	row.mount = (struct sys_mount){ .path = strdup(parsed.path),
					.fstype = strdup(parsed.fstype),
					.dev_major = parsed.dev_major,
					.dev_minor = parsed.dev_minor,
					.whole = strcmp(parsed.root, "/") == 0,
					.disk = mountinfo_is_disk(parsed.fstype) };
	if (row.mount.path)
		row.mount.id = make_id(&row.mount, uuids);
	if (!row.mount.path || !row.mount.fstype || !row.mount.id || buf_add(table, &row, sizeof(row)) < 0) {
		mount_done(&row.mount);
		return err_nomem(err);
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct row *left = a, *right = b;
	int order = strcmp(left->mount.path, right->mount.path);

	return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

/* The first row of exactly that path in the sorted table; the count when there is none. */
static size_t find_path(const struct row *rows, size_t count, struct bytes path)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (path_compare(bytes_of(rows[middle].mount.path), path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && bytes_equal(bytes_of(rows[low].mount.path), path) ? low : count;
}

/* Was something mounted above it, on the same parent, after it? */
static bool is_covered(const struct row *rows, size_t count, const struct row *row)
{
	struct bytes path = bytes_of(row->mount.path);

	while (path.len > 1) {
		path = path_parent(path);
		for (size_t i = find_path(rows, count, path);
		     i < count && bytes_equal(bytes_of(rows[i].mount.path), path); i++)
			if (rows[i].parent == row->parent && rows[i].id != row->parent)
				return true;
	}
	return false;
}

struct by_id {
	unsigned long id;
	struct row *row;
};

static int by_id(const void *a, const void *b)
{
	const struct by_id *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

/* What is mounted in something hidden is hidden as well. */
static int hide_below(struct row *rows, size_t count)
{
	CLEANUP(freep) struct by_id *ids = calloc(count, sizeof(*ids));
	bool again = true;

	if (!ids)
		return -1;
	for (size_t i = 0; i < count; i++)
		ids[i] = (struct by_id){ rows[i].id, &rows[i] };
	qsort(ids, count, sizeof(*ids), by_id);
	while (again) {
		again = false;
		for (size_t i = 0; i < count; i++) {
			const struct by_id wanted = { rows[i].parent, NULL };
			const struct by_id *parent = bsearch(&wanted, ids, count, sizeof(*ids), by_id);

			if (rows[i].hidden || !parent || !parent->row->hidden)
				continue;
			rows[i].hidden = again = true;
		}
	}
	return 0;
}

/* Sorts, and moves the last visible row of each path to the result. 0 or -1. */
static int settle(struct buf *table, struct sys_mounts *ret_mounts)
{
	struct row *rows = rows_of(table);
	size_t count = count_of(table), kept = 0;
	struct sys_mount *mounts;

	if (count == 0)
		return 0;
	qsort(rows, count, sizeof(*rows), by_path);
	for (size_t i = 0; i < count; i++)
		rows[i].hidden = is_covered(rows, count, &rows[i]);
	mounts = calloc(count, sizeof(*mounts));
	if (!mounts || hide_below(rows, count) < 0) {
		free(mounts);
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (rows[i].hidden)
			continue;
		if (kept && strcmp(mounts[kept - 1].path, rows[i].mount.path) == 0)
			mount_done(&mounts[--kept]);
		mounts[kept++] = rows[i].mount;
		rows[i].mount = (struct sys_mount){ .path = NULL };
	}
	*ret_mounts = (struct sys_mounts){ mounts, kept };
	return 0;
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
	CLEANUP(table_done) struct buf table = BUF_INIT;
	struct sys_mounts mounts = { .mounts = NULL };
	char *line, *end;
	int r;

	r = read_table(mountinfo ? mountinfo : "/proc/self/mountinfo", &text, err);
	if (r < 0)
		return mountinfo ? r : err_wrap(err, r, "what is mounted cannot be told");
	if (!(line = buf_str(&text)) || load_uuids(&uuids) < 0)
		return err_nomem(err);
	for (; *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		else
			end = line + strlen(line);
		r = add_line(line, &uuids, &table, err);
		if (r < 0)
			return r;
	}
	if (settle(&table, &mounts) < 0)
		return err_nomem(err);
	*ret_mounts = mounts;
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
