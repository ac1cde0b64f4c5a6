/*
 * table.h - buckets of chains through the nodes: one or two elements a bucket. What is in a bucket is the owner's affair; the
 * table only has heads and knows when it should be larger.
 */
#ifndef WATCH_TABLE_H
#define WATCH_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table {
	uint32_t *heads;
	uint32_t mask; /* buckets less one */
	uint32_t count;
};

int table_init(struct table *table); /* 0 or -1 */
void table_done(struct table *table);
static inline uint32_t *table_head(const struct table *table, uint64_t hash)
{
	return &table->heads[hash & table->mask];
}
/* When it is crowded: *RET_NEW is an empty table of twice the size into which all elements are to be put; 1. 0: it is not, or
 * there is no memory, and the old one goes on with longer chains. */
int table_grow(const struct table *table, struct table *ret_new);
size_t table_bytes(const struct table *table);

#endif
