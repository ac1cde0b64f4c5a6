/* stage.c - see stage.h. */
#include "ops/stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct stage {
	struct stage_options options;
	const struct path_list *paths;
	struct staged *list;
	size_t count, capacity;
	struct buf blind; /* paths of directories that could not be listed: struct bytes of heap copies */
	struct entry_copy **parents;
	size_t parent_count;
};

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

static int put(struct stage *stage, const struct entry *entry, struct err *err)
{
	const struct policy *policy = stage->options.new_policy ? stage->options.new_policy : stage->options.old_policy;
	struct decision decision;
	bool settled = wanted(policy, entry, &decision) && decision.profile->kind != PROFILE_PLAIN;
	int r;

	r = baseline_writer_put(stage->options.writer, entry, err);
	return r < 0 ? r : note(stage, entry, false, settled, err);
}

static int drop(struct stage *stage, const struct entry *entry, struct err *err)
{
	int r;

	r = baseline_writer_remove(stage->options.writer, entry->path, err);
	return r < 0 ? r : note(stage, entry, true, false, err);
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
		return put(stage, b, err);
	}
	if (a)
		return wanted(stage->options.new_policy, a, &decision) ? 0 : drop(stage, a, err);
	return wanted(stage->options.old_policy, b, &decision) ? 0 : put(stage, b, err);
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
		return unseen(stage, a->path) ? 0 : drop(stage, a, err);
	if (b->failed && a)
		return 0;
	if (a && !entry_differs(a, b) && !entry_incomparable(a, b))
		return 0;
	return put(stage, b, err);
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

struct rows {
	struct tree tree;
	struct tree *from;
	struct stage *stage;
};

static bool is_parent(const struct path_list *paths, struct bytes path)
{
	for (size_t i = 0; i < paths->count; i++) {
		if (paths->paths[i].len > 1 && bytes_equal(path_parent(paths->paths[i]), path))
			return true;
	}
	return false;
}

static int rows_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct rows *rows = (struct rows *)(void *)tree;
	struct stage *stage = rows->stage;

	for (;;) {
		struct entry_copy **grown;
		int r = tree_next(rows->from, ret_entry, err);

		if (r <= 0 || stage->paths->count == 0 || path_list_covers(stage->paths, (*ret_entry)->path))
			return r;
		if (!is_parent(stage->paths, (*ret_entry)->path))
			continue;
		grown = realloc(stage->parents, (stage->parent_count + 1) * sizeof(struct entry_copy *));
		if (!grown)
			return err_nomem(err);
		stage->parents = grown;
		r = entry_copy(*ret_entry, &stage->parents[stage->parent_count], err);
		if (r < 0)
			return r;
		stage->parent_count++;
	}
}

static void rows_free(struct tree *tree)
{
	struct rows *rows = (struct rows *)(void *)tree;

	tree_freep(&rows->from);
	free(rows);
}

int stage_rows(struct stage *stage, struct reference *reference, const struct path_list *paths, struct tree **ret_rows,
	       struct err *err)
{
	struct rows *rows = calloc(1, sizeof(*rows));
	int r;

	if (!rows)
		return err_nomem(err);
	r = reference_tree(reference, &rows->from, err);
	if (r < 0) {
		free(rows);
		return r;
	}
	rows->tree = *rows->from;
	rows->tree.next = rows_next;
	rows->tree.free = rows_free;
	rows->stage = stage;
	stage->paths = paths;
	*ret_rows = &rows->tree;
	return 0;
}

static int stage_parent(struct stage *stage, const struct entry *recorded, const struct policy *policy,
			const struct sys_mounts *system, struct err *err)
{
	static const uint32_t follows =
		ATTR_BIT(ATTR_MTIME) | ATTR_BIT(ATTR_CTIME) | ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_LINKS);
	CLEANUP(pairs_freep) struct pairs *scan = NULL;
	struct scan_options options = {
		.root = "/",
		.policy = policy,
		.paths = &recorded->path,
		.path_count = 1,
		.mounts = system,
		.reference_mounts = stage->options.mounts,
		.reference_mount_count = stage->options.mount_count,
		.metadata_only = true,
	};
	struct pair pair;
	uint32_t differs;
	int r;

	r = scan_new(&options, &scan, err);
	if (r >= 0)
		r = pairs_next(scan, &pair, err); /* the directory itself comes before what is in it */
	if (r <= 0 || !pair.b || !bytes_equal(pair.b->path, recorded->path) || pair.b->failed)
		return r < 0 ? r : 0;
	differs = entry_differs(recorded, pair.b);
	return differs && (differs & ~follows) == 0 ? put(stage, pair.b, err) : 0;
}

int stage_parents(struct stage *stage, const struct policy *policy, const struct sys_mounts *system, struct err *err)
{
	int r = 0;

	if (stage->count == 0)
		return 0;
	for (size_t i = 0; r >= 0 && i < stage->parent_count; i++)
		r = stage_parent(stage, &stage->parents[i]->entry, policy, system, err);
	return r;
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
