/*
 * root.h - the Merkle root over entries that come in path order, in memory bounded by the depth of the tree.
 * docs/FORMATS.md "Root hash".
 *
 * A directory is hashed at the place where its contents end, so the children of a directory are hashed in the
 * order of their names with "/" behind the names of directories (as git orders trees): that is the order in
 * which a stream in path order completes them, and nothing has to be held back. What is held is one hash state
 * for each directory on the way, and a mark for each sibling whose name begins the present one.
 */
#ifndef STORE_ROOT_H
#define STORE_ROOT_H

#include "crypto/hash.h"
#include "tree/entry.h"

/* Does the policy cover PATH? Tells orphans from entries whose ancestors are out of scope. */
typedef bool root_scope(void *context, struct bytes path);

struct root;

/* IN_SCOPE may be NULL: every missing ancestor is taken to be out of scope. */
int root_new(root_scope *in_scope, void *context, struct root **ret_root, struct err *err);
void root_freep(struct root **root);

/*
 * The next entry, well formed. ERR_DATA when its path is not valid, not above the one before, below something
 * that is not a directory, or an orphan.
 */
int root_add(struct root *root, const struct entry *entry, struct err *err);

/* After the last one: the node hash of "/". */
void root_end(struct root *root, unsigned char ret_top[HASH_BYTES]);

uint64_t root_entries(const struct root *root); /* added so far */
uint64_t root_unexamined(const struct root *root); /* of them, with something failed */

/* The root of a statement: reason and top node. */
void root_text(const char *reason, size_t reason_len, const unsigned char top[HASH_BYTES], char ret_text[HASH_TEXT]);

#endif
