/*
 * policy_walk.c - decisions for paths that come one after another, most of them beside or below the one before.
 *
 * Keeps the directories above the last path, outermost first. Their paths are beginnings of one another, so one
 * copy serves all.
 */
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct frame {
	struct policy_dir *dir;
	size_t len; /* of its path, the beginning of walk->path */
};

struct policy_walk {
	const struct policy *policy;
	struct buf path; /* of the innermost directory */
	struct frame *frames;
	size_t depth, capacity;
};

int policy_walk_new(const struct policy *policy, struct policy_walk **ret_walk, struct err *err)
{
	struct policy_walk *walk = calloc(1, sizeof(*walk));

	if (!walk)
		return err_nomem(err);
	walk->policy = policy;
	*ret_walk = walk;
	return 0;
}

void policy_walk_freep(struct policy_walk **walk)
{
	struct policy_walk *old = STEAL(*walk);

	if (!old)
		return;
	while (old->depth > 0)
		policy_dir_freep(&old->frames[--old->depth].dir);
	free(old->frames);
	buf_done(&old->path);
	free(old);
}

static struct bytes frame_path(const struct policy_walk *walk)
{
	return (struct bytes){ walk->path.data, walk->frames[walk->depth - 1].len };
}

static int push(struct policy_walk *walk, struct bytes path, struct err *err)
{
	CLEANUP(policy_dir_freep) struct policy_dir *dir = NULL;
	const struct policy_dir *parent = NULL;
	int r;

	if (walk->depth == walk->capacity) {
		size_t capacity = walk->capacity ? walk->capacity * 2 : 16;
		struct frame *grown = reallocarray(walk->frames, capacity, sizeof(*grown));

		if (!grown)
			return err_nomem(err);
		walk->frames = grown;
		walk->capacity = capacity;
	}
	if (walk->depth > 0 && bytes_equal(frame_path(walk), path_parent(path)))
		parent = walk->frames[walk->depth - 1].dir;
	r = policy_dir_new(walk->policy, parent, path, &dir, err);
	if (r < 0)
		return r;
	walk->path.len = walk->depth > 0 ? walk->frames[walk->depth - 1].len : 0;
	if (buf_add(&walk->path, path.data + walk->path.len, path.len - walk->path.len) < 0) {
		walk->path.failed = false; /* the walk is as it was, and may be tried again */
		return err_nomem(err);
	}
	walk->frames[walk->depth++] = (struct frame){ .dir = STEAL(dir), .len = path.len };
	return 0;
}

/* The directory that holds PATH becomes the innermost one. */
static int reach(struct policy_walk *walk, struct bytes path, struct err *err)
{
	struct bytes parent = path_parent(path);

	while (walk->depth > 0 && !path_covers(frame_path(walk), parent))
		policy_dir_freep(&walk->frames[--walk->depth].dir);
	return walk->depth > 0 && frame_path(walk).len == parent.len ? 0 : push(walk, parent, err);
}

int policy_walk_decide(struct policy_walk *walk, struct bytes path, bool is_dir, struct decision *ret_decision,
		       struct err *err)
{
	int r;

	if (path.len == 1) {
		policy_decide(walk->policy, path, is_dir, ret_decision);
		return 0;
	}
	r = reach(walk, path, err);
	if (r < 0)
		return r;
	policy_dir_decide(walk->frames[walk->depth - 1].dir, path, is_dir, ret_decision);
	return 0;
}

int policy_walk_may_enter(struct policy_walk *walk, struct bytes path, bool *ret_may, struct err *err)
{
	int r;

	if (path.len == 1) {
		*ret_may = true;
		return 0;
	}
	r = reach(walk, path, err);
	if (r < 0)
		return r;
	*ret_may = policy_dir_may_enter(walk->frames[walk->depth - 1].dir, path);
	return 0;
}
