/* writer.h - what the two halves of the writer share: writer.c (new, add, commit), writer_next.c (from, put, remove). */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "base/fd.h"
#include "store/inner.h"
#include "store/root.h"

/* Names and hashes of everything on the host: its owner's only. */
enum { BASELINE_MODE = 0600 };

struct baseline_writer {
	char *name;
	struct outfile out;
	sqlite3 *db; /* on out.fd, inside a transaction */
	struct baseline *before; /* the copied file as it was; NULL for a first generation */
	uint64_t sequence; /* of the generation being written */
	struct root *root; /* of a first generation: fed as entries come, until one is put or removed */
	sqlite3_stmt *insert, *keep_past, *remove;
	struct buf space; /* scratch for rows */
};

/* A writer on a temporary file beside NAME; nothing in it yet. */
int writer_begin(int dirfd, const char *name, mode_t mode, struct baseline_writer **ret_writer, struct err *err);

/* The same with the tables in it, for a file that begins with SEQUENCE. ERR_CANTCREATE when NAME exists. */
int writer_begin_new(int dirfd, const char *name, mode_t mode, uint64_t sequence, struct baseline_writer **ret_writer,
		     struct err *err);

/* Inserts the entry as recorded by this generation. */
int writer_insert(struct baseline_writer *writer, struct entry *entry, struct err *err);

/* Ends the transaction; the file is as it will be. */
int writer_end(struct baseline_writer *writer, struct err *err);

/* The same, then syncs and renames. */
int writer_finish(struct baseline_writer *writer, struct err *err);

#endif
