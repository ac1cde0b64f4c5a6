/*
 * window.h - the entries between the front of the walk and the delivery: their contents are being hashed.
 *
 * A ring of slots in path order. The front fills it, the head is delivered when what it needs is there: its
 * batch has come to its file; its directory, if it is one, has been listed. One owner: the consumer.
 */
#ifndef SCAN_WINDOW_H
#define SCAN_WINDOW_H

#include "scan/walk.h"

enum {
	WINDOW_SLOTS = 8192,
	WINDOW_BYTES = 16 << 20 /* of copied reference entries, about; one always fits */
};

struct slot {
	struct entry_copy *reference; /* owned; NULL: none */
	size_t reference_bytes;
	struct chunk *chunk; /* a reference; NULL: the path is only in the reference */
	const struct child *child;
	struct node *dir; /* a reference: what it is, when it is entered */
	struct batch *batch; /* a reference; NULL: its content needs no reading */
	size_t item;
	bool copy; /* take the reference's content */
};

struct window {
	struct pool *pool;
	struct slot *slots; /* WINDOW_SLOTS */
	size_t head, count, bytes;
	struct batch *open; /* being filled; a reference */
};

int window_init(struct window *window, struct pool *pool, struct err *err);
void window_done(struct window *window);
bool window_full(const struct window *window);
static inline struct slot *window_head(struct window *window)
{
	return window->count ? &window->slots[window->head] : NULL;
}

/* A new last slot, empty. Only when the window is not full. */
struct slot *window_add(struct window *window);
/* Copies the reference entry into the slot. */
int window_reference(struct window *window, struct slot *slot, const struct entry *reference, struct err *err);
/* Has the slot's child read by some batch. */
int window_read(struct window *window, struct slot *slot, uint64_t prefix, struct err *err);
void window_flush(struct window *window); /* queues the batch being filled */
void window_pop(struct window *window);

bool window_ready(const struct slot *slot);
/* Waits a while for what the head needs. Call again until it is ready. */
void window_wait(struct window *window);
/* The worker of BATCH was abandoned: its file gave no answer; the files behind it go to another batch. */
int window_stalled(struct window *window, struct batch *batch, struct err *err);

#endif
