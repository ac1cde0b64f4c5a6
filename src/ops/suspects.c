/* suspects.c - see suspects.h. */
#include "ops/suspects.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/hash.h"

enum { SUSPECTS_MAX = 1000000 };

struct suspects {
	struct texts *texts; /* owner of the paths */
	struct buf rows; /* struct suspect[] */
};

_Static_assert(sizeof(((struct suspect *)0)->hash) == HASH_BYTES, "a suspect's hash");

static struct suspect *rows_of(const struct suspects *suspects)
{
	return (struct suspect *)(void *)suspects->rows.data;
}

size_t suspects_count(const struct suspects *suspects)
{
	return suspects->rows.len / sizeof(struct suspect);
}

int suspects_new(struct suspects **ret_suspects, struct err *err)
{
	CLEANUP(suspects_freep) struct suspects *suspects = calloc(1, sizeof(*suspects));
	int r = suspects ? texts_new(&suspects->texts, err) : err_nomem(err);

	if (r >= 0)
		*ret_suspects = STEAL(suspects);
	return r;
}

void suspects_freep(struct suspects **suspects)
{
	if (!*suspects)
		return;
	buf_done(&(*suspects)->rows);
	texts_freep(&(*suspects)->texts);
	free(*suspects);
	*suspects = NULL;
}

static int hash_entry(const struct entry *entry, unsigned char ret_hash[HASH_BYTES], struct err *err)
{
	CLEANUP(buf_done) struct buf bytes = BUF_INIT;
	struct hash_state state;

	if (entry && entry_encode(entry, &bytes) < 0)
		return err_nomem(err);
	hash_init(&state, "tallystick look again");
	hash_update(&state, bytes.data, bytes.len);
	hash_final(&state, ret_hash);
	return 0;
}

int suspects_add(struct suspects *suspects, struct bytes path, const struct entry *entry, struct err *err)
{
	struct suspect row;
	int r;

	if (suspects_count(suspects) >= SUSPECTS_MAX)
		return err_set(err, ERR_DATA, "more than %d paths differ, which is too many to look at again",
			       SUSPECTS_MAX);
	row = (struct suspect){ .path = { (const unsigned char *)texts_add_bytes(suspects->texts, path.data, path.len),
					  path.len } };
	r = hash_entry(entry, row.hash, err);
	if (r >= 0 && (!row.path.data || buf_add(&suspects->rows, &row, sizeof(row)) < 0))
		r = err_nomem(err);
	return r;
}

static int by_path(const void *a, const void *b)
{
	return path_compare(((const struct suspect *)a)->path, ((const struct suspect *)b)->path);
}

void suspects_sort(struct suspects *suspects)
{
	if (suspects && suspects_count(suspects) > 1)
		qsort(suspects->rows.data, suspects_count(suspects), sizeof(struct suspect), by_path);
}

const struct suspect *suspects_find(const struct suspects *suspects, struct bytes path)
{
	const struct suspect wanted = { .path = path };
	size_t count = suspects_count(suspects);

	return count ? bsearch(&wanted, suspects->rows.data, count, sizeof(wanted), by_path) : NULL;
}

int suspects_keep_below(struct suspects *from, struct bytes path, struct suspects *to, struct err *err)
{
	struct suspect *rows = rows_of(from);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < suspects_count(from); i++) {
		if (rows[i].kept || !path_covers(path, rows[i].path))
			continue;
		rows[i].kept = true;
		r = suspects_add(to, rows[i].path, NULL, err);
	}
	return r;
}

int suspects_add_missing(const struct suspects *all, const struct suspects *still, struct suspects *to, struct err *err)
{
	const struct suspect *rows = rows_of(all);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < suspects_count(all); i++) {
		if (!suspects_find(still, rows[i].path) && !suspects_find(to, rows[i].path))
			r = suspects_add(to, rows[i].path, NULL, err);
	}
	return r;
}

int suspects_paths(const struct suspects *suspects, struct path_list *list, struct err *err)
{
	const struct suspect *rows = rows_of(suspects);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < suspects_count(suspects); i++)
		r = path_list_add(list, rows[i].path, err);
	return r;
}

int suspect_differs(const struct suspect *suspect, const struct entry *entry, bool *ret_differs, struct err *err)
{
	unsigned char hash[HASH_BYTES];
	int r = hash_entry(entry, hash, err);

	if (r >= 0)
		*ret_differs = memcmp(hash, suspect->hash, sizeof(hash)) != 0;
	return r;
}
