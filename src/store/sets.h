/*
 * sets.h - what a generation is made of besides its entries: policy files, mount table, packages. Each is a set
 * of rows whose hash stands in the statement. docs/FORMATS.md "Policy, mounts, packages".
 *
 * A set is stored under the sequence of the first generation that has it; a later one with the same hash in its
 * statement has no rows of its own.
 */
#ifndef STORE_SETS_H
#define STORE_SETS_H

#include "store/baseline.h"
#include "store/db.h"

struct set_policy {
	struct policy_file *files; /* [0] is the resolved policy, the others follow as given */
	size_t count;
};

struct set_mounts {
	struct mount *mounts; /* bytes owned */
	size_t count;
};

void set_policy_done(struct set_policy *policy);
void set_mounts_done(struct set_mounts *mounts);

/* The rows stored under SEQUENCE. ERR_DATA when malformed. */
int set_policy_load(sqlite3 *db, const char *name, uint64_t sequence, struct set_policy *ret_policy, struct err *err);
int set_mounts_load(sqlite3 *db, const char *name, uint64_t sequence, struct set_mounts *ret_mounts, struct err *err);

int set_policy_store(sqlite3 *db, const char *name, uint64_t sequence, const struct policy_file *resolved,
		     const struct policy_file *files, size_t count, struct err *err);
/* ERR_DATA when MOUNTS are not strictly ascending by path. */
int set_mounts_store(sqlite3 *db, const char *name, uint64_t sequence, const struct mount *mounts, size_t count,
		     struct err *err);

void set_policy_hash(const struct policy_file *resolved, const struct policy_file *files, size_t count,
		     char ret_text[HASH_TEXT]);
void set_mounts_hash(const struct mount *mounts, size_t count, char ret_text[HASH_TEXT]);
void set_packages_hash(char ret_text[HASH_TEXT]); /* of no package: this format records none yet */

#endif
