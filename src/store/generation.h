/*
 * generation.h - the statements of a baseline and the signatures over them, as loaded and checked at open.
 */
#ifndef STORE_GENERATION_H
#define STORE_GENERATION_H

#include "store/baseline.h"
#include "store/db.h"
#include "store/sets.h"

struct generation {
	struct statement statement;
	char *text; /* the statement, NUL-terminated */
	size_t text_len;
	char *reason;
	unsigned char top[HASH_BYTES]; /* node hash of "/" */
	struct signature_text *signatures; /* texts owned */
	size_t signature_count;
	bool has_policy, has_mounts; /* loaded and verified */
	struct set_policy policy;
	struct set_mounts mounts;
};

struct generations {
	struct generation *list; /* one sequence behind the other, from whichever the file begins with */
	size_t count;
};
void generations_done(struct generations *generations);

/* The sequences of the first and of the last one; the one of SEQUENCE, or NULL. Of those that were loaded. */
uint64_t generations_oldest(const struct generations *generations);
uint64_t generations_newest(const struct generations *generations);
struct generation *generations_find(const struct generations *generations, uint64_t sequence);

/*
 * Loads statements, reasons and signatures, and checks what they prove without a key: sequences without a gap (the first
 * may be any; what it says of the one before it can then not be held against anything),
 * strict texts, the chain of hashes, one host-id, reason and top node against the root, columns against texts,
 * the count of signatures and policy sets. ERR_DATA for malformed rows, ERR_UNTRUSTED for a wrong hash.
 */
int generations_load(sqlite3 *db, const char *name, struct generations *ret_generations, struct err *err);

/* The sequence under which policy or mounts of a generation that is there are stored. */
uint64_t generations_policy_at(const struct generations *generations, uint64_t sequence);
uint64_t generations_mounts_at(const struct generations *generations, uint64_t sequence);

/* Writing: one generation row, one signature row (replacing one by the same key id). */
int generation_store(sqlite3 *db, const char *name, uint64_t sequence, struct bytes text, const char *reason,
		     const unsigned char top[HASH_BYTES], struct err *err);
int generation_store_signature(sqlite3 *db, const char *name, uint64_t sequence, const char *text, size_t len,
			       struct err *err);
/* After the last signature row: the rows of meta. */
int generation_store_meta(sqlite3 *db, const char *name, struct err *err);

#endif
