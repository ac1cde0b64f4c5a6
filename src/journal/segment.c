/* segment.c - see segment.h. */
#include "journal/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "journal/line.h"

static const char before[] = "events-";
static const char behind[] = ".ndjson";
enum { DIGITS = 16 };

void segment_name(uint64_t first, char ret_name[SEGMENT_NAME])
{
	(void)snprintf(ret_name, SEGMENT_NAME, "%s%0*" PRIu64 "%s", before, (int)DIGITS, first, behind);
}

static bool parse_name(const char *name, uint64_t *ret_first)
{
	size_t start = sizeof(before) - 1;
	uint64_t first = 0;

	if (strlen(name) != start + DIGITS + sizeof(behind) - 1 || memcmp(name, before, start) != 0 ||
	    strcmp(name + start + DIGITS, behind) != 0)
		return false;
	for (size_t i = start; i < start + DIGITS; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		first = first * 10 + (uint64_t)(name[i] - '0');
	}
	*ret_first = first;
	return first > 0 && first <= LINE_SEQ_MAX;
}

void segment_list_done(struct segment_list *list)
{
	free(list->firsts);
	*list = SEGMENT_LIST_INIT;
}

static int add_segment(struct segment_list *list, uint64_t first, struct err *err)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 16;
		uint64_t *grown;

		if (capacity > SEGMENTS_MAX)
			return err_set(err, ERR_DATA, "the journal has more than %d segments", (int)SEGMENTS_MAX);
		grown = realloc(list->firsts, capacity * sizeof(*grown));
		if (!grown)
			return err_nomem(err);
		list->firsts = grown;
		list->capacity = capacity;
	}
	list->firsts[list->count++] = first;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void close_dirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

int segment_list_read(int dirfd, struct segment_list *list, struct err *err)
{
	/* opened anew: a duplicate would share its position with others */
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(close_dirp) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *found;
	uint64_t first;
	int r = 0;

	if (!dir) {
		r = err_errno(err, errno, "cannot open the journal's folder");
		fd_closep(&fd);
		return r;
	}
	list->count = 0;
	while (r >= 0 && (errno = 0, found = readdir(dir)) != NULL) {
		if (parse_name(found->d_name, &first))
			r = add_segment(list, first, err);
	}
	if (r >= 0 && errno)
		r = err_errno(err, errno, "cannot read the journal's folder");
	if (r >= 0 && list->count)
		qsort(list->firsts, list->count, sizeof(list->firsts[0]), by_number);
	return r;
}

int segment_open(int dirfd, uint64_t first, int flags, int *ret_fd, uint64_t *ret_size, struct err *err)
{
	CLEANUP(fd_closep) int fd = -1;
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(first, name);
	/* looked at before it is opened: opening a device may do something */
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return err_errno(err, errno, "cannot open journal segment '%s'", name);
	if (S_ISREG(st.st_mode))
		fd = openat(dirfd, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (S_ISREG(st.st_mode) && fd < 0 && errno != ELOOP)
		return err_errno(err, errno, "cannot open journal segment '%s'", name);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_DATA, "journal segment '%s' is not a regular file", name);
	*ret_fd = STEAL_FD(fd);
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

bool segment_tail(int dirfd, uint64_t first, unsigned char ret_chain[])
{
	CLEANUP(fd_closep) int fd = -1;
	struct err err = ERR_INIT;
	char tail[LINE_TAIL + 1];
	uint64_t size;

	return segment_open(dirfd, first, O_RDONLY, &fd, &size, &err) >= 0 && size >= sizeof(tail) &&
	       pread(fd, tail, sizeof(tail), (off_t)(size - sizeof(tail))) == (ssize_t)sizeof(tail) &&
	       tail[LINE_TAIL] == '\n' && line_parse_tail(tail, LINE_TAIL, ret_chain);
}
