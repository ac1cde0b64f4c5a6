/*
 * diff_mounts.c - the mount tables of both sides against each other: see diff.h.
 *
 * A mount that is missing or laid over a scanned directory hides what was recorded there: that is one critical
 * change and one unexamined subtree, never thousands of removals.
 */
#include <string.h>

#include "base/cleanup.h"
#include "diff/diff.h"

struct mounts_run {
	const struct policy *policy;
	const struct diff_sink *sink;
	struct buf *blind;
	struct diff_counts *counts;
};

/* Can anything at or below the mount point be in scope? */
static int is_reached(const struct policy *policy, struct bytes path, bool *ret_reached, struct err *err)
{
	CLEANUP(policy_dir_freep) struct policy_dir *dir = NULL;
	struct decision decision;
	int r;

	*ret_reached = true;
	if (!policy || path.len == 1)
		return 0;
	policy_decide(policy, path, true, &decision);
	if (decision.in_scope)
		return 0;
	r = policy_dir_new(policy, NULL, path_parent(path), &dir, err);
	if (r < 0)
		return r;
	*ret_reached = policy_dir_may_enter(dir, path);
	return 0;
}

/* The id's kind, "uuid" or "fsid": what stands in front of the colon. */
static struct bytes id_kind(struct bytes id)
{
	const unsigned char *colon = id.len ? memchr(id.data, ':', id.len) : NULL;

	return (struct bytes){ id.data, colon ? (size_t)(colon - id.data) : 0 };
}

/* These make a new id at each mount. */
static bool id_lasts(struct bytes fstype)
{
	static const char *const passing[] = { "tmpfs", "ramfs", "devtmpfs", "overlay" };

	for (size_t i = 0; i < ARRAY_SIZE(passing); i++) {
		if (bytes_equal(fstype, bytes_of(passing[i])))
			return false;
	}
	return true;
}

static bool another_file_system(const struct mount *a, const struct mount *b)
{
	struct bytes kind = id_kind(a->id);

	return kind.len > 0 && bytes_equal(kind, id_kind(b->id)) && id_lasts(a->fstype) && !bytes_equal(a->id, b->id);
}

static const char *reason_of(const struct mount *a, const struct mount *b)
{
	if (!b)
		return "a mount is missing: what it held could not be examined";
	if (!a)
		return "a mount was laid over it: what it hides could not be examined";
	return "another type of file system is mounted here: what was here could not be examined";
}

static int report_mount(const struct mounts_run *run, const struct mount *a, const struct mount *b, struct err *err)
{
	const struct change change = {
		.kind = CHANGE_CHANGED,
		.severity = SEVERITY_CRITICAL,
		.mount_before = a,
		.mount_after = b,
		.path = b ? b->path : a->path,
	};
	const struct unexamined unexamined = { 'b', change.path, bytes_of(reason_of(a, b)) };
	bool reached;
	int r;

	r = is_reached(run->policy, change.path, &reached, err);
	if (r < 0 || !reached)
		return r;
	run->counts->changed++;
	r = run->sink->change(run->sink->context, &change, err);
	if (r < 0)
		return r;
	if (a && b && bytes_equal(a->fstype, b->fstype))
		return 0;
	if (buf_add(run->blind, &change.path, sizeof(change.path)) < 0)
		return err_nomem(err);
	run->counts->unexamined++;
	return run->sink->unexamined(run->sink->context, &unexamined, err);
}

int diff_mounts(const struct policy *policy, const struct mount *a, size_t a_count, const struct mount *b,
		size_t b_count, const struct diff_sink *sink, struct buf *ret_blind, struct diff_counts *counts,
		struct err *err)
{
	const struct mounts_run run = { policy, sink, ret_blind, counts };
	size_t i = 0, j = 0;

	while (i < a_count || j < b_count) {
		int order;
		int r = 0;

		if (i == a_count || j == b_count)
			order = i == a_count ? 1 : -1;
		else
			order = path_compare(a[i].path, b[j].path);
		if (order < 0)
			r = report_mount(&run, &a[i], NULL, err);
		else if (order > 0)
			r = report_mount(&run, NULL, &b[j], err);
		else if (!bytes_equal(a[i].fstype, b[j].fstype) || another_file_system(&a[i], &b[j]))
			r = report_mount(&run, &a[i], &b[j], err);
		if (r < 0)
			return r;
		i += order <= 0;
		j += order >= 0;
	}
	return 0;
}
