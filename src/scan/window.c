/* window.c - see window.h. */
#include "scan/window.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "scan/stall.h"

int window_init(struct window *window, struct pool *pool, struct err *err)
{
	*window = (struct window){ .pool = pool };
	window->slots = calloc(WINDOW_SLOTS, sizeof(struct slot));
	return window->slots ? 0 : err_nomem(err);
}

static void slot_done(struct slot *slot)
{
	entry_copy_freep(&slot->reference);
	if (slot->chunk)
		chunk_unrefp(&slot->chunk);
	if (slot->dir)
		node_unrefp(&slot->dir);
	if (slot->batch)
		batch_unrefp(&slot->batch);
	*slot = (struct slot){ .chunk = NULL };
}

void window_done(struct window *window)
{
	while (window->slots && window->count)
		window_pop(window);
	batch_unrefp(&window->open);
	free(window->slots);
	window->slots = NULL;
}

bool window_full(const struct window *window)
{
	return window->count == WINDOW_SLOTS || (window->count && window->bytes >= WINDOW_BYTES);
}

struct slot *window_add(struct window *window)
{
	return &window->slots[(window->head + window->count++) % WINDOW_SLOTS];
}

void window_pop(struct window *window)
{
	struct slot *slot = &window->slots[window->head];

	window->bytes -= slot->reference_bytes;
	slot_done(slot);
	window->head = (window->head + 1) % WINDOW_SLOTS;
	window->count--;
}

int window_reference(struct window *window, struct slot *slot, const struct entry *reference, struct err *err)
{
	size_t bytes = sizeof(struct entry_copy) + reference->path.len + reference->target.len;
	int r = entry_copy(reference, &slot->reference, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < reference->xattr_count; i++)
		bytes += reference->xattrs[i].name.len + reference->xattrs[i].value.len;
	slot->reference_bytes = bytes;
	window->bytes += bytes;
	return 0;
}

void window_flush(struct window *window)
{
	if (!window->open)
		return;
	pool_queue(window->pool, window->open, false);
	batch_unrefp(&window->open);
}

static void put_item(struct slot *slot, struct batch *batch, uint64_t prefix)
{
	slot->batch = batch_ref(batch);
	slot->item = batch->count;
	batch->items[batch->count++] = (struct hash_item){
		.chunk = chunk_ref(slot->chunk), .child = slot->child, .want = slot->child->want, .prefix = prefix
	};
}

int window_read(struct window *window, struct slot *slot, uint64_t prefix, struct err *err)
{
	CLEANUP(batch_unrefp) struct batch *alone = NULL;
	uint64_t size = slot->child->entry.size;

	if (size >= BATCH_BYTES) {
		alone = batch_new(1);
		if (!alone)
			return err_nomem(err);
		put_item(slot, alone, prefix);
		window_flush(window); /* keep the order of the queue that of the paths */
		pool_queue(window->pool, alone, false);
		return 0;
	}
	if (!window->open) {
		window->open = batch_new(BATCH_FILES);
		if (!window->open)
			return err_nomem(err);
	}
	put_item(slot, window->open, prefix);
	window->open->bytes += size;
	if (window->open->count == window->open->capacity || window->open->bytes >= BATCH_BYTES)
		window_flush(window);
	return 0;
}

static bool is_listed(const struct slot *slot)
{
	return !slot->dir || atomic_load_explicit(&slot->dir->listed, memory_order_acquire) != LISTED_NO;
}

bool window_ready(const struct slot *slot)
{
	if (slot->batch && atomic_load_explicit(&slot->batch->done, memory_order_acquire) <= slot->item)
		return false;
	return is_listed(slot);
}

void window_wait(struct window *window)
{
	struct slot *head = window_head(window);

	window_flush(window);
	if (!is_listed(head))
		pool_wait_node(window->pool, head->dir, true);
	else if (head->batch)
		pool_wait_batch(window->pool, head->batch);
}

/* The items from FIRST on, in a batch of their own whose first has failed. NULL when memory is short. */
static struct batch *take_over(const struct batch *old, size_t first)
{
	struct batch *batch = batch_new(old->count - first);

	if (!batch)
		return NULL;
	for (size_t i = first; i < old->count; i++) {
		const struct hash_item *item = &old->items[i];

		batch->items[batch->count++] = (struct hash_item){ .chunk = chunk_ref(item->chunk),
								   .child = item->child,
								   .want = item->want,
								   .prefix = item->prefix };
	}
	batch->items[0].outcome = HASH_FAILED;
	(void)snprintf(batch->items[0].problem, sizeof(batch->items[0].problem), "%s", stall_problem);
	(void)atomic_fetch_add(&batch->items[0].chunk->node->stalls, 1);
	atomic_store(&batch->done, 1);
	return batch;
}

int window_stalled(struct window *window, struct batch *old, struct err *err)
{
	size_t first = atomic_load_explicit(&old->done, memory_order_acquire);
	CLEANUP(batch_unrefp) struct batch *batch = NULL;

	if (first == old->count)
		return 0;
	batch = take_over(old, first);
	if (!batch)
		return err_nomem(err);
	for (size_t i = 0; i < window->count; i++) {
		struct slot *slot = &window->slots[(window->head + i) % WINDOW_SLOTS];

		if (slot->batch != old || slot->item < first)
			continue;
		batch_unrefp(&slot->batch);
		slot->batch = batch_ref(batch);
		slot->item -= first;
	}
	if (batch->count > 1)
		pool_queue(window->pool, batch, true);
	else
		atomic_store_explicit(&batch->complete, true, memory_order_release);
	return 0;
}
