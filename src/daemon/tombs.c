/* tombs.c - see tombs.h. */
#include "daemon/tombs.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/namehash.h"

#define HASH_NONFATAL_OOM             1
#define HASH_FUNCTION(key, len, hash) (hash) = (unsigned)name_hash((key), (len))
#include <uthash.h>

struct tomb {
	UT_hash_handle hh;
	uint64_t inode;
	size_t len;
	unsigned char text[];
};

struct tombs {
	struct tomb *first; /* in the order in which they were put */
};

int tombs_new(struct tombs **ret_tombs, struct err *err)
{
	struct tombs *tombs = calloc(1, sizeof(*tombs));

	if (!tombs)
		return err_nomem(err);
	*ret_tombs = tombs;
	return 0;
}

static void drop(struct tombs *tombs, struct tomb *tomb)
{
	HASH_DEL(tombs->first, tomb);
	free(tomb);
}

void tombs_freep(struct tombs **tombs)
{
	if (!*tombs)
		return;
	while ((*tombs)->first)
		drop(*tombs, (*tombs)->first);
	free(*tombs);
	*tombs = NULL;
}

static struct tomb *find(const struct tombs *tombs, struct bytes path)
{
	struct tomb *tomb;

	HASH_FIND(hh, tombs->first, path.data, (unsigned)path.len, tomb);
	return tomb;
}

int tombs_put(struct tombs *tombs, struct bytes path, uint64_t inode, struct err *err)
{
	struct tomb *tomb = find(tombs, path);

	if (tomb)
		drop(tombs, tomb);
	else if (HASH_COUNT(tombs->first) >= TOMBS_MAX)
		drop(tombs, tombs->first);
	tomb = calloc(1, sizeof(*tomb) + path.len);
	if (!tomb)
		return err_nomem(err);
	memcpy(tomb->text, path.data, path.len);
	tomb->len = path.len;
	tomb->inode = inode;
	HASH_ADD_KEYPTR(hh, tombs->first, tomb->text, (unsigned)tomb->len, tomb);
	if (tomb->hh.tbl)
		return 0;
	free(tomb);
	return err_nomem(err);
}

bool tombs_find(const struct tombs *tombs, struct bytes path, uint64_t *ret_inode)
{
	const struct tomb *tomb = find(tombs, path);

	if (tomb)
		*ret_inode = tomb->inode;
	return tomb != NULL;
}
