/* renames.c - see renames.h. A ring of renames, the newest last; and a table of names whose going was told. */
#include "crypto/namehash.h"

#define HASH_NONFATAL_OOM             1
#define HASH_FUNCTION(key, len, hash) (hash) = (unsigned)name_hash((key), (len))

#include "daemon/renames.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { TOLD_MAX = 65536 };

struct renamed {
	struct bytes from, to; /* one allocation, at from */
	bool is_dir;
	uint64_t at_ns;
};

struct told {
	UT_hash_handle hh;
	uint64_t at_ns;
	size_t len;
	unsigned char text[];
};

struct renames {
	struct renamed ring[RENAMES_MAX];
	size_t next; /* where the next one goes */
	struct told *told; /* hash; the oldest first */
};

int renames_new(struct renames **ret_renames, struct err *err)
{
	struct renames *renames = calloc(1, sizeof(*renames));

	if (!renames)
		return err_nomem(err);
	*ret_renames = renames;
	return 0;
}

static void forget(struct renames *renames, struct told *told)
{
	HASH_DEL(renames->told, told);
	free(told);
}

static void free_bytes(struct bytes bytes)
{
	void *memory;

	memcpy(&memory, &bytes.data, sizeof(memory));
	free(memory);
}

void renames_freep(struct renames **renames)
{
	if (!*renames)
		return;
	for (size_t i = 0; i < RENAMES_MAX; i++)
		free_bytes((*renames)->ring[i].from);
	while ((*renames)->told)
		forget(*renames, (*renames)->told);
	free(*renames);
	*renames = NULL;
}

int renames_add(struct renames *renames, struct bytes from, struct bytes to, bool is_dir, uint64_t now_ns,
		struct err *err)
{
	struct renamed *slot = &renames->ring[renames->next];
	unsigned char *text = malloc(from.len + to.len);

	if (!text)
		return err_nomem(err);
	free_bytes(slot->from);
	memcpy(text, from.data, from.len);
	memcpy(text + from.len, to.data, to.len);
	*slot = (struct renamed){ { text, from.len }, { text + from.len, to.len }, is_dir, now_ns };
	renames->next = (renames->next + 1) % RENAMES_MAX;
	return 0;
}

static bool is_recent(const struct renamed *renamed, uint64_t now_ns)
{
	return renamed->from.data && now_ns < renamed->at_ns + RENAMES_KEEP_NS;
}

static bool concerns(const struct renamed *renamed, struct bytes name, struct bytes path)
{
	return renamed->is_dir ? path_covers(name, path) : bytes_equal(name, path);
}

/* The newest first. */
static const struct renamed *ring_at(const struct renames *renames, size_t age)
{
	return &renames->ring[(renames->next + RENAMES_MAX - 1 - age) % RENAMES_MAX];
}

int renames_origin(const struct renames *renames, struct bytes path, uint64_t now_ns, struct buf *ret_from,
		   struct err *err)
{
	for (size_t i = 0; i < RENAMES_MAX; i++) {
		const struct renamed *renamed = ring_at(renames, i);

		if (!is_recent(renamed, now_ns))
			return 0;
		if (!concerns(renamed, renamed->to, path))
			continue;
		buf_clear(ret_from);
		if (buf_add(ret_from, renamed->from.data, renamed->from.len) < 0 ||
		    buf_add(ret_from, path.data + renamed->to.len, path.len - renamed->to.len) < 0)
			return err_nomem(err);
		return 1;
	}
	return 0;
}

bool renames_left(const struct renames *renames, struct bytes path, uint64_t now_ns)
{
	for (size_t i = 0; i < RENAMES_MAX; i++) {
		const struct renamed *renamed = ring_at(renames, i);

		if (!is_recent(renamed, now_ns))
			return false;
		if (concerns(renamed, renamed->from, path))
			return true;
	}
	return false;
}

int renames_tell(struct renames *renames, struct bytes from, uint64_t now_ns, struct err *err)
{
	struct told *told = NULL;

	while (renames->told &&
	       (HASH_COUNT(renames->told) >= TOLD_MAX || renames->told->at_ns + RENAMES_KEEP_NS < now_ns))
		forget(renames, renames->told);
	HASH_FIND(hh, renames->told, from.data, (unsigned)from.len, told);
	if (told)
		return 0;
	told = calloc(1, sizeof(*told) + from.len);
	if (!told)
		return err_nomem(err);
	memcpy(told->text, from.data, from.len);
	told->len = from.len;
	told->at_ns = now_ns;
	HASH_ADD_KEYPTR(hh, renames->told, told->text, (unsigned)told->len, told);
	if (told->hh.tbl)
		return 0;
	free(told);
	return err_nomem(err);
}

bool renames_told(struct renames *renames, struct bytes path)
{
	struct told *told = NULL;

	HASH_FIND(hh, renames->told, path.data, (unsigned)path.len, told);
	if (!told)
		return false;
	forget(renames, told);
	return true;
}
