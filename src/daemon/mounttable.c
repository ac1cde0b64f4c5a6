/* mounttable.c - see mounttable.h. */
#include "daemon/mounttable.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sys/mountinfo.h"

enum { TABLE_MAX = 64 << 20, READ_BYTES = 64 << 10 };

/* Whole, by pread(2): procfs makes the text anew at offset 0. */
static int read_text(int fd, struct buf *ret_text, struct err *err)
{
	ssize_t n;

	do {
		if (ret_text->len > TABLE_MAX)
			return err_set(err, ERR_DATA, "the mount table is too long");
		if (buf_reserve(ret_text, READ_BYTES) < 0)
			return err_nomem(err);
		n = pread(fd, ret_text->data + ret_text->len, READ_BYTES, (off_t)ret_text->len);
		if (n < 0 && errno != EINTR)
			return err_errno_as(err, ERR_IO, errno, "cannot read the mount table");
		if (n > 0)
			ret_text->len += (size_t)n;
	} while (n != 0);
	return 0;
}

/* Calls FN with each line, parsed, and its text. */
struct lines {
	int (*fn)(struct lines *lines, const struct mountinfo_line *line, struct bytes text);
	const struct mounttable *table;
	struct buf *out;
	struct buf points; /* texts of own mount points, each with its NUL */
};

static int each_line(const struct buf *text, struct lines *lines)
{
	const unsigned char *at = text->data, *end = text->data + text->len;

	while (at < end) {
		const unsigned char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);
		CLEANUP(freep) char *copy = strndup((const char *)at, len);
		struct mountinfo_line line;

		if (!copy)
			return -1;
		if (mountinfo_parse(copy, &line) && lines->fn(lines, &line, (struct bytes){ at, len }) < 0)
			return -1;
		at += len + (stop != NULL);
	}
	return 0;
}

static int note_id(struct lines *lines, const struct mountinfo_line *line, struct bytes text)
{
	(void)text;
	return buf_add(lines->out, &line->id, sizeof(line->id));
}

static int by_number(const void *a, const void *b)
{
	unsigned long left, right;

	memcpy(&left, a, sizeof(left));
	memcpy(&right, b, sizeof(right));
	return (left > right) - (left < right);
}

int mounttable_init(struct mounttable *table, int own_fd, int init_fd, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct lines lines = { .fn = note_id, .out = &table->init_first };
	int r;

	*table = (struct mounttable){ .own_fd = own_fd, .init_fd = init_fd };
	if (init_fd < 0)
		return 0;
	r = read_text(init_fd, &text, err);
	if (r < 0)
		return r;
	if (each_line(&text, &lines) < 0)
		return err_nomem(err);
	if (table->init_first.len)
		qsort(table->init_first.data, table->init_first.len / sizeof(unsigned long), sizeof(unsigned long),
		      by_number);
	return 0;
}

void mounttable_done(struct mounttable *table)
{
	buf_done(&table->init_first);
}

static int note_point(struct lines *lines, const struct mountinfo_line *line, struct bytes text)
{
	(void)text;
	return buf_add(&lines->points, line->path, strlen(line->path) + 1);
}

static bool has_point(const struct buf *points, const char *path)
{
	for (size_t at = 0; at < points->len; at += strlen((const char *)points->data + at) + 1) {
		if (strcmp((const char *)points->data + at, path) == 0)
			return true;
	}
	return false;
}

static int add_new(struct lines *lines, const struct mountinfo_line *line, struct bytes text)
{
	const struct buf *first = &lines->table->init_first;

	if (first->len && bsearch(&line->id, first->data, first->len / sizeof(line->id), sizeof(line->id), by_number))
		return 0;
	if (has_point(&lines->points, line->path))
		return 0;
	if (buf_add(lines->out, text.data, text.len) < 0)
		return -1;
	return buf_add_byte(lines->out, '\n');
}

static int add_init(const struct mounttable *table, struct buf *text, struct err *err)
{
	CLEANUP(buf_done) struct buf init = BUF_INIT;
	struct lines lines = { .fn = note_point, .table = table, .points = BUF_INIT };
	int r = read_text(table->init_fd, &init, err);

	if (r < 0)
		return r;
	if (each_line(text, &lines) == 0) {
		lines.fn = add_new;
		lines.out = text;
		r = each_line(&init, &lines);
	} else {
		r = -1;
	}
	buf_done(&lines.points);
	return r < 0 ? err_nomem(err) : 0;
}

int mounttable_read(const struct mounttable *table, int *ret_fd, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	CLEANUP(fd_closep) int fd = -1;
	int r = read_text(table->own_fd, &text, err);

	if (r >= 0 && table->init_fd >= 0)
		r = add_init(table, &text, err);
	if (r < 0)
		return r;
	fd = memfd_create("mountinfo", MFD_CLOEXEC);
	if (fd < 0)
		return err_errno_as(err, ERR_IO, errno, "cannot make a file in memory");
	r = fd_write_all(fd, text.data, text.len, "mount table", err);
	if (r < 0)
		return r;
	*ret_fd = STEAL_FD(fd);
	return 0;
}
