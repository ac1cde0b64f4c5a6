/*
 * spill.h - records too many for memory: sorted by key in bounded memory, then in unlinked temporary files.
 *
 * Add records in any order, sort once, then read them in ascending key order (memcmp, then shorter
 * first, then in the order of adding) as often as needed. Nothing is written until the memory bound is
 * reached; then runs go to unlinked files (O_TMPFILE, else created 0600 and unlinked) in the directory
 * given, and are merged while reading. Without a writable directory the bound is a cap: ERR_CANTCREATE
 * with a message that names --tmp. One owner; not thread-safe.
 */
#ifndef BASE_SPILL_H
#define BASE_SPILL_H

#include <stddef.h>
#include <stdint.h>

#include "tally/err.h"

struct spill;

/* Upper bounds for one record; larger ones are refused with ERR_DATA. */
#define SPILL_KEY_MAX   (1u << 20)
#define SPILL_VALUE_MAX (1u << 28)

/* As a directory: runs go to a file in memory (memfd_create(2)) of at most SPILL_MEMORY_MAX bytes, and nothing is written. */
#define SPILL_MEMORY     "memory:"
#define SPILL_MEMORY_MAX (1ull << 30)

/*
 * TMPDIR: directory for runs or SPILL_MEMORY, NULL for "$TMPDIR, else /tmp" (borrowed during the call only).
 * MEMORY_BYTES: bound on buffered records.
 */
int spill_new(const char *tmpdir, size_t memory_bytes, struct spill **ret_spill, struct err *err);
void spill_freep(struct spill **spill);

int spill_add(struct spill *spill, const void *key, size_t key_len, const void *value, size_t value_len,
	      struct err *err);
int spill_sort(struct spill *spill, struct err *err); /* once, after the last add */

struct spill_record {
	const unsigned char *key, *value; /* borrowed: valid until the next call on the spill */
	size_t key_len, value_len;
};

/* 1 with a record, 0 at the end, negative on error. */
int spill_next(struct spill *spill, struct spill_record *ret_record, struct err *err);
int spill_rewind(struct spill *spill, struct err *err); /* read again from the first record */
uint64_t spill_count(const struct spill *spill);

#endif
