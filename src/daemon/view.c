/* view.c - see view.h; proving a baseline is in stand.c. */
#include "daemon/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "ops/comparison.h"
#include "ops/generation.h"

static void view_free(struct view *view)
{
	buf_done(&view->blind);
	free(view->mounts);
	sys_mounts_done(&view->system);
	policy_freep(&view->own_policy);
	stand_unrefp(&view->stand);
	free(view);
}

struct view *view_ref(struct view *view)
{
	(void)atomic_fetch_add_explicit(&view->refs, 1, memory_order_relaxed);
	return view;
}

void view_unrefp(struct view **view)
{
	if (*view && atomic_fetch_sub_explicit(&(*view)->refs, 1, memory_order_acq_rel) == 1)
		view_free(*view);
	*view = NULL;
}

/* ---- the policy ---- */

/* Without the state folder: our own journal would tell of itself for ever. */
static int parse(const struct place *place, const struct policy_set *set, struct policy **ret_policy, struct err *err)
{
	CLEANUP(policy_freep) struct policy *policy = NULL;
	CLEANUP(fd_closep) int state = -1;
	struct err ignored = ERR_INIT;
	int r;

	r = policy_set_parse(set, &policy, err);
	if (r >= 0 && config_dir_open(place->state, &state, &ignored) >= 0)
		r = generation_exclude_state(state, set, &policy, err);
	if (r < 0)
		return r;
	*ret_policy = STEAL(policy);
	return 0;
}

static int parse_files(const struct place *place, struct policy **ret_policy, struct err *err)
{
	CLEANUP(policy_set_done) struct policy_set set = POLICY_SET_INIT;
	CLEANUP(fd_closep) int dirfd = -1;
	int r;

	r = config_dir_open(place->config, &dirfd, err);
	if (r >= 0)
		r = policy_set_load(dirfd, &set, err);
	return r < 0 ? r : parse(place, &set, ret_policy, err);
}

static int parse_default(const struct place *place, struct policy **ret_policy, struct err *err)
{
	/* borrowed: not for policy_set_done() */
	struct policy_file file = { .name = (char *)(uintptr_t)policy_default.name,
				    .text = (unsigned char *)(uintptr_t)policy_default.text,
				    .len = policy_default.len };
	const struct policy_set set = { &file, 1 };

	return parse(place, &set, ret_policy, err);
}

static int take_policy(struct view *view, const struct place *place, struct err *err)
{
	struct err ignored = ERR_INIT;
	int r;

	if (view->stand) {
		view->policy = view->stand->reference.policy;
		view->policy_from = "the signed policy";
		return 0;
	}
	view->policy_from = "the policy files";
	r = parse_files(place, &view->own_policy, &ignored);
	if (r < 0) {
		view->policy_from = "the built-in default";
		r = parse_default(place, &view->own_policy, err);
	}
	view->policy = view->own_policy;
	return r;
}

/* ---- mounts ---- */

static int ignore_change(void *context, const struct change *change, struct err *err)
{
	(void)context;
	(void)change;
	(void)err;
	return 0;
}

static int ignore_unexamined(void *context, const struct unexamined *unexamined, struct err *err)
{
	(void)context;
	(void)unexamined;
	(void)err;
	return 0;
}

/* A baseline made of a folder knows no mounts to compare with. */
static int find_blind(struct view *view, struct err *err)
{
	const struct diff_sink silent = { ignore_change, ignore_unexamined, NULL };
	const struct path_list all = PATH_LIST_INIT;
	struct mounts_view recorded, present;
	struct diff_counts counts = { .examined = 0 };

	if (!view->stand || view->stand->reference.mount_count == 0)
		return 0;
	recorded = (struct mounts_view){ view->stand->reference.mounts, view->stand->reference.mount_count };
	present = (struct mounts_view){ view->mounts, view->mount_count };
	return mounts_compare(view->policy, &recorded, &present, &all, &silent, &view->blind, &counts, err);
}

int view_new(uint64_t number, const struct place *place, struct stand *stand, const char *mountinfo,
	     struct view **ret_view, struct err *err)
{
	CLEANUP(view_unrefp) struct view *view = calloc(1, sizeof(*view));
	int r;

	if (!view) {
		stand_unrefp(&stand);
		return err_nomem(err);
	}
	atomic_init(&view->refs, 1);
	view->number = number;
	view->stand = stand;
	view->blind = BUF_INIT;
	r = take_policy(view, place, err);
	if (r >= 0)
		r = sys_mounts_load(mountinfo, &view->system, err);
	if (r >= 0)
		r = survey_mounts(&view->system, view->policy, &view->mounts, &view->mount_count, err);
	if (r >= 0)
		r = find_blind(view, err);
	if (r < 0)
		return r;
	*ret_view = STEAL(view);
	return 0;
}

bool view_is_blind(const struct view *view, struct bytes path)
{
	size_t count;
	const struct bytes *blind = view_blind(view, &count);

	/* few, as a rule none */
	for (size_t i = 0; i < count; i++) {
		if (path_covers(blind[i], path))
			return true;
	}
	return false;
}

/* Can anything at or below the mount point be in scope? */
static bool matters(const struct view *view, const char *mount_path)
{
	CLEANUP(policy_dir_freep) struct policy_dir *parent = NULL;
	struct bytes path = bytes_of(mount_path);
	struct err ignored = ERR_INIT;
	struct decision decision;

	policy_decide(view->policy, path, true, &decision);
	if (decision.in_scope || path.len == 1)
		return true;
	for (size_t i = 0; i < policy_root_count(view->policy); i++) {
		if (path_covers(path, bytes_of(policy_root(view->policy, i))))
			return true;
	}
	/* without memory to tell: rather one look too many */
	return policy_dir_new(view->policy, NULL, path_parent(path), &parent, &ignored) < 0 ||
	       policy_dir_may_enter(parent, path);
}

static bool same_mount(const struct sys_mount *a, const struct sys_mount *b)
{
	return a->dev_major == b->dev_major && a->dev_minor == b->dev_minor && a->disk == b->disk &&
	       strcmp(a->fstype, b->fstype) == 0 && strcmp(a->id, b->id) == 0;
}

bool view_same_mounts(const struct view *a, const struct view *b)
{
	size_t i = 0, j = 0;

	while (i < a->system.count || j < b->system.count) {
		const struct sys_mount *before = i < a->system.count ? &a->system.mounts[i] : NULL;
		const struct sys_mount *now = j < b->system.count ? &b->system.mounts[j] : NULL;
		int order = before && now ? strcmp(before->path, now->path) : (before ? -1 : 1);
		const char *path = order <= 0 ? before->path : now->path;

		if ((order != 0 || !same_mount(before, now)) && (matters(a, path) || matters(b, path)))
			return false;
		i += order <= 0;
		j += order >= 0;
	}
	return true;
}
