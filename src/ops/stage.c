/* stage.c - see stage.h. */
#include "ops/stage_inner.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ops/next_mounts.h"
#include "ops/wholelog.h"

enum { STAGED_BYTES = 4 << 20 };

static struct bytes *blind_of(const struct stage *stage, size_t *ret_count)
{
	*ret_count = stage->blind.len / sizeof(struct bytes);
	return (struct bytes *)(void *)stage->blind.data;
}

void stage_freep(struct stage **stage)
{
	struct bytes *blind;
	size_t blind_count;

	if (!*stage)
		return;
	blind = blind_of(*stage, &blind_count);
	for (size_t i = 0; i < blind_count; i++)
		free((void *)(uintptr_t)blind[i].data);
	buf_done(&(*stage)->blind);
	buf_done(&(*stage)->key);
	spill_freep(&(*stage)->staged);
	for (size_t i = 0; i < (*stage)->parent_count; i++)
		entry_copy_freep(&(*stage)->parents[i]);
	free((*stage)->parents);
	free(*stage);
	*stage = NULL;
}

int stage_new(const struct stage_options *options, struct stage **ret_stage, struct err *err)
{
	CLEANUP(stage_freep) struct stage *stage = calloc(1, sizeof(*stage));
	int r;

	if (!stage)
		return err_nomem(err);
	stage->options = *options;
	r = spill_new(options->tmpdir, STAGED_BYTES, &stage->staged, err);
	if (r < 0)
		return r;
	*ret_stage = STEAL(stage);
	return 0;
}

struct stage_counts stage_counts(const struct stage *stage)
{
	return stage->counts;
}

int stage_sort(struct stage *stage, struct err *err)
{
	return spill_sort(stage->staged, err);
}

int stage_next(struct stage *stage, struct staged *ret_staged, struct err *err)
{
	struct spill_record record;
	int r = spill_next(stage->staged, &record, err);

	if (r <= 0)
		return r;
	memcpy(ret_staged, record.value, sizeof(*ret_staged));
	ret_staged->path = (const char *)record.key;
	return 1;
}

/* The key is the path with its NUL, which keeps the order and is what a system call wants. */
static int note(struct stage *stage, struct bytes path, const struct staged *staged, struct err *err)
{
	buf_clear(&stage->key);
	if (buf_add(&stage->key, path.data, path.len) < 0 || buf_add_byte(&stage->key, '\0') < 0)
		return err_nomem(err);
	return spill_add(stage->staged, stage->key.data, stage->key.len, staged, sizeof(*staged), err);
}

static bool wanted(const struct policy *policy, const struct entry *entry, struct decision *ret_decision)
{
	policy_decide(policy, entry->path, entry->type == TYPE_DIR, ret_decision);
	return ret_decision->in_scope;
}

int stage_put(struct stage *stage, const struct entry *entry, const struct entry *present, struct err *err)
{
	const struct policy *policy = stage->options.new_policy ? stage->options.new_policy : stage->options.old_policy;
	struct decision decision;
	struct staged staged = {
		.settled = wanted(policy, present, &decision) && decision.profile->kind != PROFILE_PLAIN,
		.type = present->type,
		.inode = present->inode,
		.size = present->size,
		.mtime = present->mtime,
		.ctime = present->ctime,
	};
	int r;

	r = baseline_writer_put(stage->options.writer, entry, err);
	if (r < 0)
		return r;
	stage->counts.recorded++;
	return note(stage, entry->path, &staged, err);
}

/* SETTLED: it may well be there, but the new generation does not look at it. */
static int drop(struct stage *stage, const struct entry *entry, bool settled, struct err *err)
{
	const struct staged staged = { .removed = true, .settled = settled };
	int r;

	r = baseline_writer_remove(stage->options.writer, entry->path, err);
	if (r < 0)
		return r;
	stage->counts.dropped++;
	return note(stage, entry->path, &staged, err);
}

/* At or below a mount that the new generation knows and does not enter. */
static bool closed(const struct stage *stage, struct bytes path)
{
	const struct policy *policy = stage->options.new_policy ? stage->options.new_policy : stage->options.old_policy;

	return mounts_close(stage->options.system, policy, path);
}

/* A directory that could not be listed: what was recorded below it stays recorded. */
static int remember_blind(struct stage *stage, const struct entry *entry, struct err *err)
{
	struct bytes path = { NULL, entry->path.len };
	unsigned char *copy = malloc(entry->path.len);

	if (!copy)
		return err_nomem(err);
	memcpy(copy, entry->path.data, entry->path.len);
	path.data = copy;
	if (buf_add(&stage->blind, &path, sizeof(path)) < 0) {
		free(copy);
		return err_nomem(err);
	}
	return 0;
}

/* Nothing was seen there: an unlisted directory above it, or a mount that hides it. */
static bool unseen(const struct stage *stage, struct bytes path)
{
	size_t count;
	const struct bytes *blind = blind_of(stage, &count);

	for (size_t i = 0; i < count; i++) {
		if (path_covers(blind[i], path))
			return true;
	}
	for (size_t i = 0; i < stage->options.blind_count; i++) {
		if (path_covers(stage->options.blind[i], path))
			return true;
	}
	return false;
}

/* A growing log was hashed as far as the reference goes: what is accepted is all of it. */
static bool is_part(const struct entry *entry)
{
	return entry->type == TYPE_FILE && (entry->value & ATTR_BIT(ATTR_CONTENT)) && entry->digest_bytes < entry->size;
}

static int stage_present(struct stage *stage, const struct entry *present, struct err *err)
{
	const struct policy *policy = stage->options.new_policy ? stage->options.new_policy : stage->options.old_policy;
	struct entry whole = *present;
	int r = 0;

	if (is_part(present))
		r = wholelog(&whole, policy_max_content(policy), stage->options.interrupted, err);
	return r < 0 ? r : stage_put(stage, &whole, present, err);
}

/*
 * What the new policy wants of the content, and nothing else: the record with a digest it lacked. A size that differs
 * stays different, and is reported; the digest is of what is there now, because no other content can be known, and
 * anything else that comes to stand there, of whatever size, is a change too. Growth is no difference of a log, so its
 * size comes along.
 */
static int stage_content(struct stage *stage, const struct entry *a, const struct entry *b, struct err *err)
{
	const uint32_t content = ATTR_BIT(ATTR_CONTENT);
	bool content_new = !((a->value | a->none | a->failed) & content) && (b->value & content);
	struct entry merged = *a;
	struct decision decision;

	if (a->type != TYPE_FILE || b->type != TYPE_FILE)
		return 0;
	if (!content_new && (a->head != HEAD_UNKNOWN || b->head == HEAD_UNKNOWN))
		return 0;
	merged.racy = a->racy || b->racy;
	merged.head = b->head;
	if (content_new) {
		merged.value |= content;
		memcpy(merged.digest, b->digest, sizeof(merged.digest));
		merged.digest_bytes = b->digest_bytes;
		if (wanted(stage->options.new_policy, b, &decision) && decision.profile->kind == PROFILE_GROWING &&
		    b->size > a->size)
			merged.size = b->size;
	}
	return stage_put(stage, &merged, b, err);
}

static int stage_policy(struct stage *stage, const struct pair *pair, struct err *err)
{
	const struct entry *a = pair->a, *b = pair->b;
	struct decision decision;

	if (a && b) {
		if (entry_differs(a, b) || b->failed)
			return stage_content(stage, a, b, err);
		if ((entry_incomparable(a, b) & b->value) || (a->head == HEAD_UNKNOWN && b->head != HEAD_UNKNOWN))
			return stage_present(stage, b, err);
		return 0;
	}
	if (b)
		return wanted(stage->options.old_policy, b, &decision) ? 0 : stage_present(stage, b, err);
	if (!wanted(stage->options.new_policy, a, &decision))
		return drop(stage, a, true, err);
	return !unseen(stage, a->path) && closed(stage, a->path) ? drop(stage, a, true, err) : 0;
}

/* What could be examined before and can't be now stays as recorded, so it is not shown as accepted either. */
static int keep(struct stage *stage, struct pair *pair)
{
	stage->kept = *pair->a;
	stage->kept.value &= ~pair->b->failed;
	stage->kept.none &= ~pair->b->failed;
	stage->kept.failed |= pair->b->failed;
	stage->kept.problem = pair->b->problem;
	pair->b = &stage->kept;
	return 0;
}

static int stage_pair(struct stage *stage, struct pair *pair, struct err *err)
{
	const struct entry *a = pair->a, *b = pair->b;
	int r;

	if (b && b->type == TYPE_DIR && (b->failed & ATTR_BIT(ATTR_CONTENT))) {
		r = remember_blind(stage, b, err);
		if (r < 0)
			return r;
	}
	if (stage->options.new_policy)
		return stage_policy(stage, pair, err);
	if (!b)
		return unseen(stage, a->path) ? 0 : drop(stage, a, closed(stage, a->path), err);
	if (a && (b->failed & ~a->failed))
		return keep(stage, pair);
	if (a && !entry_differs(a, b) && !entry_incomparable(a, b) && !is_part(b))
		return 0;
	return stage_present(stage, b, err);
}

struct stager {
	struct pairs pairs;
	struct pairs *scan;
	struct stage *stage;
};

static int stager_next(struct pairs *pairs, struct pair *ret_pair, struct err *err)
{
	struct stager *stager = (struct stager *)(void *)pairs;
	int r;

	r = pairs_next(stager->scan, ret_pair, err);
	if (r <= 0)
		return r;
	r = stage_pair(stager->stage, ret_pair, err);
	return r < 0 ? r : 1;
}

static void stager_free(struct pairs *pairs)
{
	free(pairs);
}

int stage_pairs(struct stage *stage, struct pairs *scan, struct pairs **ret_pairs, struct err *err)
{
	struct stager *stager = calloc(1, sizeof(*stager));

	if (!stager)
		return err_nomem(err);
	*stager =
		(struct stager){ .pairs = { .next = stager_next, .free = stager_free }, .scan = scan, .stage = stage };
	*ret_pairs = &stager->pairs;
	return 0;
}

static int silent_change(void *context, const struct change *change, struct err *err)
{
	(void)context, (void)change, (void)err;
	return 0;
}

static int silent_unexamined(void *context, const struct unexamined *unexamined, struct err *err)
{
	(void)context, (void)unexamined, (void)err;
	return 0;
}

struct diff_sink stage_silent_sink(void)
{
	return (struct diff_sink){ .change = silent_change, .unexamined = silent_unexamined, .context = NULL };
}
