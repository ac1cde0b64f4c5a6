/* source.c - an image's descriptors: which files belong to it, and what they are by their first eight bytes. See disk.h. */
#include "disk/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "disk/series.h"

enum { MAGIC = 8 };

/* What is no plain bytes of a disk, although somebody may call it an image. */
static const struct {
	const char *magic;
	size_t len;
	const char *what;
} foreign[] = {
	{ "LVF\t\r\n\377", MAGIC, "a logical evidence file (L01): it holds files, no disk" },
	{ "QFI\373", 4, "a QCOW image: make it raw first, with 'qemu-img convert -O raw'" },
	{ "KDMV", 4, "a VMDK image: make it raw first, with 'qemu-img convert -O raw'" },
	{ "vhdxfile", MAGIC, "a VHDX image: make it raw first, with 'qemu-img convert -O raw'" },
	{ "conectix", MAGIC, "a VHD image: make it raw first, with 'qemu-img convert -O raw'" },
	{ "AFF10\r\n", MAGIC, "an AFF image: make it raw first, with 'affconvert -r'" },
};

struct segment {
	char *name; /* in its folder */
	int64_t index;
};

struct segments {
	struct segment *items;
	size_t count, capacity;
};

static void segments_done(struct segments *segments)
{
	for (size_t i = 0; i < segments->count; i++)
		free(segments->items[i].name);
	free(segments->items);
	*segments = (struct segments){ .items = NULL };
}

static int segments_add(struct segments *segments, const char *name, int64_t index)
{
	if (segments->count == segments->capacity) {
		size_t capacity = segments->capacity == 0 ? 16 : segments->capacity * 2;
		struct segment *items = reallocarray(segments->items, capacity, sizeof(*items));

		if (items == NULL)
			return -1;
		segments->items = items;
		segments->capacity = capacity;
	}
	segments->items[segments->count].name = strdup(name);
	segments->items[segments->count].index = index;
	return segments->items[segments->count].name == NULL ? -1 : (int)(segments->count++, 0);
}

static int by_index(const void *a, const void *b)
{
	int64_t x = ((const struct segment *)a)->index, y = ((const struct segment *)b)->index;

	return x < y ? -1 : x > y;
}

static void closedirp(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

/* Looked at before it is opened: opening a tape or a watchdog does something. */
static int open_readonly(int dirfd, const char *name, const char *shown, bool direct, struct stat *ret_stat,
			 struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
	struct stat stat;

	if (fstatat(dirfd, name, &stat, 0) < 0)
		return err_errno(err, errno, "cannot open image '%s'", QUOTE(shown));
	if (!S_ISREG(stat.st_mode) && !S_ISBLK(stat.st_mode))
		return err_set(err, ERR_DATA, "'%s' is neither a file nor a block device", QUOTE(shown));
	if (S_ISREG(stat.st_mode))
		flags |= O_NONBLOCK;
	else if (direct)
		flags |= O_DIRECT;
	fd = openat(dirfd, name, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM) /* not ours */
		fd = openat(dirfd, name, flags);
	if (fd < 0)
		return err_errno(err, errno, "cannot open image '%s'", QUOTE(shown));
	if (fstat(fd, ret_stat) < 0)
		return err_errno(err, errno, "cannot examine image '%s'", QUOTE(shown));
	if ((ret_stat->st_mode & S_IFMT) != (stat.st_mode & S_IFMT))
		return err_set(err, ERR_DATA, "'%s' was replaced while it was opened", QUOTE(shown));
	return STEAL_FD(fd);
}

static int measure_device(int fd, const char *name, const struct stat *stat, struct disk_source *source,
			  struct err *err)
{
	int sector = 0;

	if (ioctl(fd, BLKGETSIZE64, &source->sizes[0]) < 0 || ioctl(fd, BLKSSZGET, &sector) < 0)
		return err_errno(err, errno, "cannot ask block device '%s' for its size", QUOTE(name));
	if (sector < 512 || sector > 1 << 20 || (sector & (sector - 1)) != 0)
		return err_set(err, ERR_DATA, "block device '%s': sectors of %d bytes are not known", QUOTE(name),
			       sector);
	source->sector_bytes = (unsigned)sector;
	source->dev_major = major(stat->st_rdev);
	source->dev_minor = minor(stat->st_rdev);
	return 0;
}

/* Appends NAME to what SOURCE has open. */
static int add_segment(int dirfd, const char *name, const char *shown, struct disk_source *source, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	size_t at = source->count;
	struct stat stat;
	int r = 0;

	fd = open_readonly(dirfd, name, shown, source->direct, &stat, err);
	if (fd < 0)
		return fd;
	if (at > 0 && !S_ISREG(stat.st_mode))
		return err_set(err, ERR_DATA, "'%s', a segment, is no file", QUOTE(shown));
	source->sizes[at] = (uint64_t)stat.st_size;
	if (S_ISBLK(stat.st_mode)) {
		source->form = DISK_DEVICE;
		r = measure_device(fd, shown, &stat, source, err);
	}
	if (r == 0 && source->sizes[at] == 0)
		r = err_set(err, ERR_DATA, "'%s' is empty", QUOTE(shown));
	if (r < 0)
		return r;
	source->fds[at] = STEAL_FD(fd);
	source->count++;
	return 0;
}

/* Room for COUNT segments. */
static int make_room(struct disk_source *source, size_t count, struct err *err)
{
	int *fds = reallocarray(source->fds, count, sizeof(*fds));
	uint64_t *sizes;

	if (fds == NULL)
		return err_nomem(err);
	source->fds = fds;
	sizes = reallocarray(source->sizes, count, sizeof(*sizes));
	if (sizes == NULL)
		return err_nomem(err);
	source->sizes = sizes;
	return 0;
}

static int look_at_magic(struct disk_source *source, bool *ret_ewf, struct err *err)
{
	unsigned char magic[MAGIC] = { 0 };
	ssize_t n;

	*ret_ewf = false;
	if (source->form == DISK_DEVICE)
		return 0;
	n = pread(source->fds[0], magic, MAGIC, 0);
	if (n < 0)
		return 0; /* what cannot be read is a raw disk's to tell */
	*ret_ewf = memcmp(magic, "EVF\t\r\n\377", MAGIC) == 0 || memcmp(magic, "EVF2\r\n\201", MAGIC) == 0;
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		if (memcmp(magic, foreign[i].magic, foreign[i].len) == 0)
			return err_set(err, ERR_DATA, "'%s' is %s", QUOTE(source->name), foreign[i].what);
	}
	return 0;
}

/* Every file in the folder that is of the series, in order, without a gap. */
static int list_segments(int dirfd, const char *name, const struct series *series, struct segments *ret_segments,
			 struct err *err)
{
	CLEANUP(closedirp) DIR *dir = NULL;
	const struct dirent *entry;
	int fd;

	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL)
		return err_errno(err, errno, "cannot list the folder of '%s' to find its segments", QUOTE(name));
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		int64_t index;

		if (strlen(entry->d_name) <= series->stem || memcmp(entry->d_name, name, series->stem) != 0)
			continue;
		index = series_index(series, entry->d_name);
		if (index < series_index(series, name))
			continue;
		if (ret_segments->count == SEGMENTS_MAX)
			return err_set(err, ERR_DATA, "'%s' has more than %d segments", QUOTE(name), SEGMENTS_MAX);
		if (segments_add(ret_segments, entry->d_name, index) < 0)
			return err_nomem(err);
	}
	if (errno != 0)
		return err_errno(err, errno, "cannot list the folder of '%s' to find its segments", QUOTE(name));
	qsort(ret_segments->items, ret_segments->count, sizeof(ret_segments->items[0]), by_index);
	for (size_t i = 1; i < ret_segments->count; i++) {
		const struct segment *before = &ret_segments->items[i - 1], *now = &ret_segments->items[i];

		if (now->index == before->index)
			return err_set(err, ERR_DATA, "'%s' and '%s' claim the same place among the segments",
				       QUOTE(before->name), QUOTE(now->name));
		if (now->index != before->index + 1)
			return err_set(err, ERR_DATA, "a segment is missing between '%s' and '%s'", QUOTE(before->name),
				       QUOTE(now->name));
	}
	return 0;
}

/* Is NAME a later segment of something whose first one is there? */
static int refuse_later(int dirfd, const char *name, const struct series *series, bool *ret_first, struct err *err)
{
	char first[NAME_MAX + 1], suffix[SERIES_SUFFIX];
	struct stat stat;

	*ret_first = false;
	for (int which = 0; series_first(series, which, suffix); which++) {
		snprintf(first, sizeof(first), "%.*s%s", (int)series->stem, name, suffix);
		if (strcmp(first, name) == 0) {
			*ret_first = true;
			return 0;
		}
		if (fstatat(dirfd, first, &stat, 0) == 0)
			return err_set(err, ERR_USAGE, "'%s' is a later segment of '%s': name that one", QUOTE(name),
				       QUOTE(first));
	}
	return 0;
}

static int find_segments(int dirfd, const char *base, struct disk_source *source, struct err *err)
{
	CLEANUP(segments_done) struct segments segments = { .items = NULL };
	struct series series;
	bool ewf, first;
	int r;

	r = look_at_magic(source, &ewf, err);
	if (r < 0 || source->form == DISK_DEVICE)
		return r;
	source->form = ewf ? DISK_EWF : DISK_RAW;
	if (!series_of(base, ewf, &series))
		return 0;
	r = refuse_later(dirfd, base, &series, &first, err);
	if (r < 0 || !first)
		return r;
	r = list_segments(dirfd, base, &series, &segments, err);
	if (r == 0 && segments.count > 1)
		r = make_room(source, segments.count, err);
	for (size_t i = 1; r == 0 && i < segments.count; i++)
		r = add_segment(dirfd, segments.items[i].name, segments.items[i].name, source, err);
	if (r == 0 && !ewf && source->count > 1)
		source->form = DISK_SPLIT;
	return r;
}

static int check_sizes(const struct disk_source *source, struct err *err)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < source->count; i++) {
		if (source->sizes[i] > INT64_MAX - sum)
			return err_set(err, ERR_DATA, "'%s' is larger than a disk can be", QUOTE(source->name));
		sum += source->sizes[i];
	}
	return 0;
}

int disk_source_open(const char *name, bool direct, struct disk_source *ret_source, struct err *err)
{
	CLEANUP(disk_source_done) struct disk_source source = DISK_SOURCE_INIT;
	CLEANUP(freep) char *for_folder = strdup(name), *for_base = strdup(name);
	CLEANUP(fd_closep) int dirfd = -1;
	const char *base;
	int r;

	source.name = strdup(name);
	source.direct = direct;
	source.sector_bytes = 512;
	if (for_folder == NULL || for_base == NULL || source.name == NULL)
		return err_nomem(err);
	dirfd = open(dirname(for_folder), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_errno(err, errno, "cannot open image '%s'", QUOTE(name));
	base = basename(for_base);
	r = make_room(&source, 1, err);
	if (r == 0)
		r = add_segment(dirfd, base, name, &source, err);
	if (r == 0)
		r = find_segments(dirfd, base, &source, err);
	if (r == 0)
		r = check_sizes(&source, err);
	if (r < 0)
		return r;
	source.direct = direct && source.form == DISK_DEVICE;
	source.scratch = memfd_create("tally-scratch", MFD_CLOEXEC);
	*ret_source = source;
	source = DISK_SOURCE_INIT;
	return 0;
}

void disk_source_done(struct disk_source *source)
{
	for (size_t i = 0; i < source->count; i++)
		fd_closep(&source->fds[i]);
	fd_closep(&source->scratch);
	free(source->fds);
	free(source->sizes);
	free(source->name);
	*source = DISK_SOURCE_INIT;
}
