/*
 * hashers.h - contents of files, hashed by threads, while their entries wait in line to be written in path order.
 *
 * A line of at most LINE_ITEMS items and LINE_BYTES of what they hold. The owner puts items in at the end and takes them from the head;
 * threads hash what lies between. An item is the owner's, but for a content that is hashed: from hashers_put() until it is at the
 * head and complete. The threads do nothing but content->read() and arithmetic, so that a filter of system calls can be put over
 * them. They end with the process.
 */
#ifndef EVIDENCE_HASHERS_H
#define EVIDENCE_HASHERS_H

#include "policy/content.h"
#include "tree/sink.h"

enum { HASHERS_MAX = 64, LINE_ITEMS = 4096, LINE_BYTES = 32 << 20, HASHERS_STACK_BYTES = 512 << 10 };

struct line_item {
	struct buf record; /* to be written as it is; empty: the entry is to be written */
	struct entry_copy *copy; /* owned */
	struct content *content; /* owned; NULL: nothing is hashed */
	enum content_want want;
	uint64_t limit; /* bytes to hash */

	/* what came of it */
	enum { HASHED, HASHED_NOTHING, HASHED_FAILED } outcome;
	unsigned char digest[DIGEST_BYTES];
	uint64_t digest_bytes;
	uint8_t head;
	char problem[128];
};

struct hashers;
/* Without threads. COUNT at least 1, at most HASHERS_MAX. The object lives as long as the process. */
int hashers_new(unsigned count, struct hashers **ret_hashers, struct err *err);
int hashers_start(struct hashers *hashers, struct err *err);

bool hashers_full(const struct hashers *hashers);
bool hashers_empty(const struct hashers *hashers);
/* The item at the end, cleared, to be filled and put; the line must not be full. BYTES: about what it holds. */
struct line_item *hashers_item(struct hashers *hashers);
void hashers_put(struct hashers *hashers, size_t bytes);
/* The item at the head when it is complete; with WAIT it waits for that. NULL: not complete, or the line is empty. */
struct line_item *hashers_head(struct hashers *hashers, bool wait);
/* The head is done with: its memory is freed. */
void hashers_take(struct hashers *hashers);

uint64_t hashers_bytes_read(const struct hashers *hashers);

#endif
