/* hashers.c - see hashers.h. */
#include "evidence/hashers.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

enum { PIECE_BYTES = 256 << 10, LOOK_BYTES = 4096 };

struct slot {
	struct line_item item;
	size_t bytes;
	atomic_bool complete;
};

struct hasher {
	struct hashers *hashers;
	pthread_t thread;
	unsigned char *buffer; /* PIECE_BYTES */
};

struct hashers {
	struct slot slots[LINE_ITEMS];
	size_t head, tail; /* the owner's: counts of items, not indexes */
	size_t bytes; /* the owner's: in the line */
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	size_t next, put; /* under the lock: the next item to look at; how many there are */
	bool waits; /* under the lock: the owner waits for the head */
	atomic_uint_fast64_t bytes_read;
	unsigned count;
	struct hasher hashers[HASHERS_MAX];
};

int hashers_new(unsigned count, struct hashers **ret_hashers, struct err *err)
{
	struct hashers *hashers = calloc(1, sizeof(*hashers));

	if (!hashers)
		return err_nomem(err);
	hashers->count = count;
	for (unsigned i = 0; i < count; i++) {
		hashers->hashers[i].hashers = hashers;
		hashers->hashers[i].buffer = malloc(PIECE_BYTES);
		if (!hashers->hashers[i].buffer)
			return err_nomem(err); /* the process ends with that */
	}
	if (pthread_mutex_init(&hashers->lock, NULL) != 0 || pthread_cond_init(&hashers->work, NULL) != 0 ||
	    pthread_cond_init(&hashers->done, NULL) != 0)
		return err_nomem(err);
	*ret_hashers = hashers;
	return 0;
}

static void fail(struct line_item *item, int failure, uint64_t at)
{
	const char *what = failure == -EIO      ? "the image could not be read there"
			   : failure == -ENOMEM ? "out of memory"
						: "what the file system says of it cannot be";

	item->outcome = HASHED_FAILED;
	(void)snprintf(item->problem, sizeof(item->problem), "cannot read at byte %llu: %s", (unsigned long long)at,
		       what);
}

/* The first bytes have been seen. False: it is no program, and nothing of it is wanted. As in a live scan. */
static bool look_at_head(struct line_item *item, const unsigned char *data, size_t len)
{
	const struct entry *entry = &item->copy->entry;

	if (item->want == WANT_WHOLE)
		return true;
	item->head = entry_head(data, len);
	if (item->head == HEAD_ELF)
		item->limit = entry->size;
	return item->want != WANT_PROGRAM || entry_is_program(entry) || item->head == HEAD_ELF;
}

static void hash_bytes(struct hasher *hasher, struct line_item *item)
{
	size_t piece = item->want == WANT_PROGRAM && !entry_is_program(&item->copy->entry) ? LOOK_BYTES : PIECE_BYTES;
	struct digest_state digest;
	uint64_t at = 0;

	digest_init(&digest);
	while (at < item->limit) {
		size_t len = item->limit - at < piece ? (size_t)(item->limit - at) : piece;
		int r = item->content->read(item->content, at, hasher->buffer, len);

		if (r < 0) {
			fail(item, r, at);
			return;
		}
		(void)atomic_fetch_add_explicit(&hasher->hashers->bytes_read, len, memory_order_relaxed);
		if (at == 0 && !look_at_head(item, hasher->buffer, len)) {
			item->outcome = HASHED_NOTHING;
			return;
		}
		digest_update(&digest, hasher->buffer, len);
		at += len;
		piece = PIECE_BYTES;
	}
	item->outcome = HASHED;
	item->digest_bytes = at;
	digest_final(&digest, item->digest);
}

static void hash_item(struct hasher *hasher, struct line_item *item)
{
	const struct entry *entry = &item->copy->entry;

	item->head = HEAD_UNKNOWN;
	if (entry->size == 0) { /* nothing to look at, and it is known what it begins with */
		item->head = item->want == WANT_WHOLE ? HEAD_UNKNOWN : HEAD_PLAIN;
		if (item->want == WANT_PROGRAM && !entry_is_program(entry)) {
			item->outcome = HASHED_NOTHING;
			return;
		}
	}
	hash_bytes(hasher, item);
}

static void *run(void *argument)
{
	struct hasher *hasher = argument;
	struct hashers *hashers = hasher->hashers;

	(void)pthread_mutex_lock(&hashers->lock);
	for (;;) {
		struct slot *slot;

		while (hashers->next == hashers->put)
			(void)pthread_cond_wait(&hashers->work, &hashers->lock);
		slot = &hashers->slots[hashers->next++ % LINE_ITEMS];
		if (!slot->item.content)
			continue;
		(void)pthread_mutex_unlock(&hashers->lock);
		hash_item(hasher, &slot->item);
		(void)pthread_mutex_lock(&hashers->lock);
		atomic_store_explicit(&slot->complete, true, memory_order_release);
		if (hashers->waits)
			(void)pthread_cond_signal(&hashers->done);
	}
	return NULL;
}

int hashers_start(struct hashers *hashers, struct err *err)
{
	pthread_attr_t attributes;
	int r = pthread_attr_init(&attributes);

	if (r == 0)
		r = pthread_attr_setstacksize(&attributes, HASHERS_STACK_BYTES);
	for (unsigned i = 0; i < hashers->count && r == 0; i++)
		r = pthread_create(&hashers->hashers[i].thread, &attributes, run, &hashers->hashers[i]);
	return r == 0 ? 0 : err_errno_as(err, ERR_INTERNAL, r, "cannot start a thread");
}

bool hashers_full(const struct hashers *hashers)
{
	return hashers->tail - hashers->head == LINE_ITEMS || hashers->bytes >= LINE_BYTES;
}

bool hashers_empty(const struct hashers *hashers)
{
	return hashers->tail == hashers->head;
}

struct line_item *hashers_item(struct hashers *hashers)
{
	return &hashers->slots[hashers->tail % LINE_ITEMS].item;
}

void hashers_put(struct hashers *hashers, size_t bytes)
{
	struct slot *slot = &hashers->slots[hashers->tail++ % LINE_ITEMS];

	slot->bytes = bytes;
	hashers->bytes += bytes;
	atomic_store_explicit(&slot->complete, slot->item.content == NULL, memory_order_relaxed);
	(void)pthread_mutex_lock(&hashers->lock);
	hashers->put++;
	if (slot->item.content)
		(void)pthread_cond_signal(&hashers->work);
	(void)pthread_mutex_unlock(&hashers->lock);
}

struct line_item *hashers_head(struct hashers *hashers, bool wait)
{
	struct slot *slot = &hashers->slots[hashers->head % LINE_ITEMS];

	if (hashers_empty(hashers))
		return NULL;
	if (atomic_load_explicit(&slot->complete, memory_order_acquire))
		return &slot->item;
	if (!wait)
		return NULL;
	(void)pthread_mutex_lock(&hashers->lock);
	hashers->waits = true;
	while (!atomic_load_explicit(&slot->complete, memory_order_acquire))
		(void)pthread_cond_wait(&hashers->done, &hashers->lock);
	hashers->waits = false;
	(void)pthread_mutex_unlock(&hashers->lock);
	return &slot->item;
}

void hashers_take(struct hashers *hashers)
{
	struct slot *slot = &hashers->slots[hashers->head % LINE_ITEMS];
	struct line_item *item = &slot->item;

	(void)pthread_mutex_lock(&hashers->lock);
	if (hashers->next ==
	    hashers->head) /* nothing to hash, and nobody has passed it over yet: the slot will be another's */
		hashers->next++;
	(void)pthread_mutex_unlock(&hashers->lock);
	if (item->content)
		item->content->free(item->content);
	entry_copy_freep(&item->copy);
	buf_done(&item->record);
	*item = (struct line_item){ .content = NULL };
	hashers->bytes -= slot->bytes;
	hashers->head++;
}

uint64_t hashers_bytes_read(const struct hashers *hashers)
{
	return atomic_load_explicit(&hashers->bytes_read, memory_order_relaxed);
}
