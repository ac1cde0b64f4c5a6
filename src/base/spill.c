/*
 * spill.c - see spill.h.
 *
 * Records gather one behind another in one block of memory with an index of their offsets; offsets grow in the
 * order of adding, which makes the sort stable. A full block is sorted and written as a run (spill_run.h).
 * Reading merges at most FAN_IN runs at once (spill_merge.h): more are first merged into fewer, each pass into
 * a new file, neighbours together so that the order of adding survives.
 */
#include "base/spill.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/spill_merge.h"

enum {
	FAN_IN = 64,
	FIRST_BLOCK_BYTES = 4096,
	READ_BYTES_MIN = 4096,
	READ_BYTES_MAX = 1 << 18,
	INDEX_BYTES = 2 * sizeof(size_t), /* of a record: its place in the index and in qsort's copy of it */
};

struct head {
	uint32_t key_len, value_len; /* key and value follow */
};

struct spill {
	char *directory;
	size_t memory_bytes;
	uint64_t count; /* of all records */
	bool sorted;

	unsigned char *block; /* records in memory */
	size_t block_len, block_capacity;
	size_t *index; /* their offsets in the block */
	size_t index_len, index_capacity;
	size_t next; /* of the index: what spill_next() gives next */

	struct spill_file file; /* open once a run was written */
	struct spill_merge merge; /* over its runs, when sorted */
};

int spill_new(const char *tmpdir, size_t memory_bytes, struct spill **ret_spill, struct err *err)
{
	CLEANUP(spill_freep) struct spill *spill = calloc(1, sizeof(*spill));
	const char *directory = tmpdir ? tmpdir : getenv("TMPDIR");

	if (!spill)
		return err_nomem(err);
	spill->memory_bytes = memory_bytes;
	spill->file = SPILL_FILE_INIT;
	spill->merge = SPILL_MERGE_INIT;
	spill->directory = strdup(directory && *directory ? directory : "/tmp");
	if (!spill->directory)
		return err_nomem(err);
	*ret_spill = STEAL(spill);
	return 0;
}

static void drop_block(struct spill *spill)
{
	free(spill->block);
	free(spill->index);
	spill->block = NULL;
	spill->index = NULL;
	spill->block_len = spill->block_capacity = spill->index_len = spill->index_capacity = 0;
}

void spill_freep(struct spill **spill)
{
	if (!*spill)
		return;
	drop_block(*spill);
	spill_merge_done(&(*spill)->merge);
	spill_file_done(&(*spill)->file);
	free((*spill)->directory);
	free(*spill);
	*spill = NULL;
}

static struct spill_record record_at(const unsigned char *block, size_t offset)
{
	struct head head;

	memcpy(&head, block + offset, sizeof(head));
	return (struct spill_record){
		.key = block + offset + sizeof(head),
		.value = block + offset + sizeof(head) + head.key_len,
		.key_len = head.key_len,
		.value_len = head.value_len,
	};
}

static int compare_offsets(const void *a, const void *b, void *block)
{
	size_t left = *(const size_t *)a, right = *(const size_t *)b;
	struct spill_record left_record = record_at(block, left), right_record = record_at(block, right);
	int order = spill_merge_compare(&left_record, &right_record);

	return order != 0 ? order : (left > right) - (left < right);
}

static void sort_block(struct spill *spill)
{
	if (spill->index_len)
		qsort_r(spill->index, spill->index_len, sizeof(*spill->index), compare_offsets, spill->block);
}

static int write_run(struct spill *spill, struct err *err)
{
	int r;

	if (spill->file.fd < 0) {
		r = spill_file_open(&spill->file, spill->directory, err);
		if (r < 0)
			return r;
	}
	sort_block(spill);
	for (size_t i = 0; i < spill->index_len; i++) {
		struct spill_record record = record_at(spill->block, spill->index[i]);

		r = spill_file_add(&spill->file, &record, err);
		if (r < 0)
			return r;
	}
	r = spill_file_end_run(&spill->file, err);
	if (r < 0)
		return r;
	spill->block_len = spill->index_len = 0;
	if (spill->block_capacity > spill->memory_bytes)
		drop_block(spill); /* a record larger than the bound has passed */
	return 0;
}

/* Room for one record of BYTES. The block doubles, but not beyond the bound unless one record alone does. */
static int reserve(struct spill *spill, size_t bytes, struct err *err)
{
	size_t need = spill->block_len + bytes;

	if (need > spill->block_capacity) {
		size_t capacity = spill->block_capacity ? 2 * spill->block_capacity : FIRST_BLOCK_BYTES;
		unsigned char *grown;

		capacity = capacity < spill->memory_bytes ? capacity : spill->memory_bytes;
		capacity = capacity < need ? need : capacity;
		grown = realloc(spill->block, capacity);
		if (!grown)
			return err_nomem(err);
		spill->block = grown;
		spill->block_capacity = capacity;
	}
	if (spill->index_len == spill->index_capacity) {
		size_t capacity = spill->index_capacity ? 2 * spill->index_capacity : 64;
		size_t *grown = reallocarray(spill->index, capacity, sizeof(*grown));

		if (!grown)
			return err_nomem(err);
		spill->index = grown;
		spill->index_capacity = capacity;
	}
	return 0;
}

int spill_add(struct spill *spill, const void *key, size_t key_len, const void *value, size_t value_len,
	      struct err *err)
{
	struct head head = { .key_len = (uint32_t)key_len, .value_len = (uint32_t)value_len };
	size_t bytes;
	int r;

	if (spill->sorted)
		return err_set(err, ERR_INTERNAL, "a record was added after the sort");
	if (key_len > SPILL_KEY_MAX || value_len > SPILL_VALUE_MAX)
		return err_set(err, ERR_DATA, "a record of %zu + %zu bytes is too large to sort", key_len, value_len);
	bytes = sizeof(head) + key_len + value_len;
	if (spill->index_len && spill->block_len + bytes + (spill->index_len + 1) * INDEX_BYTES > spill->memory_bytes) {
		r = write_run(spill, err);
		if (r < 0)
			return r;
	}
	r = reserve(spill, bytes, err);
	if (r < 0)
		return r;
	memcpy(spill->block + spill->block_len, &head, sizeof(head));
	if (key_len)
		memcpy(spill->block + spill->block_len + sizeof(head), key, key_len);
	if (value_len)
		memcpy(spill->block + spill->block_len + sizeof(head) + key_len, value, value_len);
	spill->index[spill->index_len++] = spill->block_len;
	spill->block_len += bytes;
	spill->count++;
	return 0;
}

static size_t read_bytes(const struct spill *spill)
{
	size_t bytes = spill->memory_bytes / (FAN_IN + 1);

	if (bytes < READ_BYTES_MIN)
		return READ_BYTES_MIN;
	return bytes < READ_BYTES_MAX ? bytes : READ_BYTES_MAX;
}

/* Merges COUNT neighbouring runs into one of OUT. */
static int merge_runs(struct spill *spill, size_t first, size_t count, struct spill_file *out, struct err *err)
{
	CLEANUP(spill_merge_done) struct spill_merge merge = SPILL_MERGE_INIT;
	struct spill_record record;
	int r;

	r = spill_merge_init(&merge, &spill->file, first, count, read_bytes(spill), err);
	while (r >= 0) {
		r = spill_merge_next(&merge, &record, err);
		if (r == 0)
			return spill_file_end_run(out, err);
		if (r > 0)
			r = spill_file_add(out, &record, err);
	}
	return r;
}

/* One pass: every FAN_IN runs become one. */
static int merge_pass(struct spill *spill, struct err *err)
{
	CLEANUP(spill_file_done) struct spill_file out = SPILL_FILE_INIT;
	int r;

	r = spill_file_open(&out, spill->directory, err);
	for (size_t first = 0; r == 0 && first < spill->file.count; first += FAN_IN) {
		size_t left = spill->file.count - first;

		r = merge_runs(spill, first, left < FAN_IN ? left : FAN_IN, &out, err);
	}
	if (r < 0)
		return r;
	spill_file_done(&spill->file);
	spill->file = out;
	out = SPILL_FILE_INIT;
	return 0;
}

int spill_sort(struct spill *spill, struct err *err)
{
	int r = 0;

	if (spill->sorted)
		return err_set(err, ERR_INTERNAL, "records were sorted twice");
	if (spill->file.fd < 0) {
		sort_block(spill);
		spill->sorted = true;
		return 0;
	}
	r = write_run(spill, err);
	drop_block(spill);
	while (r == 0 && spill->file.count > FAN_IN)
		r = merge_pass(spill, err);
	if (r == 0)
		r = spill_merge_init(&spill->merge, &spill->file, 0, spill->file.count, read_bytes(spill), err);
	spill->sorted = r == 0;
	return r;
}

int spill_next(struct spill *spill, struct spill_record *ret_record, struct err *err)
{
	if (!spill->sorted)
		return err_set(err, ERR_INTERNAL, "records were read before the sort");
	if (spill->file.fd >= 0)
		return spill_merge_next(&spill->merge, ret_record, err);
	if (spill->next == spill->index_len)
		return 0;
	*ret_record = record_at(spill->block, spill->index[spill->next++]);
	return 1;
}

int spill_rewind(struct spill *spill, struct err *err)
{
	if (!spill->sorted)
		return err_set(err, ERR_INTERNAL, "records were read before the sort");
	spill->next = 0;
	return spill->file.fd >= 0 ? spill_merge_rewind(&spill->merge, err) : 0;
}

uint64_t spill_count(const struct spill *spill)
{
	return spill->count;
}
