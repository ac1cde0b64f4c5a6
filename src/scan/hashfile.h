/*
 * hashfile.h - contents of files, hashed in batches.
 *
 * A batch is filled by the consumer, worked on by one worker in order, and read by the consumer: results below
 * `done` are constant. When its worker hangs in a system call, the consumer gives the rest to another batch and
 * never looks at the old one again; both keep what they use alive.
 */
#ifndef SCAN_HASHFILE_H
#define SCAN_HASHFILE_H

#include "scan/node.h"

enum { BATCH_FILES = 64, BATCH_BYTES = 1 << 20 };

enum hash_outcome {
	HASH_DONE, /* digest and digest_bytes are there */
	HASH_NONE, /* nothing to hash: no program, or no regular file any more */
	HASH_FAILED, /* problem says why */
	HASH_GONE /* the file vanished */
};

struct hash_item {
	struct chunk *chunk; /* a reference; its node is the directory */
	const struct child *child;
	enum content_want want;
	uint64_t prefix; /* of a growing file: hash this many bytes; UINT64_MAX all */

	enum hash_outcome outcome;
	unsigned char digest[DIGEST_BYTES];
	uint64_t digest_bytes;
	uint8_t head;
	struct chunk *fresh; /* its entry, when it was examined again; a reference */
	char problem[128];
};

struct worker;
struct batch {
	atomic_uint refs;
	struct batch *next; /* (lock) in the queue */
	atomic_bool complete;
	atomic_size_t done; /* items with a result */
	size_t count, capacity;
	uint64_t bytes; /* to read */
	struct hash_item items[];
};

struct batch *batch_new(size_t capacity); /* one reference; NULL when memory is short */
struct batch *batch_ref(struct batch *batch);
void batch_unrefp(struct batch **batch);

/* Works through the batch. 0; -1 when memory is short; -ECANCELED when the worker was abandoned meanwhile, or the
 * scan ends. */
int hashfile_batch(struct worker *worker, struct batch *batch);

#endif
