/*
 * retry.c - directories without a watch: now and then they are tried again, the most severe first, and read, so that what came or
 * went in them is known. A slice at a time.
 */
#include "base/cleanup.h"
#include "watch/inner.h"

static bool is_without(const struct node *node)
{
	return (node->flags & (NODE_POLLED | NODE_FAILED)) && !(node->flags & NODE_FLOATING);
}

static int again(struct watch *watch, uint32_t id, struct err *err)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	const struct node *node;
	int r = nodes_path(&watch->nodes, id, &path, err);

	if (r == 0)
		r = walk_node(watch, id, WALK_LOOK, NULL, err);
	node = nodes_at(&watch->nodes, id);
	if (r < 0 || !(node->flags & NODE_USED) || is_without(node) || !is_watched(node))
		return r;
	return watch_tell_look(watch, buf_bytes(&path), false, err);
}

static int slice(struct watch *watch, struct err *err)
{
	struct retry *retry = &watch->retry;
	int r = 0;

	for (int done = 0; done < SLICE_NODES && r == 0;) {
		const struct node *node;

		retry->cursor = nodes_after(&watch->nodes, retry->cursor);
		if (retry->cursor == NODE_NONE && retry->severity-- == 0)
			return 0;
		if (retry->cursor == NODE_NONE)
			continue;
		node = nodes_at(&watch->nodes, retry->cursor);
		if (!is_without(node) || node->severity != retry->severity)
			continue;
		r = again(watch, retry->cursor, err);
		done++;
	}
	return r;
}

int retry_step(struct watch *watch, uint64_t now_ns, struct err *err)
{
	struct retry *retry = &watch->retry;
	int r;

	if (now_ns < retry_due_ns(watch))
		return 0;
	if (!retry->active)
		*retry = (struct retry){ .active = true, .severity = SEVERITY_COUNT - 1, .cursor = NODE_NONE };
	r = slice(watch, err);
	retry->active = retry->severity >= 0;
	retry->next_ns = now_ns + RETRY_NS;
	return r;
}

uint64_t retry_due_ns(const struct watch *watch)
{
	if (watch->retry.active)
		return 0;
	return watch->coverage.polled + watch->coverage.failed ? watch->retry.next_ns : UINT64_MAX;
}
