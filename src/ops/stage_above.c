/*
 * stage_above.c - the directories above accepted paths: their rows kept as they pass, and recorded anew where they follow.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "ops/stage_inner.h"

struct rows {
	struct tree tree;
	struct tree *from;
	struct stage *stage;
};

static bool is_ancestor(const struct path_list *paths, struct bytes path)
{
	for (size_t i = 0; i < paths->count; i++) {
		if (path_covers(path, paths->paths[i]))
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
		if (!is_ancestor(stage->paths, (*ret_entry)->path))
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

/* What is at PATH now; nothing when it can't be examined. */
static int look(const struct stage *stage, struct bytes path, const struct policy *policy,
		const struct sys_mounts *system, struct entry_copy **ret_present, struct err *err)
{
	CLEANUP(pairs_freep) struct pairs *scan = NULL;
	struct scan_options options = {
		.root = "/",
		.policy = policy,
		.paths = &path,
		.path_count = 1,
		.mounts = system,
		.reference_mounts = stage->options.mounts,
		.reference_mount_count = stage->options.mount_count,
		.metadata_only = true,
	};
	struct pair pair;
	int r;

	r = scan_new(&options, &scan, err);
	if (r >= 0)
		r = pairs_next(scan, &pair, err); /* the directory itself comes before what is in it */
	if (r <= 0 || !pair.b || !bytes_equal(pair.b->path, path) || pair.b->failed)
		return r < 0 ? r : 0;
	return entry_copy(pair.b, ret_present, err);
}

static const struct entry *recorded_ancestor(const struct stage *stage, struct bytes path)
{
	for (size_t i = 0; i < stage->parent_count; i++) {
		if (bytes_equal(stage->parents[i]->entry.path, path))
			return &stage->parents[i]->entry;
	}
	return NULL;
}

/* One ancestor of an accepted path. *ret_new: it was not recorded as a directory before, so those above it may follow. */
static int stage_ancestor(struct stage *stage, struct bytes path, const struct policy *policy,
			  const struct sys_mounts *system, bool *ret_new, struct err *err)
{
	static const uint32_t follows =
		ATTR_BIT(ATTR_MTIME) | ATTR_BIT(ATTR_CTIME) | ATTR_BIT(ATTR_SIZE) | ATTR_BIT(ATTR_LINKS);
	CLEANUP(entry_copy_freep) struct entry_copy *present = NULL;
	const struct entry *recorded = recorded_ancestor(stage, path);
	struct decision decision;
	uint32_t differs;
	int r;

	*ret_new = false;
	policy_decide(policy, path, true, &decision);
	if (!decision.in_scope)
		return 0;
	r = look(stage, path, policy, system, &present, err);
	if (r < 0 || !present)
		return r;
	*ret_new = !recorded || recorded->type != TYPE_DIR;
	differs = recorded ? entry_differs(recorded, &present->entry) : 0;
	if (!*ret_new && (!differs || (differs & ~follows)))
		return 0;
	return stage_put(stage, &present->entry, &present->entry, err);
}

static bool is_among(const struct buf *paths, struct bytes path)
{
	const struct bytes *list = (const struct bytes *)(const void *)paths->data;

	for (size_t i = 0; i < paths->len / sizeof(*list); i++) {
		if (bytes_equal(list[i], path))
			return true;
	}
	return false;
}

int stage_parents(struct stage *stage, const struct policy *policy, const struct sys_mounts *system, struct err *err)
{
	CLEANUP(buf_done) struct buf seen = BUF_INIT; /* struct bytes: those of several accepted paths only once */

	if (spill_count(stage->staged) == 0)
		return 0;
	for (size_t i = 0; i < stage->paths->count; i++) {
		struct bytes path = stage->paths->paths[i];
		bool go_on = true;

		while (go_on && path.len > 1) {
			int r;

			path = path_parent(path);
			if (is_among(&seen, path))
				break;
			if (buf_add(&seen, &path, sizeof(path)) < 0)
				return err_nomem(err);
			r = stage_ancestor(stage, path, policy, system, &go_on, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}
