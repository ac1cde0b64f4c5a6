/*
 * nodes.h - what is known of each directory: its place (parent and name), what it is, its watches.
 *
 * A path comes from the parents' names, so a directory that moves with all below it is one relink. 64 bytes a node, the
 * name, and two hash tables of at most four bytes an element: a node is named by its index, which stays the same while it
 * lives, and no pointer to it outlives the next nodes_add().
 *
 * A node has a place below the root, or it floats: then its name is a whole path, the last one it was known by, and no
 * lookup by path finds it. Floating are directories between the two halves of a rename, and *spent* watches: removed
 * ones of which the kernel may still have something to say.
 */
#ifndef WATCH_NODES_H
#define WATCH_NODES_H

#include "watch/table.h"
#include "watch/watch.h"

enum { NODE_NONE = 0, NODE_ROOT = 1 };

enum { /* flags */
       NODE_USED = 1,
       NODE_FLOATING = 2,
       NODE_SPENT = 4,
       NODE_POLLED = 8, /* wants a watch, there is none */
       NODE_FAILED = 16, /* `failure` says why */
       NODE_SEEN = 32, /* scratch: found by the listing that is going on */
       NODE_OURS = 64 /* the folder of marks: watched for them, never told */
};

struct node {
	uint64_t inode;
	char *name; /* owned, not terminated */
	uint32_t name_len;
	uint32_t device; /* major << 20 | minor, as the kernel has it */
	uint32_t parent, child, next, previous;
	uint32_t by_name; /* next of the same bucket */
	uint32_t by_wd[WATCH_CLASSES];
	int32_t wd[WATCH_CLASSES]; /* -1: none */
	uint8_t flags, severity, foreign, failure;
};

struct nodes {
	struct node **slabs;
	uint32_t slab_count, slab_capacity;
	uint32_t free; /* chained by `parent` */
	uint64_t count; /* in use */
	uint64_t name_bytes; /* as allocated */
	struct table names, wds[WATCH_CLASSES];
	uint64_t secret[2];
};

int nodes_init(struct nodes *nodes, struct err *err); /* makes the root's node too */
void nodes_done(struct nodes *nodes);

struct node *nodes_at(const struct nodes *nodes, uint32_t id);
/* A child of PARENT, which has none of that name. */
int nodes_add(struct nodes *nodes, uint32_t parent, struct bytes name, uint32_t *ret_id, struct err *err);
/* A node that floats under PATH. */
int nodes_add_floating(struct nodes *nodes, struct bytes path, uint32_t *ret_id, struct err *err);
/* Frees it. It has no children and no watches. */
void nodes_remove(struct nodes *nodes, uint32_t id);
/* Takes the node and all below it from its place; PATH is what it is known by until it has another. */
int nodes_float(struct nodes *nodes, uint32_t id, struct bytes path, struct err *err);
/* Gives a node another place. */
int nodes_move(struct nodes *nodes, uint32_t id, uint32_t parent, struct bytes name, struct err *err);

uint32_t nodes_child(const struct nodes *nodes, uint32_t parent, struct bytes name);
uint32_t nodes_find(const struct nodes *nodes, struct bytes path);
/* The node of the longest beginning of PATH that has one. */
uint32_t nodes_nearest(const struct nodes *nodes, struct bytes path);
bool nodes_is_above(const struct nodes *nodes, uint32_t above, uint32_t id); /* or the same */
/* Replaces *PATH by the path. */
int nodes_path(const struct nodes *nodes, uint32_t id, struct buf *path, struct err *err);

void nodes_set_wd(struct nodes *nodes, uint32_t id, enum watch_class class, int32_t wd); /* -1: none */
/* The first node with that watch, and the next one. */
uint32_t nodes_by_wd(const struct nodes *nodes, enum watch_class class, int32_t wd);
uint32_t nodes_next_by_wd(const struct nodes *nodes, enum watch_class class, uint32_t id);
/* The first node behind AT (NODE_NONE: all of them), by index. */
uint32_t nodes_after(const struct nodes *nodes, uint32_t at);
/* The node behind ID in a walk of TOP and all below it, parents first; NODE_NONE at the end. */
uint32_t nodes_walk(const struct nodes *nodes, uint32_t top, uint32_t id);

uint64_t nodes_bytes(const struct nodes *nodes);

#endif
