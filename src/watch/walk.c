/* walk.c - see walk.h and inner.h. */
#include "watch/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sys/file.h"

static void frame_done(struct frame *frame)
{
	fd_closep(&frame->fd);
	policy_dir_freep(&frame->policy_dir);
	buf_done(&frame->names);
}

static void walk_done(struct walk *walk)
{
	while (walk->depth > 0)
		frame_done(&walk->frames[--walk->depth]);
	free(walk->frames);
	buf_done(&walk->path);
}

int walk_push(struct walk *walk, uint32_t id, int fd, struct policy_dir *policy_dir, size_t path_len, bool deep,
	      struct err *err)
{
	struct frame frame = { .node = id, .fd = fd, .policy_dir = policy_dir, .path_len = path_len, .deep = deep };

	if (walk->depth == walk->capacity) {
		size_t capacity = walk->capacity ? walk->capacity * 2 : 32;
		struct frame *frames = reallocarray(walk->frames, capacity, sizeof(*frames));

		if (!frames) {
			frame_done(&frame);
			return err_nomem(err);
		}
		walk->frames = frames;
		walk->capacity = capacity;
	}
	walk->frames[walk->depth++] = frame;
	if (walk->depth > FRAME_FDS)
		fd_closep(&walk->frames[walk->depth - 1 - FRAME_FDS].fd);
	return 0;
}

/* The frame that the walk comes back to needs its descriptor again. */
static void reopen_above(struct walk *walk, int below_fd)
{
	struct frame *frame = &walk->frames[walk->depth - 2];
	CLEANUP(fd_closep) int fd = -1;
	struct statx stat;

	if (frame->fd >= 0 || frame->at >= frame->names.len)
		return;
	fd = below_fd < 0 ? -1 : sys_open_path(below_fd, "..");
	if (fd < 0 || sys_stat(fd, "", &stat) < 0 || !standing_is(nodes_at(&walk->watch->nodes, frame->node), &stat)) {
		int standing = standing_at(walk->watch, frame->node);

		fd_closep(&fd);
		fd = standing < 0 ? -1 : fcntl(standing, F_DUPFD_CLOEXEC, 0);
	}
	/* moved away in the meantime: its own events will say where to */
	if (fd < 0)
		frame->at = frame->names.len;
	frame->fd = STEAL_FD(fd);
}

static void pop(struct walk *walk)
{
	struct frame *frame = &walk->frames[walk->depth - 1];

	reopen_above(walk, frame->fd);
	frame_done(frame);
	walk->depth--;
}

static int run(struct walk *walk, struct err *err)
{
	int r;

	for (;;) {
		struct frame *frame = &walk->frames[walk->depth - 1];
		const char *name;
		size_t len;

		if (walk->interrupted && atomic_load_explicit(walk->interrupted, memory_order_relaxed))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		walk->path.len = frame->path_len;
		if (frame->at >= frame->names.len) {
			if (walk->depth == 1)
				return 0;
			pop(walk);
			continue;
		}
		name = (const char *)frame->names.data + frame->at;
		len = strlen(name);
		r = buf_add_byte(&walk->path, '/') < 0 || buf_add(&walk->path, name, len) < 0 ? err_nomem(err) : 0;
		frame->at += len + 1;
		if (r == 0)
			r = place_name(walk, (struct bytes){ walk->path.data + walk->path.len - len, len }, err);
		if (r < 0)
			return r;
	}
}

static int begin(struct walk *walk, uint32_t id, struct err *err)
{
	int r = nodes_path(&walk->watch->nodes, id, &walk->path, err);

	if (r == 0 && walk->path.len == 1)
		walk->path.len = 0;
	return r;
}

static bool is_gone(int failure)
{
	return failure == -ENOENT || failure == -ESTALE || failure == -ENOTDIR || failure == -ELOOP;
}

/* Out of reach by its path: what stands there now is its parent's affair. */
static int walk_instead(struct watch *watch, uint32_t id, int failure, unsigned flags, struct err *err)
{
	CLEANUP(buf_done) struct buf name = BUF_INIT;
	const struct node *node = nodes_at(&watch->nodes, id);

	if (!is_gone(failure) || id == NODE_ROOT) {
		attach_failed(watch, id, -failure);
		return 0;
	}
	if (node->flags & NODE_FLOATING)
		return 0;
	if (buf_add(&name, node->name, node->name_len) < 0)
		return err_nomem(err);
	return walk_child(watch, node->parent, buf_bytes(&name), flags & ~(unsigned)WALK_DEEP, err);
}

int walk_node(struct watch *watch, uint32_t id, unsigned flags, const atomic_bool *interrupted, struct err *err)
{
	CLEANUP(walk_done) struct walk walk = { .watch = watch, .flags = flags, .interrupted = interrupted };
	struct policy_dir *policy_dir = NULL;
	struct statx stat;
	int fd = standing_at(watch, id), r;

	fd = fd < 0 ? fd : sys_open_dir(fd, ".");
	if (fd < 0)
		return walk_instead(watch, id, fd, flags, err);
	r = begin(&walk, id, err);
	if (r == 0)
		r = policy_dir_new(watch->options.policy, NULL, walk.path.len ? buf_bytes(&walk.path) : bytes_of("/"),
				   &policy_dir, err);
	if (r < 0) {
		fd_closep(&fd);
		return r;
	}
	r = walk_push(&walk, id, fd, policy_dir, walk.path.len, (flags & WALK_DEEP) != 0, err);
	if (r == 0 && sys_stat(fd, "", &stat) < 0)
		return 0;
	if (r == 0)
		r = place_dir(&walk, &stat, false, err);
	return r < 0 ? r : run(&walk, err);
}

/* A frame for PARENT that has this one name. The policy's knowledge of PARENT is borrowed from the standing place. */
static int begin_at_name(struct walk *walk, uint32_t parent, struct bytes name, bool *ret_enter, struct err *err)
{
	struct watch *watch = walk->watch;
	const struct policy_dir *policy_dir;
	struct frame *frame;
	int fd, r = begin(walk, parent, err);

	if (r == 0)
		r = standing_policy(watch, parent, &policy_dir, err);
	if (r < 0)
		return r;
	fd = fcntl(watch->standing.fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, errno, "cannot keep a directory open");
	r = walk_push(walk, parent, fd, STEAL(watch->standing.policy_dir), walk->path.len, true, err);
	if (r < 0)
		return r;
	frame = &walk->frames[0];
	if (buf_add(&frame->names, name.data, name.len) < 0 || buf_add_byte(&frame->names, '\0') < 0 ||
	    buf_add_byte(&walk->path, '/') < 0 || buf_add(&walk->path, name.data, name.len) < 0)
		return err_nomem(err);
	*ret_enter =
		walk->path.len <= PATH_MAX_BYTES && policy_dir_may_enter(frame->policy_dir, buf_bytes(&walk->path));
	return 0;
}

int walk_child(struct watch *watch, uint32_t parent, struct bytes name, unsigned flags, struct err *err)
{
	CLEANUP(walk_done) struct walk walk = { .watch = watch, .flags = flags };
	uint32_t child = nodes_child(&watch->nodes, parent, name);
	int fd = standing_at(watch, parent), r;
	bool enter = false;

	if (fd < 0) {
		if (!is_gone(fd))
			attach_failed(watch, parent, -fd);
		return child ? attach_drop(watch, child, flags & (WALK_TELL | WALK_LOOK), err) : 0;
	}
	r = begin_at_name(&walk, parent, name, &enter, err);
	if (r == 0 && enter)
		r = run(&walk, err);
	else if (r == 0 && child)
		r = attach_drop(watch, child, flags & (WALK_TELL | WALK_LOOK), err);
	if (r == 0 && watch->standing.id == parent && !watch->standing.policy_dir && walk.depth > 0)
		watch->standing.policy_dir = STEAL(walk.frames[0].policy_dir);
	return r;
}
