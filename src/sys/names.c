/* names.c - see names.h. */
#include "sys/names.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sys/file.h"

enum { TEXT_MAX = 16 << 20 };

struct name_of_id {
	uint32_t id;
	uint32_t at, len; /* in the text */
};

/* Leaves TEXT empty when there is no such file to be had. */
static int read_text(int etc, const char *name, struct buf *text)
{
	CLEANUP(fd_closep) int fd = sys_open_file(etc, name, false);
	ssize_t n;

	while (fd >= 0) {
		if (text->len > TEXT_MAX) {
			buf_clear(text);
			return 0;
		}
		if (buf_reserve(text, 65536) < 0)
			return -1;
		n = read(fd, text->data + text->len, text->capacity - text->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		text->len += (size_t)n;
	}
	return 0;
}

static bool parse_id(const unsigned char *text, size_t len, uint32_t *ret_id)
{
	uint64_t id = 0;

	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		id = id * 10 + (uint64_t)(text[i] - '0');
	}
	*ret_id = (uint32_t)id;
	return id <= UINT32_MAX;
}

/* The field of a line by its place, from 0, without its colons. data NULL when the line has fewer. */
static struct bytes field_of(struct bytes line, unsigned place)
{
	const unsigned char *at = line.data, *end = line.data + line.len, *colon;

	for (;; at = colon + 1) {
		colon = memchr(at, ':', (size_t)(end - at));
		if (place-- == 0)
			return (struct bytes){ at, (size_t)((colon ? colon : end) - at) };
		if (!colon)
			return (struct bytes){ NULL, 0 };
	}
}

/* name:password:id:... in both files */
static bool parse_line(struct bytes line, struct name_of_id *ret_name)
{
	struct bytes name = field_of(line, 0), id = field_of(line, 2);

	if (!id.data || name.len == 0 || memchr(line.data, '\0', line.len))
		return false;
	ret_name->len = (uint32_t)name.len;
	return parse_id(id.data, id.len, &ret_name->id);
}

/* The line that begins at *AT, which is moved behind it. */
static struct bytes next_line(const struct buf *text, size_t *at)
{
	const unsigned char *line = text->data + *at, *end = memchr(line, '\n', text->len - *at);
	size_t len = end ? (size_t)(end - line) : text->len - *at;

	*at += len + 1;
	return (struct bytes){ line, len };
}

/* By name; of one name by place in the text. */
static int by_name(const void *a, const void *b, void *context)
{
	const struct name_of_id *left = a, *right = b;
	const unsigned char *text = context;
	int order = path_compare((struct bytes){ text + left->at, left->len },
				 (struct bytes){ text + right->at, right->len });

	return order ? order : (left->at > right->at) - (left->at < right->at);
}

/* By id; of one id by place in the text. */
static int by_id(const void *a, const void *b)
{
	const struct name_of_id *left = a, *right = b;

	if (left->id != right->id)
		return left->id < right->id ? -1 : 1;
	return (left->at > right->at) - (left->at < right->at);
}

/* Both hold every well-formed line. */
static int make_tables(const struct buf *text, struct buf *table, struct buf *name_table)
{
	size_t count;

	for (size_t at = 0; at < text->len;) {
		struct name_of_id name = { .at = (uint32_t)at };

		if (parse_line(next_line(text, &at), &name) && buf_add(table, &name, sizeof(name)) < 0)
			return -1;
	}
	count = table->len / sizeof(struct name_of_id);
	if (count == 0)
		return 0;
	if (buf_add(name_table, table->data, table->len) < 0)
		return -1;
	qsort(table->data, count, sizeof(struct name_of_id), by_id);
	qsort_r(name_table->data, count, sizeof(struct name_of_id), by_name, text->data);
	return 0;
}

int names_load(int rootfd, struct names *ret_names, struct err *err)
{
	CLEANUP(buf_done) struct buf passwd = BUF_INIT;
	CLEANUP(buf_done) struct buf group = BUF_INIT;
	CLEANUP(fd_closep) int etc = sys_open_dir(rootfd, "etc");

	if (etc >= 0 && (read_text(etc, "passwd", &passwd) < 0 || read_text(etc, "group", &group) < 0))
		return err_nomem(err);
	return names_of_texts(&passwd, &group, ret_names) < 0 ? err_nomem(err) : 0;
}

int names_of_texts(struct buf *passwd, struct buf *group, struct names *ret_names)
{
	CLEANUP(names_done) struct names names = { .users = *passwd, .groups = *group };

	*passwd = *group = BUF_INIT;
	if (make_tables(&names.users, &names.user_table, &names.user_names) < 0 ||
	    make_tables(&names.groups, &names.group_table, &names.group_names) < 0)
		return -1;
	*ret_names = names;
	names = (struct names){ .users = BUF_INIT };
	return 0;
}

void names_done(struct names *names)
{
	buf_done(&names->users);
	buf_done(&names->groups);
	buf_done(&names->user_table);
	buf_done(&names->group_table);
	buf_done(&names->user_names);
	buf_done(&names->group_names);
}

static struct bytes find(const struct buf *text, const struct buf *table, uint32_t id)
{
	const struct name_of_id *names = (const struct name_of_id *)(const void *)table->data;
	size_t low = 0, high = table->len / sizeof(*names), count = high;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (names[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count || names[low].id != id)
		return (struct bytes){ NULL, 0 };
	return (struct bytes){ text->data + names[low].at, names[low].len };
}

struct bytes names_user(const struct names *names, uint32_t uid)
{
	return find(&names->users, &names->user_table, uid);
}

struct bytes names_group(const struct names *names, uint32_t gid)
{
	return find(&names->groups, &names->group_table, gid);
}

/* The first well-formed line of NAME; data NULL when there is none. */
static struct bytes find_line(const struct buf *text, const struct buf *table, const char *name, uint32_t *ret_id)
{
	const struct name_of_id *names = (const struct name_of_id *)(const void *)table->data;
	size_t low = 0, high = table->len / sizeof(*names), count = high, at;
	struct bytes wanted = bytes_of(name);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (path_compare((struct bytes){ text->data + names[middle].at, names[middle].len }, wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count || !bytes_equal((struct bytes){ text->data + names[low].at, names[low].len }, wanted))
		return (struct bytes){ NULL, 0 };
	*ret_id = names[low].id;
	at = names[low].at;
	return next_line(text, &at);
}

bool names_find_user(const struct names *names, const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
	uint32_t uid, gid;
	struct bytes line = find_line(&names->users, &names->user_names, name, &uid), field;

	if (!line.data)
		return false;
	field = field_of(line, 3);
	if (!field.data || !parse_id(field.data, field.len, &gid))
		return false;
	*ret_uid = uid;
	*ret_gid = gid;
	return true;
}

bool names_find_group(const struct names *names, const char *name, uint32_t *ret_gid)
{
	return find_line(&names->groups, &names->group_names, name, ret_gid).data != NULL;
}
