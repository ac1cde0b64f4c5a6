/*
 * spill_merge.h - several sorted runs of one file read as one: a heap of readers, least key first, and of
 * equal keys the earlier run first. Private to spill.c.
 */
#ifndef BASE_SPILL_MERGE_H
#define BASE_SPILL_MERGE_H

#include <stdbool.h>

#include "base/spill_run.h"

struct spill_merge {
	struct spill_reader *readers; /* one a run, in the order of the runs */
	size_t count;
	size_t *heap; /* indexes of readers that hold a record */
	size_t heap_len;
	bool taken; /* the record at the top has been handed out */
};
#define SPILL_MERGE_INIT ((struct spill_merge){ .readers = NULL })

/* Key order of spill.h: bytes, then shorter first. <0, 0, >0. */
int spill_merge_compare(const struct spill_record *a, const struct spill_record *b);

/* Reads runs FIRST to FIRST+COUNT-1 of FILE (borrowed) from their beginning, with BUFFER_BYTES for each. */
int spill_merge_init(struct spill_merge *merge, const struct spill_file *file, size_t first, size_t count,
		     size_t buffer_bytes, struct err *err);
void spill_merge_done(struct spill_merge *merge);
int spill_merge_rewind(struct spill_merge *merge, struct err *err);
/* As spill_next(). */
int spill_merge_next(struct spill_merge *merge, struct spill_record *ret_record, struct err *err);

#endif
