/*
 * moves.c - see moves.h.
 *
 * Two spills. Candidates: key digest and size, value kind, severity, path and, of a removed file, its change.
 * Halves: key path, value the kind and, of the added half, the removed one's change. The halves are then laid beside
 * the changes, both in path order.
 */
#include "diff/moves.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/spill.h"

enum { CANDIDATE_BYTES = 4 << 20, HALVES_BYTES = 2 << 20, KEY_BYTES = DIGEST_BYTES + 8 };

/* What a rename leaves as it was; where these differ it was more than a rename. */
#define KEPT_BY_RENAME                                                                                                 \
	(ATTR_BIT(ATTR_MODE) | ATTR_BIT(ATTR_OWNER) | ATTR_BIT(ATTR_GROUP) | ATTR_BIT(ATTR_MTIME) |                    \
	 ATTR_BIT(ATTR_XATTRS) | ATTR_BIT(ATTR_ACL) | ATTR_BIT(ATTR_CAPS) | ATTR_BIT(ATTR_SELINUX) |                   \
	 ATTR_BIT(ATTR_FLAGS))

struct moves {
	struct spill *candidates; /* NULL when there was no room, or when they were paired */
	struct spill *halves;
	struct buf key, value; /* scratch */
	struct change_space space;
	struct spill_record half; /* the next one, not yet reached */
	bool started, has_half, limited;
};

/* Files of one content: the first of each kind, and how many there are. */
struct alike {
	struct buf key, removed, added;
	uint64_t removed_count, added_count;
};

struct candidate {
	enum change_kind kind;
	enum severity severity;
	struct bytes path, record;
};

int moves_new(const char *tmpdir, struct moves **ret_moves, struct err *err)
{
	CLEANUP(moves_freep) struct moves *moves = calloc(1, sizeof(*moves));
	int r;

	if (!moves)
		return err_nomem(err);
	r = spill_new(tmpdir, CANDIDATE_BYTES, &moves->candidates, err);
	if (r < 0)
		return r;
	r = spill_new(tmpdir, HALVES_BYTES, &moves->halves, err);
	if (r < 0)
		return r;
	*ret_moves = STEAL(moves);
	return 0;
}

void moves_freep(struct moves **moves)
{
	if (!*moves)
		return;
	spill_freep(&(*moves)->candidates);
	spill_freep(&(*moves)->halves);
	buf_done(&(*moves)->key);
	buf_done(&(*moves)->value);
	change_space_done(&(*moves)->space);
	free(*moves);
	*moves = NULL;
}

/* No room for all candidates: then none is looked at, for no content could be called unique. */
static int give_up(struct moves *moves, int r)
{
	if (r != ERR_CANTCREATE)
		return r;
	moves->limited = true;
	spill_freep(&moves->candidates);
	return 0;
}

static bool is_candidate(const struct change *change)
{
	const uint32_t needed = ATTR_BIT(ATTR_TYPE) | ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_CONTENT);
	const struct entry *entry = change->kind == CHANGE_ADDED ? change->after : change->before;

	if (change->kind != CHANGE_ADDED && change->kind != CHANGE_REMOVED)
		return false;
	return (entry->value & needed) == needed && entry->type == TYPE_FILE && entry->size > 0 &&
	       entry->digest_bytes == entry->size;
}

int moves_add(struct moves *moves, const struct change *change, struct err *err)
{
	const struct entry *entry = change->kind == CHANGE_ADDED ? change->after : change->before;
	struct buf *value = &moves->value;
	int r;

	if (!moves->candidates || !is_candidate(change))
		return 0;
	buf_clear(&moves->key);
	buf_clear(value);
	(void)buf_add(&moves->key, entry->digest, DIGEST_BYTES);
	(void)buf_add_u64(&moves->key, entry->size);
	(void)buf_add_byte(value, (unsigned char)change->kind);
	(void)buf_add_byte(value, (unsigned char)change->severity);
	(void)buf_add_u32(value, (uint32_t)change->path.len);
	(void)buf_add(value, change->path.data, change->path.len);
	if (buf_failed(&moves->key) || buf_failed(value) ||
	    (change->kind == CHANGE_REMOVED && change_encode(change, value) < 0))
		return err_nomem(err);
	r = spill_add(moves->candidates, moves->key.data, moves->key.len, value->data, value->len, err);
	return r < 0 ? give_up(moves, r) : 0;
}

static bool parse_candidate(const unsigned char *data, size_t len, struct candidate *ret_candidate)
{
	struct cursor cursor = { data, len };
	uint8_t kind, severity;
	uint32_t path_len;

	if (!cursor_u8(&cursor, &kind) || !cursor_u8(&cursor, &severity) || !cursor_u32(&cursor, &path_len) ||
	    !cursor_bytes(&cursor, path_len, &ret_candidate->path.data))
		return false;
	if ((kind != CHANGE_ADDED && kind != CHANGE_REMOVED) || severity >= SEVERITY_COUNT)
		return false;
	ret_candidate->path.len = path_len;
	ret_candidate->kind = (enum change_kind)kind;
	ret_candidate->severity = (enum severity)severity;
	ret_candidate->record = (struct bytes){ cursor.data, cursor.len };
	return true;
}

static int damaged(struct err *err)
{
	return err_set(err, ERR_DATA, "a record read back from the temporary files is damaged");
}

static void group_done(struct alike *group)
{
	buf_done(&group->key);
	buf_done(&group->removed);
	buf_done(&group->added);
}

/* One removed and one added: two halves. */
static int group_end(struct moves *moves, const struct alike *group, struct diff_counts *counts,
		     uint64_t by_severity[SEVERITY_COUNT], struct err *err)
{
	static const unsigned char removed_half = CHANGE_REMOVED;
	struct candidate removed, added;
	int r;

	if (group->removed_count != 1 || group->added_count != 1)
		return 0;
	if (!parse_candidate(group->removed.data, group->removed.len, &removed) ||
	    !parse_candidate(group->added.data, group->added.len, &added))
		return damaged(err);
	r = spill_add(moves->halves, removed.path.data, removed.path.len, &removed_half, 1, err);
	if (r < 0)
		return r;
	buf_clear(&moves->value);
	(void)buf_add_byte(&moves->value, CHANGE_ADDED);
	if (buf_add(&moves->value, removed.record.data, removed.record.len) < 0)
		return err_nomem(err);
	r = spill_add(moves->halves, added.path.data, added.path.len, moves->value.data, moves->value.len, err);
	if (r < 0)
		return r;
	counts->removed--;
	counts->added--;
	counts->moved++;
	by_severity[removed.severity < added.severity ? removed.severity : added.severity]--;
	return 0;
}

static int group_add(struct alike *group, const struct spill_record *record, struct err *err)
{
	bool is_removed;
	struct buf *first;
	uint64_t *count;

	if (record->key_len != KEY_BYTES || record->value_len == 0)
		return damaged(err);
	is_removed = record->value[0] == CHANGE_REMOVED;
	first = is_removed ? &group->removed : &group->added;
	count = is_removed ? &group->removed_count : &group->added_count;
	if ((*count)++ > 0)
		return 0;
	buf_clear(first);
	return buf_add(first, record->value, record->value_len) < 0 ? err_nomem(err) : 0;
}

static int group_begin(struct alike *group, const struct spill_record *record, struct err *err)
{
	group->removed_count = group->added_count = 0;
	buf_clear(&group->key);
	return buf_add(&group->key, record->key, record->key_len) < 0 ? err_nomem(err) : 0;
}

static int pair_all(struct moves *moves, struct diff_counts *counts, uint64_t by_severity[SEVERITY_COUNT],
		    struct err *err)
{
	CLEANUP(group_done) struct alike group = { .removed_count = 0 };
	struct spill_record record;
	int r;

	r = spill_sort(moves->candidates, err);
	if (r < 0)
		return r;
	while ((r = spill_next(moves->candidates, &record, err)) > 0) {
		struct bytes key = { record.key, record.key_len };

		if (!bytes_equal(key, (struct bytes){ group.key.data, group.key.len })) {
			r = group_end(moves, &group, counts, by_severity, err);
			if (r < 0)
				return r;
			r = group_begin(&group, &record, err);
			if (r < 0)
				return r;
		}
		r = group_add(&group, &record, err);
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = group_end(moves, &group, counts, by_severity, err);
	if (r == 0)
		r = spill_sort(moves->halves, err);
	return r;
}

int moves_pair(struct moves *moves, struct diff_counts *counts, uint64_t by_severity[SEVERITY_COUNT], bool *ret_limited,
	       struct err *err)
{
	struct diff_counts adjusted = *counts;
	uint64_t severities[SEVERITY_COUNT];
	int r;

	memcpy(severities, by_severity, sizeof(severities));
	if (moves->candidates) {
		r = pair_all(moves, &adjusted, severities, err);
		if (r < 0)
			r = give_up(moves, r);
		if (r < 0)
			return r;
	}
	spill_freep(&moves->candidates);
	if (moves->limited) {
		spill_freep(&moves->halves);
	} else {
		*counts = adjusted;
		memcpy(by_severity, severities, sizeof(severities));
	}
	*ret_limited = moves->limited;
	return 0;
}

int moves_rewind(struct moves *moves, struct err *err)
{
	moves->started = false;
	return moves->halves ? spill_rewind(moves->halves, err) : 0;
}

static int next_half(struct moves *moves, struct err *err)
{
	int r = spill_next(moves->halves, &moves->half, err);

	moves->started = true;
	moves->has_half = r > 0;
	return r;
}

/* CHANGE is the added half: what the removed one knew becomes its other side. */
static int join_halves(struct moves *moves, struct change *change, struct err *err)
{
	struct change removed;
	int r;

	r = change_decode(moves->half.value + 1, moves->half.value_len - 1, &moves->space, &removed, err);
	if (r < 0)
		return r;
	if (!removed.before)
		return damaged(err);
	change->kind = CHANGE_MOVED;
	change->before = removed.before;
	change->attributes = entry_differs(removed.before, change->after) & KEPT_BY_RENAME;
	if (removed.severity > change->severity) {
		change->severity = removed.severity;
		change->rule = removed.rule;
	}
	return 0;
}

int moves_apply(struct moves *moves, struct change *change, bool *ret_keep, struct err *err)
{
	int order = -1;
	int r;

	*ret_keep = true;
	if (!moves->halves || (change->kind != CHANGE_ADDED && change->kind != CHANGE_REMOVED))
		return 0;
	if (!moves->started) {
		r = next_half(moves, err);
		if (r < 0)
			return r;
	}
	/* a half stays current until a later path asks, for the change handed out borrows from it */
	while (moves->has_half) {
		order = path_compare((struct bytes){ moves->half.key, moves->half.key_len }, change->path);
		if (order >= 0)
			break;
		r = next_half(moves, err);
		if (r < 0)
			return r;
	}
	if (!moves->has_half || order != 0)
		return 0;
	if (moves->half.value_len == 0)
		return damaged(err);
	if (moves->half.value[0] == CHANGE_ADDED)
		return join_halves(moves, change, err);
	*ret_keep = false;
	return 0;
}
