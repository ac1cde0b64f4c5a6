/*
 * spill_run.h - sorted runs of records in one unlinked file: written one after another, read back side by side.
 *
 * Private to spill.c and spill_merge.c, which keep the order; nothing here compares keys. A record in the
 * file is key length and value length (uint32_t each, the machine's own byte order: nobody else reads the
 * file), key, value.
 */
#ifndef BASE_SPILL_RUN_H
#define BASE_SPILL_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/spill.h"

struct spill_run {
	uint64_t start, end; /* offsets in the file */
};

struct spill_file {
	const char *directory; /* borrowed, for messages */
	int fd; /* -1: not open */
	uint64_t size; /* bytes written */
	uint64_t limit; /* of size; 0: none */
	struct buf pending; /* bytes not yet written */
	struct spill_run *runs; /* the finished ones */
	size_t count, capacity;
};
#define SPILL_FILE_INIT ((struct spill_file){ .fd = -1 })

/* Opens an unlinked file in DIRECTORY, or in memory (SPILL_MEMORY). ERR_CANTCREATE with a message that names it and --tmp. */
int spill_file_open(struct spill_file *file, const char *directory, struct err *err);
void spill_file_done(struct spill_file *file); /* leaves SPILL_FILE_INIT */

/* Appends a record to the run that is being written. */
int spill_file_add(struct spill_file *file, const struct spill_record *record, struct err *err);
int spill_file_end_run(struct spill_file *file, struct err *err);

/*
 * Reads one run in order, for each record first its key, then, when the merge has chosen it, its value: so of many
 * runs side by side only one holds a large record.
 */
struct spill_reader {
	const struct spill_file *file; /* borrowed */
	uint64_t start, at, end; /* offsets in the file: of the run, of the next byte to read */
	unsigned char *data; /* bytes read, from `begin` to `filled` */
	size_t begin, filled, capacity;
	size_t buffer_bytes; /* capacity but for larger records */
	size_t record_bytes; /* of the present record; 0 before the first */
	struct spill_record record;
};

void spill_reader_init(struct spill_reader *reader, const struct spill_file *file, size_t run, size_t buffer_bytes);
void spill_reader_done(struct spill_reader *reader);
void spill_reader_rewind(struct spill_reader *reader);
/* Loads the next key into reader->record (value NULL): 1, 0 at the end of the run, negative on error. */
int spill_reader_next(struct spill_reader *reader, struct err *err);
/* Loads the value of the same record as well; moves the key. Must come between two calls of next. */
int spill_reader_value(struct spill_reader *reader, struct err *err);

#endif
