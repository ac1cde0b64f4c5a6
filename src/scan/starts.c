/* starts.c - see starts.h. */
#include "scan/starts.h"

#include <dirent.h>
#include <stdlib.h>

#include "base/cleanup.h"

static int add(struct shared *shared, struct bytes path, struct err *err)
{
	if (buf_add(&shared->starts, &path, sizeof(path)) < 0)
		return err_nomem(err);
	shared->start_count++;
	return 0;
}

static int add_path(struct shared *shared, struct bytes path, struct err *err)
{
	const struct policy *policy = shared->options.policy;
	bool below = shared->options.depth == SCAN_BELOW;
	int r;

	for (size_t i = 0; i < policy_root_count(policy); i++) {
		struct bytes root = bytes_of(policy_root(policy, i));

		if (path_covers(root, path) || (!below && path_covers(path, root)))
			return add(shared, path, err);
		if (path_covers(path, root)) {
			r = add(shared, root, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int starts_find(struct shared *shared, struct err *err)
{
	const struct scan_options *options = &shared->options;
	const struct bytes everything = shared_root(shared);
	const struct bytes *paths = options->paths ? options->paths : &everything;
	size_t count = options->paths ? options->path_count : 1;
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		if (!path_valid(paths[i]))
			return err_set(err, ERR_USAGE, "a path to scan is not absolute and normal");
		if (path_covers(everything, paths[i]))
			r = add_path(shared, paths[i], err);
		else if (path_covers(paths[i], everything))
			r = add_path(shared, everything, err);
		else
			continue;
		if (r < 0)
			return r;
	}
	path_sort((struct bytes *)(void *)shared->starts.data, shared->start_count);
	return 0;
}

struct bytes starts_name(struct bytes start, size_t path_len)
{
	const unsigned char *name = start.data + path_len + 1, *end;
	size_t left = start.len - path_len - 1;

	end = left ? memchr(name, '/', left) : NULL;
	return (struct bytes){ name, end ? (size_t)(end - name) : left };
}

int starts_listing(const struct shared *shared, size_t path_len, size_t low, size_t high, struct listing *ret_listing)
{
	CLEANUP(listing_draft_done) struct listing_draft draft = { .text = BUF_INIT };
	int r;

	for (; low < high; low++) {
		struct bytes name = starts_name(shared_start(shared, low), path_len);

		r = listing_add(&draft, (const char *)name.data, name.len, DT_UNKNOWN);
		if (r < 0)
			return r;
	}
	return listing_finish(&draft, ret_listing);
}

/* The first of starts[low..high) that is not smaller than PATH with the byte LAST behind it. */
static size_t lower_bound(const struct shared *shared, struct bytes path, unsigned char last, size_t low, size_t high)
{
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct bytes start = shared_start(shared, middle);
		size_t common = start.len < path.len ? start.len : path.len;
		int order = memcmp(start.data, path.data, common);

		if (order == 0)
			order = start.len <= path.len || start.data[path.len] < last ? -1 : 1;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_start(const struct shared *shared, struct bytes path, size_t low, size_t high)
{
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = path_compare(shared_start(shared, middle), path);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool starts_narrow(const struct shared *shared, struct bytes path, size_t *low, size_t *high)
{
	bool found = is_start(shared, path, *low, *high);

	/* what lies below PATH stands together in path order, but not always right behind PATH */
	*low = lower_bound(shared, path, '/', *low, *high);
	*high = lower_bound(shared, path, '/' + 1, *low, *high);
	return found;
}

bool starts_is_past(const struct shared *shared, struct bytes path)
{
	return shared->options.after.len && path_compare(path, shared->options.after) <= 0;
}

bool starts_is_past_below(const struct shared *shared, struct bytes path)
{
	const struct bytes after = shared->options.after;
	size_t common = path.len < after.len ? path.len : after.len;
	int order = memcmp(path.data, after.data, common);

	if (order == 0) /* AFTER is PATH, PATH and more, or its beginning */
		return path.len < after.len && after.data[path.len] > '/';
	return order < 0;
}
