/* rotation.c - see rotation.h. */
#include "ops/rotation.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "ops/prefix.h"
#include "sys/file.h"

/* What a rotation changes about a name. */
#define BY_ROTATION (ATTR_BIT(ATTR_INODE) | ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_CONTENT) | ATTR_BIT(ATTR_BTIME))

static bool may_be_rotation(const struct change *change)
{
	const uint32_t needed = ATTR_BIT(ATTR_INODE) | ATTR_BIT(ATTR_CONTENT);

	return change->kind == CHANGE_CHANGED && (change->log & LOG_REPLACED) &&
	       (change->attributes & ~BY_ROTATION) == 0 && (change->before->value & needed) == needed;
}

static void closedirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

/* The name of INODE in the directory, or NULL. The name is borrowed from DIR. */
static const char *name_of(DIR *dir, uint64_t inode)
{
	const struct dirent *item;

	while ((item = readdir(dir))) {
		if (item->d_ino == inode && strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
			return item->d_name;
	}
	return NULL;
}

static bool begins_as_recorded(struct rotation *rotation, int fd, const struct entry *recorded)
{
	unsigned char digest[DIGEST_BYTES];
	struct digest_state state;

	digest_init(&state);
	if (prefix_hash(fd, recorded->digest_bytes, rotation->interrupted, &state) < 0)
		return false;
	rotation->bytes_read += recorded->digest_bytes;
	digest_final(&state, digest);
	return digest_equal(digest, recorded->digest);
}

/* Without moving its access time. */
static DIR *open_folder(struct bytes folder)
{
	char path[4096];
	DIR *dir;
	int fd;

	if (folder.len >= sizeof(path))
		return NULL;
	memcpy(path, folder.data, folder.len);
	path[folder.len] = '\0';
	fd = sys_open_dir(AT_FDCWD, path);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir && fd >= 0)
		(void)close(fd);
	return dir;
}

static bool was_rotated(struct rotation *rotation, const struct change *change)
{
	const struct entry *recorded = change->before;
	CLEANUP(closedirp) DIR *dir = open_folder(path_parent(change->path));
	CLEANUP(fd_closep) int fd = -1;
	const char *name = dir ? name_of(dir, recorded->inode) : NULL;
	struct statx status;

	if (!name)
		return false;
	fd = sys_open_file(dirfd(dir), name, false);
	if (fd < 0 || sys_stat(fd, "", &status) < 0)
		return false;
	if (status.stx_ino != recorded->inode || status.stx_dev_major != change->after->dev_major ||
	    status.stx_dev_minor != change->after->dev_minor || status.stx_size < recorded->digest_bytes)
		return false;
	rotation->skipped += rotation->quick;
	return rotation->quick || begins_as_recorded(rotation, fd, recorded);
}

static int on_change(void *context, const struct change *change, struct err *err)
{
	struct rotation *rotation = context;

	if (may_be_rotation(change) && was_rotated(rotation, change)) {
		rotation->logs++;
		return 0;
	}
	return rotation->next.change(rotation->next.context, change, err);
}

static int on_unexamined(void *context, const struct unexamined *unexamined, struct err *err)
{
	struct rotation *rotation = context;

	return rotation->next.unexamined(rotation->next.context, unexamined, err);
}

struct diff_sink rotation_sink(struct rotation *rotation)
{
	return (struct diff_sink){ .change = on_change, .unexamined = on_unexamined, .context = rotation };
}
