/* table.c - see table.h. */
#include "watch/table.h"

#include <stdlib.h>

enum { BUCKETS = 64, CROWD = 2 };

int table_init(struct table *table)
{
	*table = (struct table){ .heads = calloc(BUCKETS, sizeof(*table->heads)), .mask = BUCKETS - 1 };
	return table->heads ? 0 : -1;
}

void table_done(struct table *table)
{
	free(table->heads);
	*table = (struct table){ .heads = NULL };
}

int table_grow(const struct table *table, struct table *ret_new)
{
	size_t buckets = ((size_t)table->mask + 1) * 2;

	if (table->count / CROWD <= table->mask || buckets > UINT32_MAX)
		return 0;
	*ret_new = (struct table){ .heads = calloc(buckets, sizeof(*table->heads)), .mask = (uint32_t)(buckets - 1) };
	return ret_new->heads != NULL;
}

size_t table_bytes(const struct table *table)
{
	return ((size_t)table->mask + 1) * sizeof(*table->heads);
}
