/*
 * node.h - the directories that a scan is walking, and the chunks of examined entries that they yield.
 *
 * A node is one directory. Workers list it and examine its children in order, a chunk (at most CHUNK_ENTRIES
 * children) at a time; the consumer takes the chunks. A node is kept alive by: a child node, a chunk, a child
 * record that names it, the pool's stack, the walk. A chunk: the window's slots and the hash batches.
 *
 * Who may touch what: fields marked (lock) under the pool's lock; (cache) under the fd cache's; (walk) by the
 * consumer's thread alone; (list) written before `listed` is set with release order, then constant; the rest is
 * constant from the start. Nothing here recurses: a tree 30,000 deep is freed by a loop.
 */
#ifndef SCAN_NODE_H
#define SCAN_NODE_H

#include <stdatomic.h>
#include <stdint.h>

#include "policy/content.h"
#include "scan/arena.h"
#include "scan/listing.h"
#include "tree/entry.h"

enum { CHUNK_ENTRIES = 512, CHUNK_BYTES = 1 << 20 /* of xattrs and targets; a chunk ends early behind it */ };

struct child {
	struct entry entry; /* without path and content; constant once its chunk is published */
	const char *name; /* in the node's listing */
	struct node *subdir; /* (walk) owned until the walk takes it; NULL: not entered */
	enum content_want want;
	enum severity severity;
	bool silent; /* not in scope, only on the way to what is: delivered only with a problem */
	bool past; /* not behind options.after, but something in it is: never delivered */
	bool same_fs; /* on the file system that the reference has there */
};

struct chunk {
	atomic_uint refs;
	struct chunk *next; /* (lock) in the node's list */
	struct node *node; /* a reference from when the consumer takes it; before, the node owns the chunk */
	struct arena arena;
	size_t end; /* index in the listing behind the last name that was looked at */
	size_t count;
	struct child children[];
};

enum node_task { TASK_IDLE, TASK_QUEUED, TASK_RUNNING, TASK_DONE };

struct pending { /* directories that were passed and whose contents have not come yet; innermost last */
	struct node **nodes;
	size_t count, capacity;
};

struct node {
	struct node *parent; /* a reference; NULL for the scan's root */
	atomic_uint refs;
	size_t path_len; /* bytes of its path; 0 for a root at "/", whose children's paths begin with "/" */
	uint64_t inode; /* what was there when its entry was made */
	uint32_t dev_major, dev_minor;
	bool disk; /* on a disk file system: owners and modes are the kernel's word */
	bool same_fs;
	atomic_uint stalls; /* names in it that gave no answer */
	bool partial; /* only some names: those that lead to the starts below it */
	size_t start_low, start_high; /* the starts below it */

	/* (list) */
	atomic_int listed; /* enum node_listed */
	struct listing listing;
	struct policy_dir *policy_dir;
	char *problem; /* one line: why it could not be listed */

	/* (lock) */
	enum node_task task;
	size_t next_name; /* index in the listing of the next name to examine */
	size_t stuck_name; /* index + 1 of a name that gave no answer; 0 none */
	struct chunk *first, *last; /* published, not taken */

	/* (cache) */
	int fd; /* -1 when closed */
	bool by_name; /* no stranger can swap names in it; set when opened */
	unsigned pins;
	struct node *newer, *older;

	/* (walk) */
	struct chunk *at; /* a reference; NULL between chunks */
	size_t at_index;
	size_t at_end; /* index in the listing behind the chunks that were taken */
	struct pending pending;

	struct node *next_dead;
	size_t name_len;
	char name[]; /* NUL-terminated */
};
enum node_listed { LISTED_NO, LISTED_YES, LISTED_GONE /* it vanished before it could be opened */ };

/* With one reference, the caller's; takes one of PARENT's. NULL when memory is short. */
struct node *node_new(struct node *parent, const char *name, size_t name_len);
struct node *node_ref(struct node *node);
void node_unrefp(struct node **node);

/*
 * For a scan given up before its end: a directory owns what was found in it and not taken, and what was found refers
 * to the directory. Undoes that for NODE, its ancestors and all that was found below them. No worker may be
 * running but abandoned ones.
 */
void node_forget(struct node *node);

/* With one reference and room for CAPACITY children. NULL when memory is short. */
struct chunk *chunk_new(size_t capacity);
struct chunk *chunk_ref(struct chunk *chunk);
void chunk_unrefp(struct chunk **chunk);

/* The path of the node ("" for a root at "/"; else the root's name is its path) or, with NAME, of a child of it. Replaces what OUT holds. 0 or -1. */
int node_path(const struct node *node, const char *name, struct buf *out);

#endif
