/*
 * rename.c - the two halves of a rename. They are neither adjacent nor atomic, may come through different queues, in either order,
 * and one of them may never come. A cookie belongs to one rename of the whole system.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "sys/file.h"
#include "watch/inner.h"

static size_t held_count(const struct watch *watch)
{
	return watch->held.len / sizeof(struct held);
}

static struct held *held_at(const struct watch *watch, size_t index)
{
	return (struct held *)(void *)watch->held.data + index;
}

static struct bytes held_path(const struct held *held)
{
	return (struct bytes){ held->path, held->path_len };
}

static struct held take(struct watch *watch, size_t index)
{
	struct held held = *held_at(watch, index);

	memmove(held_at(watch, index), held_at(watch, index + 1),
		(held_count(watch) - index - 1) * sizeof(struct held));
	watch->held.len -= sizeof(struct held);
	return held;
}

static void held_done(struct held *held)
{
	free(held->path);
}

static bool find(const struct watch *watch, uint32_t cookie, bool arrived, size_t *ret_index)
{
	for (size_t i = held_count(watch); i-- > 0;)
		if (held_at(watch, i)->cookie == cookie && held_at(watch, i)->arrived == arrived) {
			*ret_index = i;
			return true;
		}
	return false;
}

void rename_forget(struct watch *watch, uint32_t id)
{
	for (size_t i = 0; i < held_count(watch); i++)
		if (held_at(watch, i)->node == id)
			held_at(watch, i)->node = NODE_NONE;
}

void rename_done(struct watch *watch)
{
	for (size_t i = 0; i < held_count(watch); i++)
		held_done(held_at(watch, i));
	buf_done(&watch->held);
}

uint64_t rename_due_ns(const struct watch *watch)
{
	return held_count(watch) ? held_at(watch, 0)->due_ns : UINT64_MAX;
}

/* No other half came: a directory has left what is watched. */
static int settle(struct watch *watch, struct err *err)
{
	CLEANUP(held_done) struct held held = take(watch, 0);
	uint32_t parent;
	int r = 0;

	if (held.arrived || !held.is_dir)
		return 0;
	if (held.node)
		r = attach_drop(watch, held.node, false, err);
	if (r == 0)
		r = watch_tell_gone(watch, held_path(&held), err);
	parent = nodes_find(&watch->nodes, path_parent(held_path(&held)));
	/* unless something stands there again */
	if (r == 0 && parent)
		r = walk_child(watch, parent, path_name(held_path(&held)), WALK_TELL, err);
	return r;
}

int rename_settle(struct watch *watch, uint64_t now_ns, struct err *err)
{
	int r = 0;

	while (r == 0 && held_count(watch) && held_at(watch, 0)->due_ns <= now_ns)
		r = settle(watch, err);
	return r;
}

static int hold(struct watch *watch, const struct held *half, struct bytes path, struct err *err)
{
	struct held held = *half;
	int r;

	if (held_count(watch) >= HELD_MAX) {
		r = settle(watch, err);
		if (r < 0)
			return r;
	}
	held.due_ns = time_monotonic_ns() + HOLD_NS;
	held.path = malloc(path.len);
	held.path_len = path.len;
	if (!held.path)
		return err_nomem(err);
	memcpy(held.path, path.data, path.len);
	if (buf_add(&watch->held, &held, sizeof(held)) < 0) {
		free(held.path);
		return err_nomem(err);
	}
	return 0;
}

static int tell_renamed(struct watch *watch, struct bytes from, struct bytes to, bool is_dir, struct err *err)
{
	return watch->options.sink.renamed(watch->options.sink.context, from, to, is_dir, err);
}

/* Is the directory still where its node says? Then the event is of a move that was undone since. */
static bool stands(struct watch *watch, uint32_t parent, struct bytes name, uint32_t id)
{
	char text[256];
	struct statx stat;
	int fd = standing_at(watch, parent);

	if (fd < 0 || name.len >= sizeof(text))
		return false;
	memcpy(text, name.data, name.len);
	text[name.len] = '\0';
	return sys_stat(fd, text, &stat) == 0 && S_ISDIR(stat.stx_mode) &&
	       standing_is(nodes_at(&watch->nodes, id), &stat);
}

int rename_from(struct watch *watch, uint32_t parent, struct bytes name, struct bytes path, uint32_t cookie,
		bool is_dir, struct err *err)
{
	struct held half = { .cookie = cookie, .is_dir = is_dir };
	uint32_t child = parent && is_dir ? nodes_child(&watch->nodes, parent, name) : NODE_NONE;
	size_t index;
	int r;

	if (find(watch, cookie, true, &index)) {
		CLEANUP(held_done) struct held held = take(watch, index);

		r = child ? walk_child(watch, parent, name, WALK_TELL, err) : 0;
		return r < 0 ? r : tell_renamed(watch, path, held_path(&held), is_dir, err);
	}
	if (child && !stands(watch, parent, name, child)) {
		standing_leave(watch);
		r = nodes_float(&watch->nodes, child, path, err);
		if (r < 0)
			return r;
		half.node = child;
	}
	return hold(watch, &half, path, err);
}

/* The directory that floated lands, or what else stands there now. */
static int land(struct watch *watch, uint32_t node, uint32_t parent, struct bytes name, struct err *err)
{
	uint32_t there = nodes_child(&watch->nodes, parent, name);
	int r = 0;

	if (node && there)
		r = attach_drop(watch, there, true, err);
	if (node && r == 0) {
		standing_leave(watch);
		r = nodes_move(&watch->nodes, node, parent, name, err);
	}
	return r < 0 ? r : walk_child(watch, parent, name, WALK_TELL, err);
}

int rename_to(struct watch *watch, uint32_t parent, struct bytes name, struct bytes path, uint32_t cookie, bool is_dir,
	      struct err *err)
{
	struct held half = { .cookie = cookie, .is_dir = is_dir, .arrived = true };
	size_t index;
	int r = 0;

	if (!find(watch, cookie, false, &index)) {
		if (is_dir && parent)
			r = walk_child(watch, parent, name, WALK_TELL, err);
		return r < 0 ? r : hold(watch, &half, path, err);
	}
	CLEANUP(held_done) struct held held = take(watch, index);

	if (is_dir)
		r = watch_tell_gone(watch, held_path(&held), err);
	if (r == 0 && is_dir && parent)
		r = land(watch, held.node, parent, name, err);
	else if (r == 0 && held.node)
		r = attach_drop(watch, held.node, false, err);
	return r < 0 ? r : tell_renamed(watch, held_path(&held), path, is_dir, err);
}
