/*
 * loss.c - after an overflow: the class's directories are read again, a slice at a time, so that nobody waits for it. When it
 * overflows again and again, one record covers what happened between two re-walks, which come ever less often.
 */
#include "base/cleanup.h"
#include "watch/inner.h"

int loss_note(struct watch *watch, const struct drained *drained, struct err *err)
{
	struct loss *loss = &watch->losses[drained->class];
	uint64_t now_ns = time_monotonic_ns();

	(void)err;
	watch->coverage.overflows[drained->class]++;
	if (now_ns > loss->last_ns + 2 * loss->step_ns + SECOND_NS) {
		loss->step_ns = 0;
		loss->next_ns = 0;
	}
	loss->last_ns = now_ns;
	if (!loss->pending || loss->told)
		loss->from = drained->whole;
	loss->to = drained->read;
	loss->pending = true;
	loss->told = false;
	return 0;
}

static int tell(struct watch *watch, enum watch_class class, struct err *err)
{
	struct loss *loss = &watch->losses[class];
	struct watch_loss told = {
		.class = class, .from = loss->from, .to = loss->to, .reason = "the kernel's event queue overflowed"
	};

	if (!loss->pending || loss->told)
		return 0;
	loss->told = true;
	return watch->options.sink.lost(watch->options.sink.context, &told, err);
}

int loss_tell(struct watch *watch, struct err *err)
{
	int r = tell(watch, WATCH_ROOT, err);

	return r < 0 ? r : tell(watch, WATCH_OTHERS, err);
}

/* Does the class's queue carry events of this directory? */
static bool is_concerned(const struct node *node, enum watch_class class)
{
	if (node->flags & NODE_FLOATING)
		return false;
	return foreign_mask(node->foreign, class == WATCH_OTHERS) != 0;
}

static bool is_wide(const struct watch *watch, enum watch_class class)
{
	size_t count = 0;

	for (uint32_t id = nodes_after(&watch->nodes, NODE_NONE); id; id = nodes_after(&watch->nodes, id))
		count += is_concerned(nodes_at(&watch->nodes, id), class);
	return count > LOOKS_MAX;
}

static int start(struct watch *watch, enum watch_class class, uint64_t now_ns, struct err *err)
{
	struct loss *loss = &watch->losses[class];
	int r = tell(watch, class, err);

	loss->pending = loss->told = false;
	loss->step_ns = loss->step_ns ? loss->step_ns * 2 : SECOND_NS;
	if (loss->step_ns > BACKOFF_NS)
		loss->step_ns = BACKOFF_NS;
	loss->next_ns = now_ns + loss->step_ns;
	loss->active = true;
	loss->wide = is_wide(watch, class);
	loss->cursor = NODE_NONE;
	return r;
}

static int rewalk(struct watch *watch, uint32_t id, bool look, struct err *err)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	int r = nodes_path(&watch->nodes, id, &path, err);

	if (r == 0)
		r = walk_node(watch, id, WALK_LOOK, NULL, err);
	return r < 0 || !look ? r : watch_tell_look(watch, buf_bytes(&path), false, err);
}

static int slice(struct watch *watch, enum watch_class class, struct err *err)
{
	struct loss *loss = &watch->losses[class];
	int r = 0;

	for (int done = 0; done < SLICE_NODES && r == 0;) {
		loss->cursor = nodes_after(&watch->nodes, loss->cursor);
		if (loss->cursor == NODE_NONE)
			break;
		if (!is_concerned(nodes_at(&watch->nodes, loss->cursor), class))
			continue;
		r = rewalk(watch, loss->cursor, !loss->wide, err);
		done++;
	}
	if (r < 0 || loss->cursor != NODE_NONE)
		return r;
	loss->active = false;
	if (loss->wide)
		r = watch_tell_look(watch, bytes_of("/"), true, err);
	/* the kernel's word that a watch is gone may be among what was lost */
	return r < 0 ? r : marks_sweep(watch, err);
}

int loss_step(struct watch *watch, uint64_t now_ns, struct err *err)
{
	int r = 0;

	for (int class = 0; class < WATCH_CLASSES && r == 0; class ++) {
		struct loss *loss = &watch->losses[class];

		if (loss->pending && !loss->active && now_ns >= loss->next_ns)
			r = start(watch, (enum watch_class) class, now_ns, err);
		if (r == 0 && loss->active)
			r = slice(watch, (enum watch_class) class, err);
	}
	return r;
}

uint64_t loss_due_ns(const struct watch *watch)
{
	uint64_t due = UINT64_MAX;

	for (int class = 0; class < WATCH_CLASSES; class ++) {
		const struct loss *loss = &watch->losses[class];

		if (loss->active)
			return 0;
		if (loss->pending && loss->next_ns < due)
			due = loss->next_ns;
	}
	return due;
}

bool loss_is_open(const struct watch *watch)
{
	for (int class = 0; class < WATCH_CLASSES; class ++) {
		if (watch->losses[class].active || watch->losses[class].pending)
			return true;
	}
	return false;
}

void loss_hurry(struct watch *watch)
{
	for (int class = 0; class < WATCH_CLASSES; class ++)
		watch->losses[class].next_ns = 0;
}
