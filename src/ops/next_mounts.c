/* next_mounts.c - see next_mounts.h. */
#include "ops/next_mounts.h"

#include <stdlib.h>

#include "base/cleanup.h"

static const struct mount *mount_at(const struct mounts_view *view, struct bytes path)
{
	for (size_t i = 0; i < view->count; i++) {
		if (bytes_equal(view->mounts[i].path, path))
			return &view->mounts[i];
	}
	return NULL;
}

/* Does the new policy still ask for what was recorded of the mount at PATH? */
static bool still_reached(const struct next_mounts_request *request, struct bytes path)
{
	struct decision decision;

	if (sys_mounts_at(request->system, (const char *)path.data, path.len))
		return mount_at(&request->now, path) != NULL;
	for (size_t i = 0; i < policy_root_count(request->new_policy); i++) {
		if (path_covers(path, bytes_of(policy_root(request->new_policy, i))))
			return true;
	}
	policy_decide(request->new_policy, path, true, &decision);
	return decision.in_scope;
}

/* Is the mount at PATH news of the new policy? One that the old policy looked at and did not find is drift, as is all
 * that lies below it. BEFORE is what the old policy sees now. */
static bool newly_reached(const struct next_mounts_request *request, const struct mounts_view *before,
			  struct bytes path)
{
	for (size_t i = 0; i < request->now.count; i++) {
		struct bytes above = request->now.mounts[i].path;

		if (path_covers(above, path) && mount_at(before, above) && !mount_at(&request->recorded, above))
			return false;
	}
	return true;
}

static bool is_accepted(const struct next_mounts_request *request, const struct mounts_view *before,
			const struct mount *old, const struct mount *new)
{
	if (!request->new_policy)
		return request->all || path_list_covers(request->paths, new ? new->path : old->path);
	if (old)
		return !new && !still_reached(request, old->path);
	return newly_reached(request, before, new->path);
}

static int merge(const struct next_mounts_request *request, const struct mounts_view *before, struct mount **ret_mounts,
		 size_t *ret_count, struct err *err)
{
	struct mount *mounts = calloc(request->recorded.count + request->now.count + 1, sizeof(*mounts));
	size_t a = 0, b = 0, count = 0;

	if (!mounts)
		return err_nomem(err);
	while (a < request->recorded.count || b < request->now.count) {
		const struct mount *old = a < request->recorded.count ? &request->recorded.mounts[a] : NULL;
		const struct mount *new = b < request->now.count ? &request->now.mounts[b] : NULL;
		int order = !old ? 1 : !new ? -1 : path_compare(old->path, new->path);
		bool accepted;

		old = order <= 0 ? old : NULL;
		new = order >= 0 ? new : NULL;
		accepted = is_accepted(request, before, old, new);
		if (old && !accepted)
			mounts[count++] = *old;
		if (new &&accepted)
			mounts[count++] = *new;
		a += old != NULL;
		b += new != NULL;
	}
	*ret_mounts = mounts;
	*ret_count = count;
	return 0;
}

int next_mounts(const struct next_mounts_request *request, struct mount **ret_mounts, size_t *ret_count,
		struct err *err)
{
	CLEANUP(freep) struct mount *mounts = NULL;
	struct mounts_view before = { .count = 0 };
	int r = 0;

	if (request->new_policy)
		r = survey_mounts(request->system, request->old_policy, &mounts, &before.count, err);
	before.mounts = mounts;
	return r < 0 ? r : merge(request, &before, ret_mounts, ret_count, err);
}

bool mounts_close(const struct sys_mounts *system, const struct policy *policy, struct bytes path)
{
	for (size_t i = 0; i < system->count; i++) {
		const struct sys_mount *mount = &system->mounts[i];
		struct bytes point = bytes_of(mount->path);

		if (point.len > 1 && !mount->disk && path_covers(point, path) && !policy_names_below(policy, point))
			return true;
	}
	return false;
}
