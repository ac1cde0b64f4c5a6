/* spill_merge.c - see spill_merge.h. */
#include "base/spill_merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/path.h"

int spill_merge_compare(const struct spill_record *a, const struct spill_record *b)
{
	return path_compare((struct bytes){ a->key, a->key_len }, (struct bytes){ b->key, b->key_len });
}

static bool reader_before(const struct spill_merge *merge, size_t a, size_t b)
{
	int order = spill_merge_compare(&merge->readers[a].record, &merge->readers[b].record);

	return order != 0 ? order < 0 : a < b;
}

static void sift_down(struct spill_merge *merge, size_t at)
{
	for (;;) {
		size_t least = at;
		size_t moved = merge->heap[at];

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < merge->heap_len; child++)
			if (reader_before(merge, merge->heap[child], merge->heap[least]))
				least = child;
		if (least == at)
			return;
		merge->heap[at] = merge->heap[least];
		merge->heap[least] = moved;
		at = least;
	}
}

int spill_merge_rewind(struct spill_merge *merge, struct err *err)
{
	merge->heap_len = 0;
	merge->taken = false;
	for (size_t i = 0; i < merge->count; i++) {
		int r;

		spill_reader_rewind(&merge->readers[i]);
		r = spill_reader_next(&merge->readers[i], err);
		if (r < 0)
			return r;
		if (r > 0)
			merge->heap[merge->heap_len++] = i;
	}
	for (size_t i = merge->heap_len / 2; i > 0; i--)
		sift_down(merge, i - 1);
	return 0;
}

int spill_merge_init(struct spill_merge *merge, const struct spill_file *file, size_t first, size_t count,
		     size_t buffer_bytes, struct err *err)
{
	CLEANUP(spill_merge_done) struct spill_merge fresh = SPILL_MERGE_INIT;
	int r;

	fresh.readers = calloc(count, sizeof(*fresh.readers));
	fresh.heap = calloc(count, sizeof(*fresh.heap));
	if (!fresh.readers || !fresh.heap)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++)
		spill_reader_init(&fresh.readers[fresh.count++], file, first + i, buffer_bytes);
	r = spill_merge_rewind(&fresh, err);
	if (r < 0)
		return r;
	*merge = fresh;
	fresh = SPILL_MERGE_INIT;
	return 0;
}

void spill_merge_done(struct spill_merge *merge)
{
	for (size_t i = 0; i < merge->count; i++)
		spill_reader_done(&merge->readers[i]);
	free(merge->readers);
	free(merge->heap);
	*merge = SPILL_MERGE_INIT;
}

/* Moves the reader at the top on to its next record, now that nobody uses the present one. */
static int advance(struct spill_merge *merge, struct err *err)
{
	int r;

	r = spill_reader_next(&merge->readers[merge->heap[0]], err);
	if (r < 0)
		return r;
	merge->taken = false;
	if (r == 0)
		merge->heap[0] = merge->heap[--merge->heap_len];
	if (merge->heap_len)
		sift_down(merge, 0);
	return 0;
}

int spill_merge_next(struct spill_merge *merge, struct spill_record *ret_record, struct err *err)
{
	int r;

	if (merge->taken) {
		r = advance(merge, err);
		if (r < 0)
			return r;
	}
	if (!merge->heap_len)
		return 0;
	r = spill_reader_value(&merge->readers[merge->heap[0]], err);
	if (r < 0)
		return r;
	merge->taken = true;
	*ret_record = merge->readers[merge->heap[0]].record;
	return 1;
}
