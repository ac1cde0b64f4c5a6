/*
 * changes.c - see changes.h.
 *
 * Key of both spills is the path; a change is kept as change_record.h says, an unexamined path as its side and its
 * reason.
 */
#include "diff/changes.h"

#include "base/cleanup.h"
#include "base/spill.h"
#include "diff/change_record.h"
#include "diff/moves.h"

enum { CHANGES_BYTES = 16 << 20, UNEXAMINED_BYTES = 2 << 20 };

struct changes {
	struct spill *all, *unexamined;
	struct moves *moves;
	struct buf value; /* scratch */
	struct change_space space;
	uint64_t by_severity[SEVERITY_COUNT];
	int (*explain)(void *context, struct change *change, struct err *err); /* NULL: nobody does */
	void *explain_context;
};

int changes_new(const char *tmpdir, struct changes **ret_changes, struct err *err)
{
	CLEANUP(changes_freep) struct changes *changes = calloc(1, sizeof(*changes));
	int r;

	if (!changes)
		return err_nomem(err);
	r = spill_new(tmpdir, CHANGES_BYTES, &changes->all, err);
	if (r == 0)
		r = spill_new(tmpdir, UNEXAMINED_BYTES, &changes->unexamined, err);
	if (r == 0)
		r = moves_new(tmpdir, &changes->moves, err);
	if (r < 0)
		return r;
	*ret_changes = STEAL(changes);
	return 0;
}

void changes_freep(struct changes **changes)
{
	if (!*changes)
		return;
	spill_freep(&(*changes)->all);
	spill_freep(&(*changes)->unexamined);
	moves_freep(&(*changes)->moves);
	buf_done(&(*changes)->value);
	change_space_done(&(*changes)->space);
	free(*changes);
	*changes = NULL;
}

static int add_change(void *context, const struct change *change, struct err *err)
{
	struct changes *changes = context;
	int r;

	buf_clear(&changes->value);
	if (change_encode(change, &changes->value) < 0)
		return err_nomem(err);
	r = spill_add(changes->all, change->path.data, change->path.len, changes->value.data, changes->value.len, err);
	if (r < 0)
		return r;
	changes->by_severity[change->severity]++;
	return moves_add(changes->moves, change, err);
}

static int add_unexamined(void *context, const struct unexamined *unexamined, struct err *err)
{
	struct changes *changes = context;

	buf_clear(&changes->value);
	(void)buf_add_byte(&changes->value, (unsigned char)unexamined->side);
	if (buf_add(&changes->value, unexamined->reason.data, unexamined->reason.len) < 0)
		return err_nomem(err);
	return spill_add(changes->unexamined, unexamined->path.data, unexamined->path.len, changes->value.data,
			 changes->value.len, err);
}

struct diff_sink changes_sink(struct changes *changes)
{
	return (struct diff_sink){ add_change, add_unexamined, changes };
}

static int sort(struct changes *changes, struct err *err)
{
	int r = spill_sort(changes->all, err);

	return r < 0 ? r : spill_sort(changes->unexamined, err);
}

int changes_sort(struct changes *changes, struct err *err)
{
	moves_freep(&changes->moves);
	return sort(changes, err);
}

int changes_finish(struct changes *changes, struct diff_counts *counts, bool *ret_limited, struct err *err)
{
	int r = sort(changes, err);

	if (r < 0)
		return r;
	return moves_pair(changes->moves, counts, changes->by_severity, ret_limited, err);
}

void changes_explain(struct changes *changes, int (*explain)(void *context, struct change *change, struct err *err),
		     void *context)
{
	changes->explain = explain;
	changes->explain_context = context;
}

int changes_next(struct changes *changes, struct change *ret_change, struct err *err)
{
	for (;;) {
		struct spill_record record;
		struct change change;
		bool keep = true;
		int r;

		r = spill_next(changes->all, &record, err);
		if (r <= 0)
			return r;
		r = change_decode(record.value, record.value_len, &changes->space, &change, err);
		if (r < 0)
			return r;
		if (changes->moves)
			r = moves_apply(changes->moves, &change, &keep, err);
		if (r < 0)
			return r;
		if (!keep)
			continue;
		change.explained = NULL;
		if (changes->explain)
			r = changes->explain(changes->explain_context, &change, err);
		if (r < 0)
			return r;
		*ret_change = change;
		return 1;
	}
}

int unexamined_next(struct changes *changes, struct unexamined *ret_unexamined, struct err *err)
{
	struct spill_record record;
	int r;

	r = spill_next(changes->unexamined, &record, err);
	if (r <= 0)
		return r;
	if (record.value_len == 0)
		return err_set(err, ERR_DATA, "a record read back from the temporary files is damaged");
	*ret_unexamined = (struct unexamined){
		.side = (char)record.value[0],
		.path = { record.key, record.key_len },
		.reason = { record.value + 1, record.value_len - 1 },
	};
	return 1;
}

int changes_rewind(struct changes *changes, struct err *err)
{
	int r;

	r = spill_rewind(changes->all, err);
	if (r == 0)
		r = spill_rewind(changes->unexamined, err);
	if (r == 0 && changes->moves)
		r = moves_rewind(changes->moves, err);
	return r;
}

uint64_t changes_count(const struct changes *changes, enum severity severity)
{
	return changes->by_severity[severity];
}
