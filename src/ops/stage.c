/* stage.c - see stage.h. */
#include "ops/stage_inner.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

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
	for (size_t i = 0; i < (*stage)->count; i++)
		free((*stage)->list[i].path);
	free((*stage)->list);
	for (size_t i = 0; i < (*stage)->parent_count; i++)
		entry_copy_freep(&(*stage)->parents[i]);
	free((*stage)->parents);
	free(*stage);
	*stage = NULL;
}

int stage_new(const struct stage_options *options, struct stage **ret_stage, struct err *err)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	if (!stage)
		return err_nomem(err);
	stage->options = *options;
	*ret_stage = stage;
	return 0;
}

uint64_t stage_count(const struct stage *stage)
{
	return stage->count;
}

const struct staged *stage_list(const struct stage *stage, size_t *ret_count)
{
	*ret_count = stage->count;
	return stage->list;
}

static int note(struct stage *stage, const struct entry *entry, bool removed, bool settled, struct err *err)
{
	struct staged *staged;

	if (stage->count == stage->capacity) {
		size_t capacity = stage->capacity ? stage->capacity * 2 : 64;

		staged = realloc(stage->list, capacity * sizeof(*staged));
		if (!staged)
			return err_nomem(err);
		stage->list = staged;
		stage->capacity = capacity;
	}
	staged = &stage->list[stage->count];
	*staged = (struct staged){ .path_len = entry->path.len, .removed = removed, .settled = settled };
	staged->path = malloc(entry->path.len + 1);
	if (!staged->path)
		return err_nomem(err);
	memcpy(staged->path, entry->path.data, entry->path.len);
	staged->path[entry->path.len] = '\0';
	staged->type = entry->type;
	staged->inode = entry->inode;
	staged->size = entry->size;
	staged->mtime = entry->mtime;
	staged->ctime = entry->ctime;
	stage->count++;
	return 0;
}

static bool wanted(const struct policy *policy, const struct entry *entry, struct decision *ret_decision)
{
	policy_decide(policy, entry->path, entry->type == TYPE_DIR, ret_decision);
	return ret_decision->in_scope;
}

int stage_put(struct stage *stage, const struct entry *entry, struct err *err)
{
	const struct policy *policy = stage->options.new_policy ? stage->options.new_policy : stage->options.old_policy;
	struct decision decision;
	bool settled = wanted(policy, entry, &decision) && decision.profile->kind != PROFILE_PLAIN;
	int r;

	r = baseline_writer_put(stage->options.writer, entry, err);
	return r < 0 ? r : note(stage, entry, false, settled, err);
}

/* OUT_OF_SCOPE: it may well be there, but the new policy does not cover it. */
static int drop(struct stage *stage, const struct entry *entry, bool out_of_scope, struct err *err)
{
	int r;

	r = baseline_writer_remove(stage->options.writer, entry->path, err);
	return r < 0 ? r : note(stage, entry, true, out_of_scope, err);
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

static int stage_policy(struct stage *stage, const struct pair *pair, struct err *err)
{
	const struct entry *a = pair->a, *b = pair->b;
	struct decision decision;

	if (a && b) {
		if (entry_differs(a, b) || b->failed || (entry_incomparable(a, b) & b->value) == 0)
			return 0;
		return stage_put(stage, b, err);
	}
	if (a)
		return wanted(stage->options.new_policy, a, &decision) ? 0 : drop(stage, a, true, err);
	return wanted(stage->options.old_policy, b, &decision) ? 0 : stage_put(stage, b, err);
}

static int stage_pair(struct stage *stage, const struct pair *pair, struct err *err)
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
		return unseen(stage, a->path) ? 0 : drop(stage, a, false, err);
	if (b->failed && a)
		return 0;
	if (a && !entry_differs(a, b) && !entry_incomparable(a, b))
		return 0;
	return stage_put(stage, b, err);
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
