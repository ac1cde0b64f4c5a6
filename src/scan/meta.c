/* meta.c - see meta.h. */
#include "scan/meta.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sys/file.h"

#define XATTR_BITS (ATTR_BIT(ATTR_XATTRS) | ATTR_BIT(ATTR_ACL) | ATTR_BIT(ATTR_CAPS) | ATTR_BIT(ATTR_SELINUX))

/* Targets are at most PATH_MAX on Linux; the buffer grows until one fits. */
enum { TARGET_FIRST = 256, TARGET_MAX = 1 << 20 };

/* A name that is replaced again each time it is asked about is unexamined in the end. */
enum { ASK_TRIES = 8 };

static int read_target(int dirfd, const char *name, struct buf *target)
{
	ssize_t n;

	for (size_t room = TARGET_FIRST; room <= TARGET_MAX; room *= 4) {
		buf_clear(target);
		if (buf_reserve(target, room) < 0)
			return -ENOMEM;
		n = readlinkat(dirfd, name, (char *)target->data, target->capacity);
		if (n < 0)
			return -errno;
		if ((size_t)n < target->capacity) {
			target->len = (size_t)n;
			return 0;
		}
	}
	return -ENAMETOOLONG;
}

static bool is_link(const struct statx *stat)
{
	return S_ISLNK(stat->stx_mode);
}

static int xattrs_by_name(const struct pinned *dir, const char *name, bool in_cwd, struct meta_space *space)
{
	char path[40 + NAME_MAX + 1];

	if (in_cwd)
		return sys_xattrs_read(name, false, &space->xattrs);
	if ((size_t)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir->fd, name) >= sizeof(path))
		return -ENAMETOOLONG;
	return sys_xattrs_read(path, false, &space->xattrs);
}

/* Where only root can swap names. Root does so as well: what was removed or replaced between two of the calls is asked
 * about anew. */
static void ask_by_name(const struct pinned *dir, const char *name, bool in_cwd, struct meta_space *space,
			struct meta_raw *raw)
{
	for (int i = 0; i < ASK_TRIES; i++) {
		raw->target_error = raw->xattr_error = 0;
		raw->stat_error = sys_stat(dir->fd, name, &raw->stat);
		if (raw->stat_error < 0)
			return;
		if (is_link(&raw->stat))
			raw->target_error = read_target(dir->fd, name, &space->target);
		raw->xattr_error = xattrs_by_name(dir, name, in_cwd, space);
		if (raw->target_error != -ENOENT && raw->target_error != -EINVAL && raw->xattr_error != -ENOENT)
			return;
	}
}

/* All of one file, whatever happens to its name. */
static void ask_by_fd(const struct pinned *dir, const char *name, struct meta_space *space, struct meta_raw *raw)
{
	CLEANUP(fd_closep) int fd = name[0] ? sys_open_path(dir->fd, name) : dup(dir->fd);
	char path[40];

	raw->stat_error = fd < 0 ? fd : sys_stat(fd, "", &raw->stat);
	if (raw->stat_error < 0)
		return;
	if (is_link(&raw->stat))
		raw->target_error = read_target(fd, "", &space->target);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	raw->xattr_error = sys_xattrs_read(path, true, &space->xattrs);
	if (raw->xattr_error == -ENOENT)
		raw->xattr_error = -ENOSYS; /* no /proc */
}

void meta_ask(const struct pinned *dir, const char *name, bool in_cwd, struct meta_space *space,
	      struct meta_raw *ret_raw)
{
	struct timespec now;

	*ret_raw = (struct meta_raw){ .stat_error = 0 };
	buf_clear(&space->target);
	space->xattrs.count = 0;
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
	ret_raw->before = (struct timestamp){ now.tv_sec, (uint32_t)now.tv_nsec };
	if (dir->by_name && name[0])
		ask_by_name(dir, name, in_cwd, space, ret_raw);
	else
		ask_by_fd(dir, name, space, ret_raw);
	ret_raw->mount_point_known = (ret_raw->stat.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
	ret_raw->mount_point = (ret_raw->stat.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

static uint32_t flags_of(uint64_t attributes)
{
	static const struct {
		uint64_t attribute;
		uint32_t flag;
	} rows[] = {
		{ STATX_ATTR_IMMUTABLE, FLAG_IMMUTABLE }, { STATX_ATTR_APPEND, FLAG_APPEND },
		{ STATX_ATTR_NODUMP, FLAG_NODUMP },       { STATX_ATTR_COMPRESSED, FLAG_COMPRESSED },
		{ STATX_ATTR_ENCRYPTED, FLAG_ENCRYPTED }, { STATX_ATTR_VERITY, FLAG_VERITY },
	};
	uint32_t flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		flags |= attributes & rows[i].attribute ? rows[i].flag : 0;
	return flags;
}

struct bytes meta_problem(struct arena *arena, const char *what, int failure)
{
	char reason[128], line[192];
	struct bytes problem = { NULL, 0 };

	(void)snprintf(line, sizeof(line), "%s: %s", what,
		       failure == ENOSYS ? "no /proc to open it through" : strerror_r(failure, reason, sizeof(reason)));
	(void)arena_copy(arena, line, strlen(line), &problem);
	return problem;
}

void meta_unknown(const char *problem, uint8_t d_type, struct entry *ret_entry)
{
	enum file_type type = d_type == DT_UNKNOWN ? (enum file_type)0 : type_of_mode((unsigned)d_type << 12);

	*ret_entry = (struct entry){ .failed = ATTR_ALL, .problem = bytes_of(problem) };
	if (type != 0) {
		ret_entry->type = type;
		ret_entry->value = ATTR_BIT(ATTR_TYPE);
		ret_entry->failed &= ~ATTR_BIT(ATTR_TYPE);
	}
}

/* STATX_* and ours have the same width; a nanosecond field out of range (a damaged file system) is a failure. */
static void set_time(struct entry *entry, enum attr attr, struct statx_timestamp from, struct timestamp *to)
{
	if (from.tv_nsec > 999999999u) {
		entry->failed |= ATTR_BIT(attr);
		entry->problem = bytes_of("a time stamp is out of range");
		return;
	}
	*to = (struct timestamp){ from.tv_sec, from.tv_nsec };
	entry->value |= ATTR_BIT(attr);
}

/* ctime later than the moment before we looked, less the grain */
static bool is_racy(struct timestamp ctime, struct timestamp before)
{
	if (before.nsec >= META_GRAIN_NS) {
		before.nsec -= META_GRAIN_NS;
	} else {
		before.sec--;
		before.nsec += 1000000000u - META_GRAIN_NS;
	}
	return time_compare(ctime, before) >= 0;
}

static void set_stat(struct entry *entry, const struct statx *stat, struct timestamp before)
{
	entry->type = type_of_mode(stat->stx_mode);
	entry->mode = stat->stx_mode & 07777;
	entry->uid = stat->stx_uid;
	entry->gid = stat->stx_gid;
	entry->size = stat->stx_size;
	entry->blocks = stat->stx_blocks;
	entry->inode = stat->stx_ino;
	entry->links = stat->stx_nlink;
	entry->dev_major = stat->stx_dev_major;
	entry->dev_minor = stat->stx_dev_minor;
	entry->flags = flags_of(stat->stx_attributes & stat->stx_attributes_mask);
	entry->value = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_MODE) | ATTR_BIT(ATTR_OWNER) | ATTR_BIT(ATTR_GROUP) |
		       ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_LINKS) | ATTR_BIT(ATTR_INODE) | ATTR_BIT(ATTR_FLAGS);
	set_time(entry, ATTR_MTIME, stat->stx_mtime, &entry->mtime);
	set_time(entry, ATTR_CTIME, stat->stx_ctime, &entry->ctime);
	if (stat->stx_mask & STATX_BTIME)
		set_time(entry, ATTR_BTIME, stat->stx_btime, &entry->btime);
	else
		entry->none |= ATTR_BIT(ATTR_BTIME);
	if (entry->type == TYPE_CHAR || entry->type == TYPE_BLOCK) {
		entry->rdev_major = stat->stx_rdev_major;
		entry->rdev_minor = stat->stx_rdev_minor;
		entry->value |= ATTR_BIT(ATTR_RDEV);
	} else {
		entry->none |= ATTR_BIT(ATTR_RDEV);
	}
	if (entry->type != TYPE_FILE)
		entry->none |= ATTR_BIT(ATTR_CONTENT);
	entry->racy = is_racy(entry->ctime, before);
}

static int set_target(struct entry *entry, const struct meta_raw *raw, const struct meta_space *space,
		      struct arena *arena)
{
	if (entry->type != TYPE_SYMLINK) {
		entry->none |= ATTR_BIT(ATTR_TARGET);
	} else if (raw->target_error < 0) {
		entry->failed |= ATTR_BIT(ATTR_TARGET);
		entry->problem = meta_problem(arena, "cannot read the link", -raw->target_error);
	} else {
		entry->value |= ATTR_BIT(ATTR_TARGET);
		if (!arena_copy(arena, space->target.data, space->target.len, &entry->target))
			return -1;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return path_compare(((const struct xattr *)a)->name, ((const struct xattr *)b)->name);
}

static int copy_xattrs(struct entry *entry, const struct meta_space *space, struct arena *arena)
{
	const struct sys_xattr *from = sys_xattrs_table(&space->xattrs);
	const unsigned char *data = space->xattrs.data.data;
	struct xattr *to = arena_add(arena, space->xattrs.count * sizeof(*to));
	uint32_t found = 0;
	size_t count = 0;

	if (!to)
		return -1;
	for (size_t i = 0; i < space->xattrs.count; i++) {
		enum attr attr = xattr_attr((struct bytes){ data + from[i].name, from[i].name_len });

		if (from[i].name_len == 0 || (attr == ATTR_XATTRS && !space->trusted))
			continue;
		if (!arena_copy(arena, data + from[i].name, from[i].name_len, &to[count].name) ||
		    !arena_copy(arena, data + from[i].value, from[i].value_len, &to[count].value))
			return -1;
		found |= ATTR_BIT(attr);
		count++;
	}
	qsort(to, count, sizeof(*to), by_name);
	entry->xattrs = to;
	entry->xattr_count = count;
	entry->value |= found;
	entry->none |= XATTR_BITS & ~found & ~(space->trusted ? 0 : ATTR_BIT(ATTR_XATTRS));
	return 0;
}

static int set_xattrs(struct entry *entry, const struct meta_raw *raw, const struct meta_space *space,
		      struct arena *arena)
{
	if (raw->xattr_error < 0) {
		entry->failed |= XATTR_BITS;
		entry->problem = meta_problem(arena, "cannot read extended attributes", -raw->xattr_error);
		return 0;
	}
	if (space->xattrs.cut) {
		entry->failed |= XATTR_BITS;
		entry->problem = bytes_of("more than 4 MiB of extended attributes");
		return 0;
	}
	if (space->xattrs.count == 0) {
		entry->none |= XATTR_BITS & ~(space->trusted ? 0 : ATTR_BIT(ATTR_XATTRS));
		return 0;
	}
	return copy_xattrs(entry, space, arena);
}

int meta_entry(const struct meta_raw *raw, const struct meta_space *space, const struct names *names, uint8_t d_type,
	       struct arena *arena, struct entry *ret_entry)
{
	struct entry entry = { .value = 0 };

	if (raw->stat_error == -ENOMEM || raw->target_error == -ENOMEM || raw->xattr_error == -ENOMEM)
		return -1;
	if (raw->stat_error < 0) {
		meta_unknown("", d_type, &entry);
		entry.problem = meta_problem(arena, "cannot stat", -raw->stat_error);
		*ret_entry = entry;
		return entry.problem.len ? 0 : -1;
	}
	set_stat(&entry, &raw->stat, raw->before);
	if (entry.type == 0) {
		meta_unknown("of a type that is not known", DT_UNKNOWN, ret_entry);
		return 0;
	}
	entry.user = names_user(names, entry.uid);
	entry.group = names_group(names, entry.gid);
	if (set_target(&entry, raw, space, arena) < 0 || set_xattrs(&entry, raw, space, arena) < 0 ||
	    (entry.failed && entry.problem.len == 0))
		return -1;
	*ret_entry = entry;
	return 0;
}

bool meta_same(const struct entry *entry, const struct statx *now, bool growing)
{
	if (entry->inode != now->stx_ino || entry->dev_major != now->stx_dev_major ||
	    entry->dev_minor != now->stx_dev_minor || !S_ISREG(now->stx_mode))
		return false;
	if (growing)
		return now->stx_size >= entry->size;
	return now->stx_size == entry->size && entry->mtime.sec == now->stx_mtime.tv_sec &&
	       entry->mtime.nsec == now->stx_mtime.tv_nsec && entry->ctime.sec == now->stx_ctime.tv_sec &&
	       entry->ctime.nsec == now->stx_ctime.tv_nsec;
}

void meta_space_done(struct meta_space *space)
{
	sys_xattrs_done(&space->xattrs);
	buf_done(&space->target);
}
