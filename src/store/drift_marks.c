/*
 * drift_marks.c - the marks of the rolling scan.
 *
 * A mark at P with time T: all between the mark before it and P was read at T. The marks of a round that goes on stand
 * before those of the round before it; the last one put bears a flag, so that a restart goes on behind it. The end of the
 * order is a mark behind every path.
 */
#include <string.h>

#include "base/cleanup.h"
#include "store/drift_inner.h"

static const unsigned char first_byte[] = { 0 }, end_byte[] = { 0xff }, past_byte[] = { 0xff, 0 };
static const struct bytes order_begin = { first_byte, 1 }, order_end = { end_byte, 1 }, order_past = { past_byte, 2 };

enum { MARK_BYTES = 9 }; /* time, 8 bytes little endian; 1 for the last one put in a round that goes on */

struct mark {
	int64_t time;
	bool latest;
};

static bool mark_parse(struct bytes value, struct mark *ret_mark)
{
	struct cursor cursor = { value.data, value.len };
	uint64_t time;
	uint8_t latest;

	if (!cursor_u64(&cursor, &time) || !cursor_u8(&cursor, &latest) || cursor.len || latest > 1)
		return false;
	*ret_mark = (struct mark){ (int64_t)time, latest };
	return true;
}

static int mark_put(struct drift *drift, struct bytes key, struct mark mark, struct err *err)
{
	unsigned char value[MARK_BYTES];
	bool new_item;

	for (size_t i = 0; i < 8; i++)
		value[i] = (unsigned char)((uint64_t)mark.time >> (8 * i));
	value[8] = mark.latest;
	return drift_item_put(drift, DRIFT_MARK, key, (struct bytes){ value, sizeof(value) }, &new_item, err);
}

/* What a walk over the marks is for. */
struct marks {
	struct buf latest; /* key of the last one put; empty: none */
	int64_t latest_time, oldest;
	bool any;
	struct buf found; /* each key with its length before it, for deletion */
};

static void marks_done(struct marks *marks)
{
	buf_done(&marks->latest);
	buf_done(&marks->found);
}

static int look_at(void *context, struct bytes key, struct bytes value, struct err *err)
{
	struct marks *marks = context;
	struct mark mark;

	if (!mark_parse(value, &mark))
		return err_set(err, ERR_DATA, "'drift.db' is damaged: a mark that is none");
	if (!marks->any || mark.time < marks->oldest)
		marks->oldest = mark.time;
	marks->any = true;
	if (mark.latest) {
		buf_clear(&marks->latest);
		marks->latest_time = mark.time;
		if (buf_add(&marks->latest, key.data, key.len) < 0)
			return err_nomem(err);
	}
	if (buf_add_u32(&marks->found, (uint32_t)key.len) < 0 || buf_add(&marks->found, key.data, key.len) < 0)
		return err_nomem(err);
	return 1;
}

static int load(struct drift *drift, struct bytes low, struct bytes high, struct marks *marks, struct err *err)
{
	return drift_item_range(drift, DRIFT_MARK, low, high, look_at, marks, err);
}

/* The marks strictly between. */
static int drop_between(struct drift *drift, struct bytes low, struct bytes high, struct err *err)
{
	CLEANUP(marks_done) struct marks marks = { .latest = BUF_INIT };
	struct cursor cursor;
	uint32_t len;
	int r = load(drift, low, high, &marks, err);

	cursor = (struct cursor){ marks.found.data, marks.found.len };
	while (r == 0 && cursor_u32(&cursor, &len)) {
		struct bytes key = { NULL, len };
		bool found;

		if (cursor_bytes(&cursor, len, &key.data))
			r = drift_item_remove(drift, DRIFT_MARK, key, &found, err);
	}
	return r;
}

static int put_locked(struct drift *drift, struct bytes path, int64_t time, struct err *err)
{
	CLEANUP(marks_done) struct marks marks = { .latest = BUF_INIT };
	struct bytes key = path.len ? path : order_end, last = order_begin;
	int r = load(drift, order_begin, order_past, &marks, err);

	if (r < 0)
		return r;
	if (marks.latest.len) {
		last = (struct bytes){ marks.latest.data, marks.latest.len };
		if (path_compare(key, last) <= 0)
			return err_set(err, ERR_USAGE, "a mark must stand behind the one before");
	}
	r = drop_between(drift, last, key, err);
	if (r == 0 && marks.latest.len)
		r = mark_put(drift, last, (struct mark){ marks.latest_time, false }, err);
	return r < 0 ? r : mark_put(drift, key, (struct mark){ time, path.len > 0 }, err);
}

int drift_mark(struct drift *drift, struct bytes path, int64_t time, struct err *err)
{
	int r;

	if (path.len && !path_valid(path))
		return err_set(err, ERR_USAGE, "cannot mark a path that is not absolute and normal");
	(void)pthread_mutex_lock(&drift->lock);
	r = put_locked(drift, path, time, err);
	(void)pthread_mutex_unlock(&drift->lock);
	return r;
}

int drift_mark_last(struct drift *drift, struct buf *ret_path, struct err *err)
{
	CLEANUP(marks_done) struct marks marks = { .latest = BUF_INIT };
	int r;

	(void)pthread_mutex_lock(&drift->lock);
	r = load(drift, order_begin, order_past, &marks, err);
	(void)pthread_mutex_unlock(&drift->lock);
	if (r < 0)
		return r;
	buf_clear(ret_path);
	return buf_add(ret_path, marks.latest.data, marks.latest.len) < 0 ? err_nomem(err) : 0;
}

int drift_oldest(struct drift *drift, int64_t *ret_time, struct err *err)
{
	CLEANUP(marks_done) struct marks marks = { .latest = BUF_INIT };
	struct bytes value;
	int r;

	(void)pthread_mutex_lock(&drift->lock);
	r = load(drift, order_begin, order_past, &marks, err);
	if (r == 0)
		r = drift_item_get(drift, DRIFT_MARK, order_end, &value, err);
	(void)pthread_mutex_unlock(&drift->lock);
	if (r >= 0)
		*ret_time = r > 0 ? marks.oldest : 0;
	return r < 0 ? r : 0;
}
