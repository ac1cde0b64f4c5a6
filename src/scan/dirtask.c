/*
 * dirtask.c - see dirtask.h.
 *
 * All results are the worker's own until they are published, so that a worker that hangs can be left behind.
 */
#include "scan/dirtask.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "scan/dirjob.h"
#include "scan/mountrule.h"
#include "scan/stall.h"
#include "scan/starts.h"
#include "sys/file.h"

static void job_done(struct dirjob *job)
{
	fdcache_unpin(&job->worker->pool->fds, &job->dir);
}

/* A name while it is decided what becomes of it. */
struct candidate {
	const struct listed_name *name;
	struct bytes path;
	struct decision decision;
	bool is_dir, enter;
	bool on_way; /* only there because a start lies below */
	bool asked; /* it is a start */
	bool past; /* it is not behind options.after */
	size_t start_low, start_high; /* those below it */
};

static void decide(const struct dirjob *job, struct candidate *candidate, bool is_dir)
{
	const struct policy_dir *policy_dir = job->node->policy_dir;

	candidate->is_dir = is_dir;
	if (candidate->on_way) {
		candidate->decision = (struct decision){ .in_scope = false };
		candidate->enter = is_dir;
		return;
	}
	policy_dir_decide(policy_dir, candidate->path, is_dir, &candidate->decision);
	candidate->enter = is_dir && policy_dir_may_enter(policy_dir, candidate->path);
}

static bool is_wanted(const struct dirjob *job, const struct candidate *candidate)
{
	if (candidate->decision.in_scope)
		return true;
	if (candidate->decision.excluded)
		(void)atomic_fetch_add_explicit(&job->worker->pool->stats.excluded, 1, memory_order_relaxed);
	return candidate->enter;
}

static enum content_want want_of(const struct shared *shared, const struct candidate *candidate,
				 const struct entry *entry)
{
	if (entry->type != TYPE_FILE || shared->options.metadata_only)
		return WANT_NOTHING;
	return content_wanted(&candidate->decision, entry_is_program(entry));
}

/* Of a directory that is entered: are only the names on the way to starts wanted? */
static bool is_partial(const struct shared *shared, const struct candidate *candidate)
{
	switch (shared->options.depth) {
	case SCAN_SELF:
		return true;
	case SCAN_CHILDREN:
		return !candidate->asked;
	case SCAN_BELOW:
	default:
		return candidate->on_way;
	}
}

static struct node *make_subdir(const struct dirjob *job, const struct candidate *candidate, const struct child *child,
				const struct mountrule *rule)
{
	struct node *node = node_new(job->node, child->name, candidate->name->len);
	bool crossed = rule->verdict == MOUNT_CROSS;

	if (!node)
		return NULL;
	node->inode = child->entry.inode;
	node->dev_major = child->entry.dev_major;
	node->dev_minor = child->entry.dev_minor;
	node->disk = crossed ? rule->disk : job->node->disk;
	node->same_fs = child->same_fs;
	node->partial = is_partial(job->shared, candidate);
	node->start_low = candidate->start_low;
	node->start_high = candidate->start_high;
	return node;
}

/* A directory that is delivered and not listed: whether it could be is part of its entry. 1, 0 it is gone, -1,
 * -ECANCELED. */
static int try_open(struct dirjob *job, struct arena *arena, struct child *child)
{
	struct entry *entry = &child->entry;
	int fd;

	worker_block(job->worker);
	fd = sys_open_dir(job->dir.fd, child->name);
	if (fd >= 0)
		(void)close(fd);
	if (!worker_unblock(job->worker))
		return -ECANCELED;
	if (fd >= 0)
		return 1;
	if (fd == -ENOENT || fd == -ENOMEM)
		return fd == -ENOENT ? 0 : -1;
	entry->none &= ~ATTR_BIT(ATTR_CONTENT);
	entry->failed |= ATTR_BIT(ATTR_CONTENT);
	if (entry->problem.len == 0)
		entry->problem = fd == -ENOTDIR || fd == -ELOOP ? bytes_of("changed while it was read")
								: meta_problem(arena, "cannot list", -fd);
	return entry->problem.len ? 1 : -1;
}

/* A directory that may be entered. As place(). */
static int place_dir(struct dirjob *job, const struct candidate *candidate, const struct mountrule *rule,
		     struct arena *arena, struct child *child)
{
	bool partial = is_partial(job->shared, candidate);
	int r;

	if (!partial || candidate->start_low < candidate->start_high) {
		child->subdir = make_subdir(job, candidate, child, rule);
		if (!child->subdir)
			return -1;
	}
	if (!partial || candidate->on_way || candidate->past)
		return child->subdir != NULL;
	r = try_open(job, arena, child);
	if (r <= 0 && child->subdir)
		node_unrefp(&child->subdir);
	return r;
}

/* The entry is there: 1 keep it, 0 drop it, -1 when memory is short, -ECANCELED. */
static int place(struct dirjob *job, struct candidate *candidate, const struct meta_raw *raw, struct arena *arena,
		 struct child *child)
{
	struct pool *pool = job->worker->pool;
	struct mountrule rule = { .verdict = MOUNT_NONE };
	bool is_dir = child->entry.type == TYPE_DIR, failed = raw->stat_error < 0;

	if (!failed && mountrule_judge(job->shared, candidate->path, raw, &job->worker->scratch, &rule) < 0)
		return -1;
	if (rule.verdict == MOUNT_SKIP) {
		(void)atomic_fetch_add_explicit(&pool->stats.mounts_skipped, 1, memory_order_relaxed);
		return 0;
	}
	if (!failed && is_dir != candidate->is_dir) {
		decide(job, candidate, is_dir);
		if (!is_wanted(job, candidate))
			return 0;
	}
	if (rule.verdict == MOUNT_NEW) {
		meta_unknown("a file system was mounted here during the scan", is_dir ? DT_DIR : DT_REG, &child->entry);
		candidate->enter = false;
	}
	child->silent = !candidate->decision.in_scope;
	child->same_fs = rule.verdict == MOUNT_CROSS ? rule.same_fs : job->node->same_fs;
	child->want = child->entry.failed & ATTR_BIT(ATTR_CONTENT) ? WANT_NOTHING
								   : want_of(job->shared, candidate, &child->entry);
	child->severity = candidate->decision.severity;
	child->past = candidate->past;
	if (candidate->enter && is_dir)
		return place_dir(job, candidate, &rule, arena, child);
	return !child->past && (!child->silent || child->entry.failed);
}

static int set_path(struct dirjob *job, size_t index, struct candidate *candidate)
{
	const struct listing *listing = &job->node->listing;
	const char *name = listing_name(listing, index);
	struct buf *path = &job->worker->path;

	*candidate = (struct candidate){ .name = &listing->names[index] };
	path->len = job->path_len;
	if (buf_add_byte(path, '/') < 0 || buf_add(path, name, candidate->name->len) < 0)
		return -1;
	candidate->path = (struct bytes){ path->data, path->len };
	candidate->start_low = job->node->start_low;
	candidate->start_high = job->node->start_high;
	if (candidate->start_low < candidate->start_high)
		candidate->asked =
			starts_narrow(job->shared, candidate->path, &candidate->start_low, &candidate->start_high);
	candidate->on_way = job->node->partial && !candidate->asked;
	candidate->past = starts_is_past(job->shared, candidate->path);
	return 0;
}

/* All of it stands before options.after: what TYPE (DT_*) it is matters when something in it may not. */
static bool is_wholly_past(const struct dirjob *job, const struct candidate *candidate, uint8_t type)
{
	return candidate->past &&
	       ((type != DT_DIR && type != DT_UNKNOWN) || starts_is_past_below(job->shared, candidate->path));
}

/* Names that gave no answer are not asked again; too many of them, and the directory is not asked at all. */
static bool is_stuck(const struct dirjob *job, size_t index)
{
	return job->node->stuck_name == index + 1 ||
	       atomic_load_explicit(&job->node->stalls, memory_order_relaxed) >= POOL_NODE_STALLS_MAX;
}

/* One name: 1 an entry is in *CHILD, 0 none, -1, -ECANCELED. */
static int examine(struct dirjob *job, size_t index, struct arena *arena, struct child *child)
{
	struct worker *worker = job->worker;
	struct candidate candidate;
	struct meta_raw raw;
	uint8_t type;

	if (set_path(job, index, &candidate) < 0)
		return -1;
	type = candidate.name->type;
	if (is_wholly_past(job, &candidate, type))
		return 0;
	decide(job, &candidate, type == DT_DIR);
	if (type != DT_UNKNOWN && !is_wanted(job, &candidate))
		return 0;
	*child = (struct child){ .name = listing_name(&job->node->listing, index) };
	if (is_stuck(job, index)) {
		meta_unknown(stall_problem, type, &child->entry);
		return !candidate.past;
	}
	atomic_store_explicit(&worker->at, index, memory_order_relaxed);
	worker_block(worker);
	meta_ask(&job->dir, child->name, job->in_cwd, &worker->space, &raw);
	if (!worker_unblock(worker))
		return -ECANCELED;
	if (raw.stat_error == -ENOENT || (candidate.on_way && raw.stat_error == -ENOTDIR))
		return 0;
	if (meta_entry(&raw, &worker->space, &job->shared->names, type, arena, &child->entry) < 0)
		return -1;
	if (type == DT_UNKNOWN && raw.stat_error == 0) {
		decide(job, &candidate, child->entry.type == TYPE_DIR);
		if (!is_wanted(job, &candidate))
			return 0;
	}
	return place(job, &candidate, &raw, arena, child);
}

static int examine_chunk(struct dirjob *job, size_t first)
{
	size_t left = job->node->listing.count - first, count = left < CHUNK_ENTRIES ? left : CHUNK_ENTRIES;
	CLEANUP(chunk_unrefp) struct chunk *chunk = chunk_new(count);
	size_t index = first;
	int r;

	if (!chunk)
		return -1;
	for (; index < first + count && chunk->arena.total < CHUNK_BYTES; index++) {
		r = examine(job, index, &chunk->arena, &chunk->children[chunk->count]);
		if (r < 0)
			return r;
		chunk->count += (size_t)r;
		if (index % 64 == 63 && worker_must_stop(job->worker))
			return -ECANCELED;
	}
	chunk->end = index;
	return pool_publish_chunk(job->worker->pool, job->node, STEAL(chunk));
}

/* Opens the directory when it was listed long ago, and goes there where that saves a path. */
static int enter(struct dirjob *job)
{
	struct worker *worker = job->worker;
	int r = 0;

	worker_block(worker);
	if (!job->dir.node)
		r = fdcache_pin(&worker->pool->fds, job->node, &job->dir);
	if (r == 0 && job->dir.by_name && worker->space.own_cwd)
		job->in_cwd = fchdir(job->dir.fd) == 0;
	if (!worker_unblock(worker))
		return -ECANCELED;
	return r;
}

/* A directory that cannot be opened (any more): its remaining names are gone or unexamined, one by one. */
static int pass_over(struct dirjob *job, size_t first, int failure)
{
	size_t left = job->node->listing.count - first, count = left < CHUNK_ENTRIES ? left : CHUNK_ENTRIES;
	CLEANUP(chunk_unrefp) struct chunk *chunk = chunk_new(count);

	if (!chunk)
		return -1;
	for (size_t i = 0; i < count && failure != -ENOENT; i++) {
		struct child *child = &chunk->children[chunk->count];
		struct candidate candidate;
		struct bytes problem = meta_problem(&chunk->arena, "cannot open its directory", -failure);

		if (problem.len == 0 || set_path(job, first + i, &candidate) < 0)
			return -1;
		decide(job, &candidate, candidate.name->type == DT_DIR);
		if (candidate.past || (!candidate.decision.in_scope && !candidate.on_way))
			continue;
		*child = (struct child){ .name = listing_name(&job->node->listing, first + i) };
		meta_unknown("", candidate.name->type, &child->entry);
		child->entry.problem = problem;
		chunk->count++;
	}
	chunk->end = first + count;
	return pool_publish_chunk(job->worker->pool, job->node, STEAL(chunk));
}

int dirtask_run(struct worker *worker, struct node *node)
{
	CLEANUP(job_done) struct dirjob job = { .worker = worker, .shared = worker->pool->shared, .node = node };
	size_t first = node->next_name;
	int r = 0;

	if (node_path(node, NULL, &worker->path) < 0)
		return -1;
	job.path_len = worker->path.len;
	atomic_store_explicit(&worker->at, first, memory_order_relaxed);
	if (atomic_load_explicit(&node->listed, memory_order_acquire) == LISTED_NO)
		r = dirlist_run(&job);
	if (r < 0 || node->listing.count == 0)
		return r;
	r = enter(&job);
	if (r == -ECANCELED || r == -ENOMEM)
		return r;
	return r < 0 ? pass_over(&job, first, r) : examine_chunk(&job, first);
}
