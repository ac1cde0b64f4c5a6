/* mountrule.c - see mountrule.h. */
#include "scan/mountrule.h"

static bool is_blind(const struct shared *shared, struct bytes path)
{
	size_t low = 0, high = shared->options.blind_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = path_compare(shared->options.blind[middle], path);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* The longest mount point of the reference at or above PATH. */
static const struct mount *reference_mount(const struct shared *shared, struct bytes path)
{
	const struct mount *best = NULL;

	for (size_t i = 0; i < shared->options.reference_mount_count; i++) {
		const struct mount *mount = &shared->options.reference_mounts[i];

		if (path_covers(mount->path, path) && (!best || mount->path.len > best->path.len))
			best = mount;
	}
	return best;
}

static bool is_same_fs(const struct shared *shared, struct bytes path, const struct sys_mount *mount)
{
	const struct mount *before = reference_mount(shared, path);

	return before && before->id.len > 0 && bytes_equal(before->id, bytes_of(mount->id));
}

/* Kernels before 5.8 do not say; then the table and the device number do. */
static bool is_mount_point(const struct shared *shared, const struct meta_raw *raw, const struct sys_mount *mount)
{
	if (!shared->options.mounts)
		return raw->stat.stx_dev_major != shared->dev_major || raw->stat.stx_dev_minor != shared->dev_minor;
	return raw->mount_point_known ? raw->mount_point : mount != NULL;
}

int mountrule_judge(const struct shared *shared, struct bytes path, const struct meta_raw *raw, struct buf *space,
		    struct mountrule *ret_rule)
{
	const struct sys_mount *mount = NULL;
	struct mountrule rule = { .verdict = MOUNT_NONE };

	if (shared->options.blind_count && is_blind(shared, path)) {
		*ret_rule = (struct mountrule){ .verdict = MOUNT_SKIP };
		return 0;
	}
	if (shared->options.mounts && (!raw->mount_point_known || raw->mount_point)) {
		size_t prefix = shared_prefix(shared).len;

		buf_clear(space);
		if (buf_add_str(space, shared->real_root) < 0 ||
		    buf_add(space, path.data + prefix, path.len - prefix) < 0)
			return -1;
		mount = sys_mounts_at(shared->options.mounts, (const char *)space->data, space->len);
	}
	if (is_mount_point(shared, raw, mount)) {
		if (!mount) {
			rule.verdict = shared->options.mounts ? MOUNT_NEW : MOUNT_SKIP;
		} else if (mount->disk || policy_names_below(shared->options.policy, path)) {
			rule = (struct mountrule){ MOUNT_CROSS, mount->disk, is_same_fs(shared, path, mount) };
		} else {
			rule.verdict = MOUNT_SKIP;
		}
	}
	*ret_rule = rule;
	return 0;
}

void mountrule_root(const struct shared *shared, struct mountrule *ret_rule)
{
	const char *real = shared->real_root[0] ? shared->real_root : "/";
	const struct sys_mount *mount = NULL;

	if (shared->options.mounts)
		mount = sys_mounts_of(shared->options.mounts, real, strlen(real));
	*ret_rule = (struct mountrule){ MOUNT_CROSS, mount && mount->disk,
					mount && is_same_fs(shared, shared_root(shared), mount) };
}
