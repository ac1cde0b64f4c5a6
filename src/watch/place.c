/*
 * place.c - one directory: what it is, its watches, its names; see walk.h.
 *
 * The watch is there before the directory is read, so whatever is not seen in the reading is told by an event. In which class it is
 * watched depends on what is in it, so a directory that has no watch yet is read once more, before.
 */
#include <dirent.h>
#include <errno.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sys/file.h"
#include "watch/readdir.h"
#include "watch/walk.h"

enum { TRIES = 3 };

static bool is_loud(const struct walk *walk)
{
	return (walk->flags & (WALK_TELL | WALK_LOOK)) != 0;
}

/* --- mounts, by the rules of a scan --- */

static bool is_blind(const struct watch_options *options, struct bytes path)
{
	return path_among(path, options->blind, options->blind_count);
}

/* May be entered as far as mounts are concerned: no mount point, or one of a disk, or one that the policy names. */
static bool is_entered(const struct watch *watch, struct bytes path, const struct statx *stat)
{
	bool known = (stat->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
	const struct sys_mount *mount;

	if (is_blind(&watch->options, path))
		return false;
	if (known && !(stat->stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return true;
	if (!watch->options.mounts)
		return !known;
	mount = sys_mounts_at(watch->options.mounts, (const char *)path.data, path.len);
	if (!mount)
		return !known;
	return mount->disk || policy_names_below(watch->options.policy, path);
}

/* --- reading --- */

struct reading {
	struct walk *walk;
	struct frame *frame;
	enum foreign foreign;
	bool ask; /* what others can do here is not settled by the directory itself */
	struct err *err;
};

static int survey_name(void *context, const char *name, size_t len, unsigned char type)
{
	struct reading *reading = context;
	enum foreign foreign;
	struct statx stat;

	(void)len;
	(void)type;
	if (sys_stat(reading->frame->fd, name, &stat) < 0)
		return 0;
	foreign = foreign_of_name(&stat);
	if (foreign > reading->foreign)
		reading->foreign = foreign;
	return reading->foreign == FOREIGN_ALL;
}

/* Which class, before there is a watch. */
static enum foreign survey(struct walk *walk, struct frame *frame, const struct statx *stat)
{
	struct reading reading = { .walk = walk, .frame = frame, .foreign = foreign_of_dir(stat) };
	int failure;

	if (reading.foreign != FOREIGN_ALL)
		(void)readdir_each(frame->fd, walk->watch->listing, LISTING_BYTES, survey_name, &reading, &failure);
	return reading.foreign;
}

static int keep_name(struct reading *reading, struct bytes name)
{
	struct nodes *nodes = &reading->walk->watch->nodes;
	uint32_t child = nodes_child(nodes, reading->frame->node, name);

	if (child)
		nodes_at(nodes, child)->flags |= NODE_SEEN;
	if (buf_add(&reading->frame->names, name.data, name.len) < 0 || buf_add_byte(&reading->frame->names, '\0') < 0)
		return err_nomem(reading->err);
	return 0;
}

static int read_name(void *context, const char *name, size_t len, unsigned char type)
{
	struct reading *reading = context;
	struct walk *walk = reading->walk;
	struct bytes text = { (const unsigned char *)name, len };
	bool is_dir = type == DT_DIR;
	struct statx stat;
	int r;

	if ((reading->ask && reading->foreign != FOREIGN_ALL) || type == DT_UNKNOWN) {
		r = sys_stat(reading->frame->fd, name, &stat);
		if (r == 0 && reading->ask && foreign_of_name(&stat) > reading->foreign)
			reading->foreign = foreign_of_name(&stat);
		is_dir = r == 0 ? S_ISDIR(stat.stx_mode) : is_dir;
	}
	walk->path.len = reading->frame->path_len;
	if (buf_add_byte(&walk->path, '/') < 0 || buf_add(&walk->path, name, len) < 0)
		return err_nomem(reading->err);
	if (walk->path.len > PATH_MAX_BYTES)
		return 0;
	if (walk->flags & WALK_TELL) {
		r = watch_tell_dirty(walk->watch, buf_bytes(&walk->path), 0, is_dir, reading->err);
		if (r < 0)
			return r;
	}
	if (is_dir && policy_dir_may_enter(reading->frame->policy_dir, buf_bytes(&walk->path)))
		return keep_name(reading, text);
	return 0;
}

/* Children that are not there any more, or are not to be watched. */
static int drop_unseen(struct walk *walk, uint32_t id, struct err *err)
{
	struct nodes *nodes = &walk->watch->nodes;
	uint32_t child = nodes_at(nodes, id)->child, next;
	int r = 0;

	for (; child && r == 0; child = next) {
		next = nodes_at(nodes, child)->next;
		if (!(nodes_at(nodes, child)->flags & NODE_SEEN))
			r = attach_drop(walk->watch, child, is_loud(walk), err);
		else
			nodes_at(nodes, child)->flags &= (uint8_t)~NODE_SEEN;
	}
	return r;
}

/* FRESH: the watch is new. Of an old one events have told what others may do here, unless some were lost. */
static int read_names(struct walk *walk, const struct statx *stat, bool fresh, struct err *err)
{
	struct frame *frame = &walk->frames[walk->depth - 1];
	struct watch *watch = walk->watch;
	struct reading reading = { .walk = walk, .frame = frame, .foreign = foreign_of_dir(stat), .err = err };
	int failure, r;

	reading.ask = reading.foreign != FOREIGN_ALL && (fresh || (is_loud(walk) && !(walk->flags & WALK_DEEP)));
	if (reading.foreign != FOREIGN_ALL && !reading.ask)
		reading.foreign = (enum foreign)nodes_at(&watch->nodes, frame->node)->foreign;
	r = readdir_each(frame->fd, watch->listing, LISTING_BYTES, read_name, &reading, &failure);
	if (r < 0)
		return r;
	if (failure < 0 && failure != -ENOENT) {
		attach_failed(watch, frame->node, -failure);
		return 0;
	}
	r = drop_unseen(walk, frame->node, err);
	if (r < 0 || !is_watched(nodes_at(&watch->nodes, frame->node)) ||
	    nodes_at(&watch->nodes, frame->node)->foreign == reading.foreign)
		return r;
	r = attach_set(watch, frame->node, frame->fd, reading.foreign, err);
	if (r < 0 || !is_loud(walk))
		return r;
	/* what the queue that it leaves had lost is looked for in the directories that are in it by then, so not here any more */
	walk->path.len = frame->path_len;
	return watch_tell_look(watch, walk->path.len ? buf_bytes(&walk->path) : bytes_of("/"), false, err);
}

int place_dir(struct walk *walk, const struct statx *stat, bool fresh, struct err *err)
{
	struct frame *frame = &walk->frames[walk->depth - 1];
	struct node *node = nodes_at(&walk->watch->nodes, frame->node);
	bool watched = is_watched(node);
	int r;

	node->inode = stat->stx_ino;
	node->device = stat_device(stat);
	if (marks_is_dir(walk->watch, stat))
		node->flags |= NODE_OURS;
	r = attach_set(walk->watch, frame->node, frame->fd,
		       watched ? (enum foreign)node->foreign : survey(walk, frame, stat), err);
	/* it had no watch until now: what happened to its names since it was last polled nobody tells */
	if (r == 0 && !watched && is_watched(nodes_at(&walk->watch->nodes, frame->node)) && (walk->flags & WALK_LOOK)) {
		walk->path.len = frame->path_len;
		r = watch_tell_look(walk->watch, walk->path.len ? buf_bytes(&walk->path) : bytes_of("/"), false, err);
	}
	return r < 0 ? r : read_names(walk, stat, fresh || !watched, err);
}

/* --- one name --- */

/* Opens the directory NAME and makes sure that what was judged by its mount is what was opened. 1, 0: nothing to enter stands there,
 * or a negative errno. */
static int open_name(const struct walk *walk, const struct frame *frame, const char *name, int *ret_fd,
		     struct statx *ret_stat)
{
	for (int tries = 0; tries < TRIES; tries++) {
		CLEANUP(fd_closep) int fd = -1;
		struct statx stat;

		if (sys_stat(frame->fd, name, &stat) < 0 || !S_ISDIR(stat.stx_mode) ||
		    !is_entered(walk->watch, buf_bytes(&walk->path), &stat))
			return 0;
		*ret_stat = stat;
		fd = sys_open_dir(frame->fd, name);
		if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP)
			return fd;
		if (fd < 0 || sys_stat(fd, "", ret_stat) < 0)
			continue;
		if (ret_stat->stx_ino == stat.stx_ino && stat_device(ret_stat) == stat_device(&stat)) {
			*ret_fd = STEAL_FD(fd);
			return 1;
		}
	}
	return 0; /* it is being replaced all the time: each time there are events */
}

static uint8_t severity_of(const struct walk *walk, const struct policy_dir *above, const struct policy_dir *within,
			   struct bytes path, struct buf *space)
{
	const struct policy *policy = walk->watch->options.policy;
	struct decision itself, typical = { .in_scope = false };
	int severity = SEVERITY_INFO;

	/* what leads to a root must not be lost: the root may be taken away there */
	for (size_t i = 0; i < policy_root_count(policy); i++) {
		struct bytes root = bytes_of(policy_root(policy, i));

		if (root.len > path.len && path_covers(path, root))
			return SEVERITY_CRITICAL;
	}
	policy_dir_decide(above, path, true, &itself);
	buf_clear(space);
	if (buf_add(space, path.data, path.len) == 0 && buf_add_str(space, "/a typical name") == 0)
		policy_dir_decide(within, buf_bytes(space), false, &typical);
	if (itself.in_scope)
		severity = (int)itself.severity;
	if (typical.in_scope && (int)typical.severity > severity)
		severity = (int)typical.severity;
	return (uint8_t)severity;
}

static void set_severity(struct watch *watch, uint32_t id, uint8_t severity)
{
	struct node *node = nodes_at(&watch->nodes, id);
	struct covered before = attach_covered(node);

	node->severity = severity;
	attach_recount(watch, before, attach_covered(node));
}

/*
 * The kernel gave a watch that another node has: the same directory, seen through a bind mount, or before it moved here. Then that
 * node takes the place of the new one, with all that is known below it.
 */
static int settle_twins(struct walk *walk, struct frame *frame, struct bytes name, struct err *err)
{
	struct watch *watch = walk->watch;
	struct nodes *nodes = &watch->nodes;
	enum watch_class class = class_of(nodes_at(nodes, frame->node));
	int32_t wd = nodes_at(nodes, frame->node)->wd[class];
	uint32_t parent = nodes_at(nodes, frame->node)->parent, twin;
	int r;

	for (twin = wd < 0 ? NODE_NONE : nodes_by_wd(nodes, class, wd); twin;
	     twin = nodes_next_by_wd(nodes, class, twin))
		if (twin != frame->node && !nodes_is_above(nodes, twin, parent) && !standing_leads(watch, twin))
			break;
	if (!twin)
		return 0;
	r = is_loud(walk) ? nodes_path(nodes, twin, &watch->other, err) : 0;
	if (r == 0 && is_loud(walk))
		r = watch_tell_gone(watch, buf_bytes(&watch->other), err);
	if (r == 0)
		r = attach_drop(watch, frame->node, false, err);
	if (r < 0)
		return r;
	rename_forget(watch, twin);
	standing_leave(watch);
	frame->node = twin;
	return nodes_move(nodes, twin, parent, name, err);
}

/* The directory is open and its frame on top of the stack. */
static int place_open(struct walk *walk, bool is_new, struct bytes name, const struct statx *stat, uint8_t severity,
		      struct err *err)
{
	struct frame *frame = &walk->frames[walk->depth - 1];
	struct node *node = nodes_at(&walk->watch->nodes, frame->node);
	int r;

	if (is_new) {
		node->inode = stat->stx_ino;
		node->device = stat_device(stat);
		node->severity = severity;
		if (marks_is_dir(walk->watch, stat))
			node->flags |= NODE_OURS;
		r = attach_set(walk->watch, frame->node, frame->fd, survey(walk, frame, stat), err);
		if (r == 0)
			r = settle_twins(walk, frame, name, err);
		if (r < 0)
			return r;
	}
	set_severity(walk->watch, frame->node, severity);
	return place_dir(walk, stat, is_new, err);
}

int place_name(struct walk *walk, struct bytes name, struct err *err)
{
	CLEANUP(policy_dir_freep) struct policy_dir *policy_dir = NULL;
	CLEANUP(buf_done) struct buf copy = BUF_INIT;
	struct watch *watch = walk->watch;
	struct frame *frame = &walk->frames[walk->depth - 1];
	uint32_t id = nodes_child(&watch->nodes, frame->node, name), parent = frame->node;
	bool deep = frame->deep, is_new;
	uint8_t severity;
	struct statx stat;
	int fd = -1, found, r = 0;

	if (buf_add(&copy, name.data, name.len) < 0 || !buf_str(&copy))
		return err_nomem(err);
	name = buf_bytes(&copy);
	found = open_name(walk, frame, (const char *)copy.data, &fd, &stat);
	if (id && (found == 0 || (found > 0 && !standing_is(nodes_at(&watch->nodes, id), &stat)))) {
		r = attach_drop(watch, id, is_loud(walk), err);
		id = NODE_NONE;
	}
	is_new = id == NODE_NONE;
	if (found > 0 && r == 0 && (is_new || deep))
		r = policy_dir_new(watch->options.policy, frame->policy_dir, buf_bytes(&walk->path), &policy_dir, err);
	if (found == 0 || r < 0 || (!is_new && !deep)) {
		fd_closep(&fd);
		return r;
	}
	if (is_new)
		r = nodes_add(&watch->nodes, parent, name, &id, err);
	if (r == 0 && found < 0)
		attach_failed(watch, id, -found);
	if (r < 0 || found < 0) {
		fd_closep(&fd);
		return r;
	}
	severity = severity_of(walk, frame->policy_dir, policy_dir, buf_bytes(&walk->path), &watch->other);
	r = walk_push(walk, id, fd, STEAL(policy_dir), walk->path.len, true, err);
	if (r == 0)
		r = place_open(walk, is_new, name, &stat, severity, err);
	if (r == 0 && is_new && (walk->flags & WALK_LOOK)) {
		walk->path.len = walk->frames[walk->depth - 1].path_len;
		r = watch_tell_look(watch, buf_bytes(&walk->path), true, err);
	}
	return r;
}
