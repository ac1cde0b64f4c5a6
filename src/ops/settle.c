/*
 * settle.c - a first generation made while the tree changes: what changed is examined again until nothing does; see tally/settled.h.
 *
 * Paths are examined together with all directories above them, by one scan: what is put then has its ancestors beside
 * it, and what is gone takes everything below it along. So no row is ever left without those above it.
 */
#include "tally/settled.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "ops/first.h"

enum { BATCH_PATHS = 1024 };

static struct bytes *bytes_in(const struct buf *buf)
{
	return (struct bytes *)(void *)buf->data;
}

/* PATH and what is above it. Stops where the path before has it already: beside or below one another they share it. */
static int add_with_ancestors(struct buf *batch, struct bytes path, struct bytes before)
{
	for (;;) {
		if (before.len && path_covers(path, before))
			return 0;
		if (buf_add(batch, &path, sizeof(path)) < 0)
			return -1;
		if (path.len == 1)
			return 0;
		path = path_parent(path);
	}
}

/* "/a-b" stands between "/a" and "/a/b", so that some came twice. */
static void sort_unique(struct buf *batch)
{
	struct bytes *paths = bytes_in(batch);
	size_t count = batch->len / sizeof(struct bytes), kept = 0;

	path_sort(paths, count);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !bytes_equal(paths[kept - 1], paths[i]))
			paths[kept++] = paths[i];
	batch->len = kept * sizeof(struct bytes);
}

static int make_batch(const struct bytes *paths, size_t count, struct buf *batch, struct err *err)
{
	struct bytes before = { NULL, 0 };

	buf_clear(batch);
	for (size_t i = 0; i < count; i++) {
		if (!path_valid(paths[i]))
			return err_set(err, ERR_USAGE, "a path that changed is not absolute and normal");
		if (add_with_ancestors(batch, paths[i], before) < 0)
			return err_nomem(err);
		before = paths[i];
	}
	sort_unique(batch);
	return 0;
}

/* Not delivered because the policy covers it not, though it may cover something in it? By what stands there, since a scan
 * is silent about such a directory. */
static bool is_on_way(const struct policy *policy, struct bytes path)
{
	char name[PATH_MAX];
	struct decision decision;
	struct stat status;

	policy_decide(policy, path, true, &decision);
	if (decision.in_scope)
		return false;
	if (path.len >= sizeof(name))
		return true;
	memcpy(name, path.data, path.len);
	name[path.len] = '\0';
	if (fstatat(AT_FDCWD, name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return errno != ENOENT && errno != ENOTDIR;
	return S_ISDIR(status.st_mode);
}

static int record_gone(struct baseline_writer *writer, const struct policy *policy, struct bytes path, struct err *err)
{
	int r = baseline_writer_remove(writer, path, err);

	if (r < 0 && r != ERR_NOINPUT)
		return r;
	return is_on_way(policy, path) ? 0 : baseline_writer_remove_below(writer, path, err);
}

static int record_present(struct baseline_writer *writer, const struct entry *entry, struct err *err)
{
	bool is_dir = (entry->value & ATTR_BIT(ATTR_TYPE)) && entry->type == TYPE_DIR;
	int r = baseline_writer_put(writer, entry, err);

	return r < 0 || is_dir ? r : baseline_writer_remove_below(writer, entry->path, err);
}

/* What the scan does not deliver is gone, or is not to be recorded. */
static int record(struct pairs *scan, struct baseline_writer *writer, const struct scan_options *options,
		  struct err *err)
{
	const struct bytes *paths = options->paths;
	size_t count = options->path_count;
	struct pair pair;
	size_t at = 0;
	int r;

	while ((r = pairs_next(scan, &pair, err)) > 0) {
		for (; r > 0 && at < count && path_compare(paths[at], pair.b->path) < 0; at++)
			r = record_gone(writer, options->policy, paths[at], err) < 0 ? err->code : 1;
		if (r > 0)
			r = record_present(writer, pair.b, err);
		if (r < 0)
			return r;
		at += at < count && bytes_equal(paths[at], pair.b->path);
	}
	for (; r == 0 && at < count; at++)
		r = record_gone(writer, options->policy, paths[at], err);
	return r;
}

static int examine(const struct scan_options *options, struct baseline_writer *writer, const struct buf *batch,
		   struct err *err)
{
	CLEANUP(pairs_freep) struct pairs *scan = NULL;
	struct scan_options again = *options;
	int r;

	again.depth = SCAN_SELF;
	again.paths = bytes_in(batch);
	again.path_count = batch->len / sizeof(struct bytes);
	r = scan_new(&again, &scan, err);
	return r < 0 ? r : record(scan, writer, &again, err);
}

struct settling {
	struct sys_mounts system;
	const struct talk *talk;
	const struct init_settle *settle;
};

static int until_settled(const struct scan_options *options, struct baseline_writer *writer,
			 const struct init_settle *settle, struct err *err)
{
	CLEANUP(buf_done) struct buf batch = BUF_INIT;
	const struct bytes *paths;
	size_t count;
	int r;

	while ((r = settle->changed(settle->context, &paths, &count, err)) > 0) {
		for (size_t at = 0; at < count && r >= 0; at += BATCH_PATHS) {
			r = make_batch(paths + at, count - at < BATCH_PATHS ? count - at : BATCH_PATHS, &batch, err);
			if (r == 0)
				r = examine(options, writer, &batch, err);
		}
		if (r < 0)
			return r;
	}
	return r;
}

static int record_settled(void *context, const struct policy *policy, struct baseline_writer *writer,
			  struct first_figures *figures, struct err *err)
{
	const struct settling *settling = context;
	const struct scan_options options = {
		.root = "/",
		.policy = policy,
		.mounts = &settling->system,
		.interrupted = settling->talk ? settling->talk->interrupted : NULL,
	};
	int r = first_scan(&options, settling->talk, writer, figures, err);

	return r < 0 ? r : until_settled(&options, writer, settling->settle, err);
}

int op_init_settled(const struct place *place, const struct talk *talk, const struct init_settle *settle,
		    struct init_result *ret_result, struct err *err)
{
	struct settling settling = { .talk = talk, .settle = settle };
	const struct first_source source = { "/", &settling.system, record_settled, &settling };
	int r = sys_mounts_load(NULL, &settling.system, err);

	if (r >= 0)
		r = first_make(place, &source, talk, ret_result, err);
	sys_mounts_done(&settling.system);
	return r;
}
