/* survey.c - mounts and rows for a scan; see survey.h. Paths are in paths.c. */
#include "ops/survey.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"

static bool holds_a_root(const struct policy *policy, struct bytes mount_path)
{
	for (size_t i = 0; i < policy_root_count(policy); i++) {
		if (path_covers(mount_path, bytes_of(policy_root(policy, i))))
			return true;
	}
	return false;
}

static bool in_scope(const struct policy *policy, struct bytes path)
{
	struct decision decision;

	policy_decide(policy, path, true, &decision);
	return decision.in_scope;
}

int survey_mounts(const struct sys_mounts *system, const struct policy *policy, struct mount **ret_mounts,
		  size_t *ret_count, struct err *err)
{
	CLEANUP(freep) struct mount *mounts = calloc(system->count + 1, sizeof(*mounts));
	CLEANUP(freep) struct bytes *closed = calloc(system->count + 1, sizeof(*closed));
	size_t count = 0, closed_count = 0;

	if (!mounts || !closed)
		return err_nomem(err);
	for (size_t i = 0; i < system->count; i++) {
		const struct sys_mount *mount = &system->mounts[i];
		struct bytes path = bytes_of(mount->path);
		bool above = holds_a_root(policy, path);
		bool hidden = false;

		for (size_t k = 0; k < closed_count; k++)
			hidden = hidden || path_covers(closed[k], path);
		if (!above && (hidden || !in_scope(policy, path)))
			continue;
		if (!above && !mount->disk && !policy_names_below(policy, path))
			closed[closed_count++] = path;
		mounts[count++] = (struct mount){ path, bytes_of(mount->fstype), bytes_of(mount->id) };
	}
	*ret_mounts = STEAL(mounts);
	*ret_count = count;
	return 0;
}

struct filter {
	struct tree tree;
	struct tree *from;
	const struct path_list *list;
};

static int filter_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct filter *filter = (struct filter *)(void *)tree;

	for (;;) {
		int r = tree_next(filter->from, ret_entry, err);

		if (r <= 0 || filter->list->count == 0 || path_list_covers(filter->list, (*ret_entry)->path))
			return r;
	}
}

static void filter_free(struct tree *tree)
{
	struct filter *filter = (struct filter *)(void *)tree;

	tree_freep(&filter->from);
	free(filter);
}

int survey_filter(struct tree *tree, const struct path_list *list, struct tree **ret_tree, struct err *err)
{
	struct filter *filter = calloc(1, sizeof(*filter));

	if (!filter)
		return err_nomem(err);
	filter->tree = *tree;
	filter->tree.next = filter_next;
	filter->tree.free = filter_free;
	filter->from = tree;
	filter->list = list;
	*ret_tree = &filter->tree;
	return 0;
}

struct forecast survey_forecast(const char *root, const struct policy *policy)
{
	struct forecast forecast = { .at_most = true };
	unsigned long last = 0;

	for (size_t i = 0; i < policy_root_count(policy); i++) {
		CLEANUP(buf_done) struct buf path = BUF_INIT;
		struct statvfs status;

		(void)buf_printf(&path, "%s%s", root, policy_root(policy, i));
		if (!buf_str(&path) || statvfs((char *)path.data, &status) < 0 || status.f_fsid == last)
			continue;
		last = status.f_fsid;
		forecast.entries += status.f_files - status.f_ffree;
	}
	return forecast;
}

void survey_begin(const struct talk *talk, const char *what, const struct pairs *scan, struct forecast forecast)
{
	if (talk && talk->begin)
		talk->begin(talk->context, what, scan_stats(scan), forecast.entries, forecast.at_most);
}

void survey_end(const struct talk *talk)
{
	if (talk && talk->end)
		talk->end(talk->context);
}
