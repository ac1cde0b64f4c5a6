/*
 * drift_walk.c - what is held below a path, a chunk at a time: no statement stays open between two calls, so that commits
 * and resets need not wait for a walk.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/drift_inner.h"

enum { CHUNK_ITEMS = 64, CHUNK_BYTES = 1 << 20 };

struct piece { /* one item in `bytes` */
	size_t key_at, key_len, value_len; /* the value stands behind the key */
};

struct drift_walk {
	struct drift *drift;
	struct buf within, last, high; /* last: the path that was given last, or where to begin */
	bool top; /* the path itself is to come */
	bool ended;
	struct buf bytes;
	struct piece pieces[CHUNK_ITEMS];
	size_t at, count;
	struct buf space;
	struct entry entry;
};

static struct bytes bytes_in(const struct buf *buf)
{
	return (struct bytes){ buf->data, buf->len };
}

void drift_walk_freep(struct drift_walk **walk)
{
	struct drift_walk *this = STEAL(*walk);

	if (!this)
		return;
	buf_done(&this->within);
	buf_done(&this->last);
	buf_done(&this->high);
	buf_done(&this->bytes);
	buf_done(&this->space);
	free(this);
}

/* WITHIN itself, and what lies between "WITHIN/" and "WITHIN0": '0' follows '/'. */
int drift_walk_new(struct drift *drift, struct bytes within, struct bytes after, struct drift_walk **ret_walk,
		   struct err *err)
{
	CLEANUP(drift_walk_freep) struct drift_walk *walk = calloc(1, sizeof(*walk));
	size_t stem = within.len == 1 ? 0 : within.len; /* "/" ends with its slash */

	if (!walk)
		return err_nomem(err);
	walk->drift = drift;
	walk->top = after.len == 0 || path_compare(after, within) < 0;
	if (buf_add(&walk->within, within.data, within.len) < 0 || buf_add(&walk->last, within.data, stem) < 0 ||
	    buf_add_byte(&walk->last, '/') < 0 || buf_add(&walk->high, within.data, stem) < 0 ||
	    buf_add_byte(&walk->high, '/' + 1) < 0)
		return err_nomem(err);
	if (after.len && path_compare(after, bytes_in(&walk->last)) > 0) {
		buf_clear(&walk->last);
		if (buf_add(&walk->last, after.data, after.len) < 0)
			return err_nomem(err);
	}
	*ret_walk = STEAL(walk);
	return 0;
}

static int keep(void *context, struct bytes key, struct bytes value, struct err *err)
{
	struct drift_walk *walk = context;

	walk->pieces[walk->count++] = (struct piece){ walk->bytes.len, key.len, value.len };
	if (buf_add(&walk->bytes, key.data, key.len) < 0 || buf_add(&walk->bytes, value.data, value.len) < 0)
		return err_nomem(err);
	return walk->count < CHUNK_ITEMS && walk->bytes.len < CHUNK_BYTES;
}

static int fill_locked(struct drift_walk *walk, struct err *err)
{
	struct bytes value;
	int r;

	if (walk->top) {
		walk->top = false;
		r = drift_item_get(walk->drift, DRIFT_HELD, bytes_in(&walk->within), &value, err);
		if (r > 0)
			r = keep(walk, bytes_in(&walk->within), value, err);
		if (r < 0 || walk->count)
			return r < 0 ? r : 0;
	}
	r = drift_item_range(walk->drift, DRIFT_HELD, bytes_in(&walk->last), bytes_in(&walk->high), keep, walk, err);
	if (r < 0)
		return r;
	if (walk->count) {
		const struct piece *last = &walk->pieces[walk->count - 1];

		buf_clear(&walk->last);
		if (buf_add(&walk->last, walk->bytes.data + last->key_at, last->key_len) < 0)
			return err_nomem(err);
	}
	walk->ended = walk->count == 0;
	return 0;
}

static int fill(struct drift_walk *walk, struct err *err)
{
	int r;

	buf_clear(&walk->bytes);
	walk->at = walk->count = 0;
	(void)pthread_mutex_lock(&walk->drift->lock);
	r = fill_locked(walk, err);
	(void)pthread_mutex_unlock(&walk->drift->lock);
	return r;
}

int drift_walk_next(struct drift_walk *walk, struct drift_row *ret_row, struct err *err)
{
	const struct piece *piece;
	struct bytes path, value;
	int r = 0;

	if (walk->at == walk->count && !walk->ended)
		r = fill(walk, err);
	if (r < 0 || walk->at == walk->count)
		return r;
	piece = &walk->pieces[walk->at++];
	path = (struct bytes){ walk->bytes.data + piece->key_at, piece->key_len };
	value = (struct bytes){ path.data + path.len, piece->value_len };
	r = drift_decode(path, value, &walk->space, &walk->entry, err);
	if (r < 0)
		return r;
	*ret_row = (struct drift_row){ path, value.len ? &walk->entry : NULL };
	return 1;
}
