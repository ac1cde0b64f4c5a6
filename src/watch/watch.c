/* watch.c - see watch.h; what the parts are is in inner.h. */
#include "watch/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sys/file.h"
#include "watch/inner.h"

#define QUEUE_BYTES ((size_t)64 << 20)

int watch_tell_dirty(struct watch *watch, struct bytes path, uint32_t mask, bool is_dir, struct err *err)
{
	return watch->options.sink.dirty(watch->options.sink.context, path, mask, is_dir, err);
}

int watch_tell_gone(struct watch *watch, struct bytes path, struct err *err)
{
	return watch->options.sink.gone(watch->options.sink.context, path, err);
}

int watch_tell_look(struct watch *watch, struct bytes path, bool below, struct err *err)
{
	return watch->options.sink.look(watch->options.sink.context, path, below, err);
}

static int open_root(struct watch *watch, struct err *err)
{
	struct node *root = nodes_at(&watch->nodes, NODE_ROOT);
	struct statx stat;
	int r;

	watch->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (watch->root_fd < 0)
		return err_errno(err, errno, "cannot open '/'");
	r = sys_stat(watch->root_fd, "", &stat);
	if (r < 0)
		return err_errno(err, -r, "cannot examine '/'");
	root->inode = stat.stx_ino;
	root->device = stat_device(&stat);
	root->severity = SEVERITY_CRITICAL;
	return 0;
}

static int open_instances(struct watch *watch, struct err *err)
{
	for (int class = 0; class < WATCH_CLASSES; class ++) {
		watch->fds[class] = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		if (watch->fds[class] < 0)
			return err_errno_as(err, ERR_IO, errno, "cannot get an inotify instance");
	}
	return marks_init(watch, err);
}

int watch_new(const struct watch_options *options, struct watch **ret_watch, struct err *err)
{
	CLEANUP(watch_freep) struct watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return err_nomem(err);
	watch->options = *options;
	watch->fds[WATCH_ROOT] = watch->fds[WATCH_OTHERS] = watch->root_fd = watch->standing.fd = -1;
	watch->mark_wd[WATCH_ROOT] = watch->mark_wd[WATCH_OTHERS] = -1;
	watch->listing = malloc(LISTING_BYTES);
	if (!watch->listing)
		return err_nomem(err);
	r = nodes_init(&watch->nodes, err);
	if (r == 0)
		r = open_root(watch, err);
	if (r == 0)
		r = open_instances(watch, err);
	if (r == 0)
		r = drain_new(watch->fds, options->queue_bytes ? options->queue_bytes : QUEUE_BYTES, &watch->drain,
			      err);
	if (r == 0)
		r = drain_start(watch->drain, err);
	if (r < 0)
		return r;
	*ret_watch = STEAL(watch);
	return 0;
}

void watch_freep(struct watch **watch)
{
	struct watch *old = STEAL(*watch);

	if (!old)
		return;
	drain_freep(&old->drain);
	for (int class = 0; class < WATCH_CLASSES; class ++)
		fd_closep(&old->fds[class]);
	standing_leave(old);
	fd_closep(&old->root_fd);
	rename_done(old);
	nodes_done(&old->nodes);
	buf_done(&old->marks);
	buf_done(&old->path);
	buf_done(&old->name);
	buf_done(&old->other);
	free(old->listing);
	free(old);
}

int watch_start(struct watch *watch, const atomic_bool *interrupted, struct err *err)
{
	int r = walk_node(watch, NODE_ROOT, WALK_DEEP, interrupted, err);

	standing_leave(watch);
	watch->retry.next_ns = time_monotonic_ns() + RETRY_NS;
	return r;
}

void watch_pause(struct watch *watch)
{
	drain_stop(watch->drain);
}

int watch_resume(struct watch *watch, struct err *err)
{
	return drain_start(watch->drain, err);
}

int watch_fd(const struct watch *watch)
{
	return drain_fd(watch->drain);
}

int watch_process(struct watch *watch, unsigned budget, struct err *err)
{
	struct drained drained;
	unsigned done = 0;
	int r = 0;

	while (r == 0 && done < budget && drain_next(watch->drain, &drained)) {
		r = event_handle(watch, &drained, err);
		done++;
	}
	watch->lost_told = false;
	standing_leave(watch); /* an open directory would keep its file system from being unmounted */
	return r < 0 ? r : done == budget;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t watch_due_ns(const struct watch *watch)
{
	return earlier(rename_due_ns(watch), earlier(loss_due_ns(watch), retry_due_ns(watch)));
}

int watch_tick(struct watch *watch, uint64_t now_ns, struct err *err)
{
	int r = rename_settle(watch, now_ns, err);

	if (r == 0)
		r = loss_step(watch, now_ns, err);
	if (r == 0)
		r = retry_step(watch, now_ns, err);
	standing_leave(watch);
	return r;
}

int watch_rule(struct watch *watch, const struct watch_options *options, struct err *err)
{
	int r;

	watch->options.policy = options->policy;
	watch->options.mounts = options->mounts;
	watch->options.blind = options->blind;
	watch->options.blind_count = options->blind_count;
	standing_leave(watch);
	r = walk_node(watch, NODE_ROOT, WALK_DEEP | WALK_LOOK, NULL, err);
	standing_leave(watch);
	return r;
}

int watch_rewalk(struct watch *watch, struct bytes path, struct err *err)
{
	CLEANUP(buf_done) struct buf name = BUF_INIT;
	uint32_t id = nodes_nearest(&watch->nodes, path);
	const struct node *node = nodes_at(&watch->nodes, id);
	int r;

	if (id == NODE_ROOT || nodes_find(&watch->nodes, path) != id)
		r = walk_node(watch, id, path.len == 1 ? WALK_DEEP | WALK_LOOK : WALK_LOOK, NULL, err);
	else if (buf_add(&name, node->name, node->name_len) < 0)
		r = err_nomem(err);
	else /* its parent knows whether it is the directory that it was */
		r = walk_child(watch, node->parent, buf_bytes(&name), WALK_LOOK, err);
	standing_leave(watch);
	return r;
}

/* Of a directory, or of anything. */
static bool holds_half(const struct watch *watch, bool of_a_file)
{
	const struct held *held = (const struct held *)(const void *)watch->held.data;

	for (size_t i = 0; i < watch->held.len / sizeof(*held); i++)
		if (!held[i].arrived && (of_a_file || held[i].is_dir))
			return true;
	return false;
}

bool watch_settled(const struct watch *watch)
{
	uint64_t now_ns = time_monotonic_ns();

	return !holds_half(watch, true) && loss_due_ns(watch) > now_ns && drain_empty(watch->drain);
}

bool watch_idle(const struct watch *watch)
{
	/* the names of a file that was renamed have been told already: its other half only makes a move of them */
	return drain_idle(watch->drain) && !holds_half(watch, false) && !loss_is_open(watch);
}

bool watch_whole(const struct watch *watch)
{
	return !loss_is_open(watch);
}

int watch_polled(struct watch *watch, size_t *cursor, struct buf *ret_path, struct err *err)
{
	uint32_t id = (uint32_t)*cursor;
	int r;

	do
		id = nodes_after(&watch->nodes, id);
	while (id && (!(nodes_at(&watch->nodes, id)->flags & (NODE_POLLED | NODE_FAILED)) ||
		      (nodes_at(&watch->nodes, id)->flags & NODE_FLOATING)));
	*cursor = id;
	if (!id)
		return 0;
	r = nodes_path(&watch->nodes, id, ret_path, err);
	return r < 0 ? r : 1;
}

void watch_coverage(const struct watch *watch, struct watch_coverage *ret_coverage)
{
	*ret_coverage = watch->coverage;
	ret_coverage->waiting_bytes = drain_waiting(watch->drain);
	ret_coverage->memory_bytes = nodes_bytes(&watch->nodes);
	ret_coverage->limit = limit_read();
}

int watch_failures(const struct watch *watch, int (*fn)(void *context, struct bytes path, const char *reason),
		   void *context)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	int told = 0, r = 0;

	for (uint32_t id = nodes_after(&watch->nodes, NODE_NONE); id && r == 0 && told < FAILURES_MAX;
	     id = nodes_after(&watch->nodes, id)) {
		const struct node *node = nodes_at(&watch->nodes, id);
		char reason[128];
		struct err err;

		if (!(node->flags & NODE_FAILED) || nodes_path(&watch->nodes, id, &path, &err) < 0)
			continue;
		r = fn(context, buf_bytes(&path), strerror_r(node->failure, reason, sizeof(reason)));
		told++;
	}
	return r;
}
