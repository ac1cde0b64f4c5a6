/* drift.c - see drift.h. The table: drift_item.c. The files: drift_files.c. Marks: drift_marks.c. Walks: drift_walk.c. */
#include "store/drift.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/timefmt.h"
#include "store/drift_inner.h"

/* Made anew a second time within that, it goes to memory at once: a full disk takes a little, and then no more. */
#define AGAIN_NS (UINT64_C(60) * 1000 * 1000 * 1000)

void drift_freep(struct drift **drift)
{
	struct drift *this = STEAL(*drift);

	if (!this)
		return;
	drift_item_end(this);
	drift_memory_end(this);
	drift_files_done(&this->files);
	buf_done(&this->value);
	buf_done(&this->space);
	(void)pthread_mutex_destroy(&this->lock);
	free(this);
}

/* A new table, in the files when they can be written. */
static int begin_anew(struct drift *drift, struct err *err)
{
	uint64_t now_ns = time_monotonic_ns();
	bool again = drift->reset_ns && now_ns - drift->reset_ns < AGAIN_NS;
	struct err why = ERR_INIT;
	int r = again ? ERR_IO : drift_item_begin(drift, &drift->files, true, &why);

	drift->reset_ns = now_ns;
	if (r == ERR_IO)
		return drift_memory_begin(drift, err);
	if (r < 0)
		*err = why;
	else
		drift_memory_end(drift);
	return r;
}

/* What is there when it can be believed, else a new table. */
static int begin(struct drift *drift, bool new_files, struct err *ret_why, struct err *err)
{
	int r;

	if (!new_files && ret_why->code == 0) {
		struct err why = ERR_INIT;

		r = drift_item_begin(drift, &drift->files, false, &why);
		if (r >= 0)
			return r;
		if (r != ERR_DATA && r != ERR_IO) {
			*err = why;
			return r;
		}
		*ret_why = why;
	}
	return begin_anew(drift, err);
}

int drift_open(int dirfd, struct drift **ret_drift, bool *ret_rebuilt, struct err *ret_why, struct err *err)
{
	CLEANUP(drift_freep) struct drift *drift = calloc(1, sizeof(*drift));
	struct err why = ERR_INIT;
	bool new_files;
	int r;

	if (!drift)
		return err_nomem(err);
	(void)pthread_mutex_init(&drift->lock, NULL);
	drift->files = drift->memory = (struct drift_files){ -1, -1 };
	r = drift_files_open(dirfd, &drift->files, &new_files, &why, err);
	if (r < 0)
		return r;
	r = begin(drift, new_files, &why, err);
	if (r < 0)
		return r;
	*ret_rebuilt = why.code != 0;
	*ret_why = why;
	*ret_drift = STEAL(drift);
	return 0;
}

int drift_chown(struct drift *drift, uid_t uid, gid_t gid, struct err *err)
{
	if (fchown(drift->files.db, uid, gid) < 0 || fchown(drift->files.journal, uid, gid) < 0)
		return err_errno(err, errno, "cannot give '%s' to user %u", QUOTE(drift_name), (unsigned)uid);
	return 0;
}

int drift_reset(struct drift *drift, struct err *err)
{
	int r;

	(void)pthread_mutex_lock(&drift->lock);
	drift_item_end(drift);
	r = begin_anew(drift, err);
	(void)pthread_mutex_unlock(&drift->lock);
	return r;
}

/* --- what is held --- */

static int check_path(struct bytes path, struct err *err)
{
	return path_valid(path) ? 0 : err_set(err, ERR_USAGE, "cannot hold a path that is not absolute and normal");
}

static int put_locked(struct drift *drift, struct bytes path, const struct entry *present, struct err *err)
{
	struct bytes value;
	bool new_item;
	int r;

	buf_clear(&drift->value);
	if (present && entry_encode(present, &drift->value) < 0)
		return err_nomem(err);
	value = (struct bytes){ drift->value.data, drift->value.len };
	r = drift_item_put(drift, DRIFT_HELD, path, value, &new_item, err);
	if (r == 0)
		drift->count += new_item;
	return r;
}

static int put(struct drift *drift, struct bytes path, const struct entry *present, struct err *err)
{
	int r = check_path(path, err);

	if (r < 0)
		return r;
	(void)pthread_mutex_lock(&drift->lock);
	r = put_locked(drift, path, present, err);
	(void)pthread_mutex_unlock(&drift->lock);
	return r;
}

int drift_put(struct drift *drift, const struct entry *present, struct err *err)
{
	int r = entry_check(present, err);

	if (r < 0)
		return err_set(err, ERR_USAGE, "cannot hold an entry that is not well formed");
	return put(drift, present->path, present, err);
}

int drift_put_absent(struct drift *drift, struct bytes path, struct err *err)
{
	return put(drift, path, NULL, err);
}

int drift_remove(struct drift *drift, struct bytes path, struct err *err)
{
	bool found;
	int r;

	(void)pthread_mutex_lock(&drift->lock);
	r = drift_item_remove(drift, DRIFT_HELD, path, &found, err);
	if (r == 0)
		drift->count -= found;
	(void)pthread_mutex_unlock(&drift->lock);
	return r;
}

int drift_decode(struct bytes path, struct bytes value, struct buf *space, struct entry *ret_entry, struct err *err)
{
	int r;

	if (!path_valid(path))
		return err_set(err, ERR_DATA, "'%s' is damaged: a path that is none", QUOTE(drift_name));
	if (value.len == 0)
		return 0;
	buf_clear(space);
	*ret_entry = (struct entry){ .path = path };
	r = entry_decode(value.data, value.len, space, ret_entry, err);
	ret_entry->path = path;
	return r < 0 ? err_wrap(err, r, "'%s' is damaged", QUOTE(drift_name)) : 0;
}

static int get_locked(struct drift *drift, struct bytes path, struct entry_copy **ret_present, struct err *err)
{
	struct bytes value;
	struct entry entry;
	int r = drift_item_get(drift, DRIFT_HELD, path, &value, err);

	if (r <= 0)
		return r < 0 ? r : DRIFT_NOTHING;
	r = drift_decode(path, value, &drift->space, &entry, err);
	if (r < 0)
		return r;
	if (value.len == 0)
		return DRIFT_ABSENT;
	r = entry_copy(&entry, ret_present, err);
	return r < 0 ? r : DRIFT_PRESENT;
}

int drift_get(struct drift *drift, struct bytes path, struct entry_copy **ret_present, struct err *err)
{
	int r;

	(void)pthread_mutex_lock(&drift->lock);
	r = get_locked(drift, path, ret_present, err);
	(void)pthread_mutex_unlock(&drift->lock);
	return r;
}

int drift_count(struct drift *drift, uint64_t *ret_count, struct err *err)
{
	(void)err;
	(void)pthread_mutex_lock(&drift->lock);
	*ret_count = drift->count;
	(void)pthread_mutex_unlock(&drift->lock);
	return 0;
}

/* --- notes --- */

int drift_note_get(struct drift *drift, const char *name, char **ret_text, struct err *err)
{
	struct bytes value;
	char *text = NULL;
	int r;

	(void)pthread_mutex_lock(&drift->lock);
	r = drift_item_get(drift, DRIFT_NOTE, bytes_of(name), &value, err);
	if (r > 0) {
		text = strndup((const char *)value.data, value.len);
		r = text ? 0 : err_nomem(err);
	}
	(void)pthread_mutex_unlock(&drift->lock);
	if (r == 0)
		*ret_text = text;
	return r;
}

int drift_note_put(struct drift *drift, const char *name, const char *text, struct err *err)
{
	bool new_item;
	int r;

	(void)pthread_mutex_lock(&drift->lock);
	r = drift_item_put(drift, DRIFT_NOTE, bytes_of(name), bytes_of(text), &new_item, err);
	(void)pthread_mutex_unlock(&drift->lock);
	return r;
}
