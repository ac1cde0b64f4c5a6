/* pending.c - see pending.h. */
#include "diff/pending.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Explained by any child; the number of links only by a directory among them, or one may be hidden. */
#define BY_ANY (PENDING_FOLLOWS & ~ATTR_BIT(ATTR_LINKS))

struct frame {
	size_t prefix; /* bytes of the path in front of the slash: 0 for "/" */
	struct entry_copy *before, *after; /* owned; NULL when nothing is held back */
	struct change change; /* valid when before is there */
	uint32_t explained;
	bool blind_a, blind_b;
};

struct pending {
	struct buf path; /* the path last advanced to */
	struct buf frames; /* array of struct frame, ascending by prefix */
	size_t count;
	struct frame done; /* the one last handed out */
};

static struct frame *frame_at(const struct pending *pending, size_t index)
{
	return (struct frame *)(void *)pending->frames.data + index;
}

static void frame_done(struct frame *frame)
{
	entry_copy_freep(&frame->before);
	entry_copy_freep(&frame->after);
}

int pending_new(struct pending **ret_pending, struct err *err)
{
	struct pending *pending = calloc(1, sizeof(*pending));

	if (!pending)
		return err_nomem(err);
	*ret_pending = pending;
	return 0;
}

void pending_freep(struct pending **pending)
{
	if (!*pending)
		return;
	for (size_t i = 0; i < (*pending)->count; i++)
		frame_done(frame_at(*pending, i));
	frame_done(&(*pending)->done);
	buf_done(&(*pending)->frames);
	buf_done(&(*pending)->path);
	free(*pending);
	*pending = NULL;
}

/* PATH comes behind everything below the frame's directory. The frame is a prefix of the path before. */
static bool is_over(const struct pending *pending, const struct frame *frame, struct bytes path)
{
	if (path.len == 0)
		return true;
	if (path.len < frame->prefix || memcmp(path.data, pending->path.data, frame->prefix) != 0)
		return true;
	return path.len > frame->prefix && path.data[frame->prefix] > '/';
}

static void pop(struct pending *pending)
{
	frame_done(&pending->done);
	pending->count--;
	pending->done = *frame_at(pending, pending->count);
	pending->frames.len = pending->count * sizeof(struct frame);
}

int pending_advance(struct pending *pending, struct bytes path, uint64_t *followed, struct change *ret_change)
{
	while (pending->count > 0 && is_over(pending, frame_at(pending, pending->count - 1), path)) {
		pop(pending);
		if (!pending->done.before)
			continue;
		if (!(pending->done.change.attributes & ~pending->done.explained)) {
			(*followed)++;
			continue;
		}
		*ret_change = pending->done.change;
		return 1;
	}
	return 0;
}

static size_t prefix_of(struct bytes path)
{
	return path.len == 1 ? 0 : path.len;
}

/* The frame of PATH, made when it is not there. */
static struct frame *frame_of(struct pending *pending, struct bytes path)
{
	struct frame frame = { .prefix = prefix_of(path) };

	if (pending->count > 0 && frame_at(pending, pending->count - 1)->prefix == frame.prefix)
		return frame_at(pending, pending->count - 1);
	/* frames are prefixes of PATH: the old bytes only grow */
	buf_clear(&pending->path);
	if (buf_add(&pending->path, path.data, path.len) < 0 || buf_add(&pending->frames, &frame, sizeof(frame)) < 0) {
		pending->frames.failed = false;
		return NULL;
	}
	pending->count++;
	return frame_at(pending, pending->count - 1);
}

int pending_hold(struct pending *pending, const struct change *change, struct err *err)
{
	CLEANUP(entry_copy_freep) struct entry_copy *before = NULL;
	CLEANUP(entry_copy_freep) struct entry_copy *after = NULL;
	struct frame *frame;
	int r;

	r = entry_copy(change->before, &before, err);
	if (r < 0)
		return r;
	r = entry_copy(change->after, &after, err);
	if (r < 0)
		return r;
	frame = frame_of(pending, change->path);
	if (!frame)
		return err_nomem(err);
	frame->change = *change;
	frame->change.before = &before->entry;
	frame->change.after = &after->entry;
	frame->change.path = after->entry.path;
	frame->before = STEAL(before);
	frame->after = STEAL(after);
	return 0;
}

int pending_blind(struct pending *pending, struct bytes path, bool a, bool b, struct err *err)
{
	struct frame *frame = frame_of(pending, path);

	if (!frame)
		return err_nomem(err);
	frame->blind_a |= a;
	frame->blind_b |= b;
	return 0;
}

bool pending_is_blind(const struct pending *pending, struct bytes path, char side)
{
	for (size_t i = 0; i < pending->count; i++) {
		const struct frame *frame = frame_at(pending, i);

		if (!(side == 'a' ? frame->blind_a : frame->blind_b))
			continue;
		if (path.len > frame->prefix && path.len > 1 && path.data[frame->prefix] == '/')
			return true;
	}
	return false;
}

void pending_explain(struct pending *pending, struct bytes path, bool is_dir)
{
	size_t prefix = prefix_of(path_parent(path));
	size_t low = 0, high = pending->count;

	if (path.len == 1)
		return;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct frame *frame = frame_at(pending, middle);

		if (frame->prefix == prefix) {
			frame->explained |= is_dir ? PENDING_FOLLOWS : BY_ANY;
			return;
		}
		if (frame->prefix < prefix)
			low = middle + 1;
		else
			high = middle;
	}
}
