/* partial.c - see partial.h. */
#include "daemon/partial.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/namehash.h"

#define HASH_NONFATAL_OOM             1
#define HASH_FUNCTION(key, len, hash) (hash) = (unsigned)name_hash((key), (len))
#include <uthash.h>

struct name {
	UT_hash_handle hh;
	size_t len;
	unsigned char text[];
};

struct partial {
	struct name *names;
};

int partial_new(struct partial **ret_partial, struct err *err)
{
	struct partial *partial = calloc(1, sizeof(*partial));

	if (!partial)
		return err_nomem(err);
	*ret_partial = partial;
	return 0;
}

static void drop(struct partial *partial, struct name *name)
{
	HASH_DEL(partial->names, name);
	free(name);
}

void partial_freep(struct partial **partial)
{
	if (!*partial)
		return;
	while ((*partial)->names)
		drop(*partial, (*partial)->names);
	free(*partial);
	*partial = NULL;
}

int partial_set(struct partial *partial, struct bytes path, bool is, struct err *err)
{
	struct name *name = NULL;

	HASH_FIND(hh, partial->names, path.data, (unsigned)path.len, name);
	if (name && !is)
		drop(partial, name);
	if (name || !is || HASH_COUNT(partial->names) >= PARTIAL_MAX)
		return 0;
	name = calloc(1, sizeof(*name) + path.len);
	if (!name)
		return err_nomem(err);
	memcpy(name->text, path.data, path.len);
	name->len = path.len;
	HASH_ADD_KEYPTR(hh, partial->names, name->text, (unsigned)name->len, name);
	if (name->hh.tbl)
		return 0;
	free(name);
	return err_nomem(err);
}

int partial_each(const struct partial *partial, int (*fn)(void *context, struct bytes path, struct err *err),
		 void *context, struct err *err)
{
	int r = 0;

	for (const struct name *name = partial->names; r >= 0 && name; name = name->hh.next)
		r = fn(context, (struct bytes){ name->text, name->len }, err);
	return r;
}
