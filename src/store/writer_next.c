/*
 * writer_next.c - later generations, and signatures attached later: a copy of the file with some rows changed.
 */
#include "store/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "store/schema.h"

enum { COPY_BYTES = 1 << 18 };

static int copy_by_hand(int from, int to, const char *name, struct err *err)
{
	CLEANUP(freep) unsigned char *space = malloc(COPY_BYTES);
	int r;

	if (!space)
		return err_nomem(err);
	for (;;) {
		ssize_t n = read(from, space, COPY_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno_as(err, ERR_IO, errno, "cannot read '%s'", QUOTE(name));
		if (n == 0)
			return 0;
		r = fd_write_all(to, space, (size_t)n, name, err);
		if (r < 0)
			return r;
	}
}

/* In the kernel where it can, which shares the blocks where the file system can. */
static int copy_file(int from, int to, const char *name, struct err *err)
{
	for (;;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, SSIZE_MAX & ~(size_t)(COPY_BYTES - 1), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EIO && errno != ENOSPC && errno != EDQUOT)
			return copy_by_hand(from, to, name, err); /* goes on where the offsets stand */
		if (n < 0)
			return err_errno_as(err, ERR_IO, errno, "cannot copy '%s'", QUOTE(name));
		if (n == 0)
			return copy_by_hand(from, to, name, err); /* the end; some file systems say 0 for "can't" */
	}
}

/* A writer on a copy of NAME, loaded and checked but for signatures and entries. */
static int begin_copy(int dirfd, const char *name, struct baseline_writer **ret_writer, struct err *err)
{
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	CLEANUP(fd_closep) int from = -1;
	int copy;
	int r;

	r = baseline_open_file(dirfd, name, &from, err);
	if (r < 0)
		return r;
	r = writer_begin(dirfd, name, BASELINE_MODE, &writer, err);
	if (r < 0)
		return r;
	r = copy_file(from, writer->out.fd, name, err);
	if (r < 0)
		return r;
	copy = dup(writer->out.fd);
	if (copy < 0)
		return err_errno(err, errno, "cannot open baseline '%s'", QUOTE(name));
	r = baseline_open_fd(copy, name, &writer->before, err);
	if (r < 0)
		return r;
	r = db_open_writable(writer->out.fd, name, &writer->db, err);
	if (r < 0)
		return r;
	r = db_exec(writer->db, "BEGIN", name, err);
	if (r < 0)
		return r;
	*ret_writer = STEAL(writer);
	return 0;
}

static int prepare_changes(struct baseline_writer *writer, struct err *err)
{
	char sql[1024];
	int r;

	(void)snprintf(sql, sizeof(sql), "INSERT INTO entry_past SELECT %s, ?2 FROM entry WHERE path=?1 AND since<?2",
		       schema_columns);
	r = db_prepare(writer->db, sql, writer->name, &writer->keep_past, err);
	return r < 0 ? r : db_prepare(writer->db, "DELETE FROM entry WHERE path=?", writer->name, &writer->remove, err);
}

int baseline_writer_from(int dirfd, const char *name, struct baseline_writer **ret_writer, struct err *err)
{
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	int r;

	r = begin_copy(dirfd, name, &writer, err);
	if (r < 0)
		return r;
	writer->sequence = baseline_newest(writer->before) + 1;
	r = prepare_changes(writer, err);
	if (r < 0)
		return r;
	*ret_writer = STEAL(writer);
	return 0;
}

/* Takes the path's row out of `entry`, into `entry_past` unless this very generation made it. */
static int retire(struct baseline_writer *writer, struct bytes path, bool *ret_found, struct err *err)
{
	int r = writer->remove ? 0 : prepare_changes(writer, err);

	if (r < 0)
		return r;
	/* over what was added; computed anew from the rows at the commit */
	root_freep(&writer->root);
	if (db_bind_blob(writer->keep_past, 1, path) != SQLITE_OK ||
	    sqlite3_bind_int64(writer->keep_past, 2, (sqlite3_int64)writer->sequence) != SQLITE_OK ||
	    db_bind_blob(writer->remove, 1, path) != SQLITE_OK)
		return err_nomem(err);
	r = db_run(writer->keep_past, writer->name, err);
	if (r < 0)
		return r;
	r = db_run(writer->remove, writer->name, err);
	if (r < 0)
		return r;
	*ret_found = sqlite3_changes(writer->db) > 0;
	return 0;
}

int baseline_writer_put(struct baseline_writer *writer, const struct entry *entry, struct err *err)
{
	struct entry recorded = *entry;
	bool found;
	int r;

	recorded.since = (uint32_t)writer->sequence;
	r = path_valid(entry->path) ? entry_check(&recorded, err) : err_set(err, ERR_DATA, "its path is not valid");
	if (r < 0)
		return err_wrap(err, r, "cannot record '%s'", QUOTE_N(entry->path.data, entry->path.len));
	r = retire(writer, entry->path, &found, err);
	return r < 0 ? r : writer_insert(writer, &recorded, err);
}

int baseline_writer_remove(struct baseline_writer *writer, struct bytes path, struct err *err)
{
	bool found = false;
	int r;

	r = retire(writer, path, &found, err);
	if (r < 0)
		return r;
	return found ? 0
		     : err_set(err, ERR_NOINPUT, "'%s' is not in baseline '%s'", QUOTE_N(path.data, path.len),
			       QUOTE(writer->name));
}

int baseline_writer_remove_below(struct baseline_writer *writer, struct bytes path, struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	CLEANUP(buf_done) struct buf low = BUF_INIT;
	CLEANUP(buf_done) struct buf high = BUF_INIT;
	size_t stem = path.len == 1 ? 0 : path.len; /* "/" ends with its slash */
	int r;

	if (writer->before)
		return err_set(err, ERR_INTERNAL, "a whole directory can be removed from a first generation only");
	if (buf_add(&low, path.data, stem) < 0 || buf_add_byte(&low, '/') < 0 || buf_add(&high, path.data, stem) < 0 ||
	    buf_add_byte(&high, '/' + 1) < 0)
		return err_nomem(err);
	r = db_prepare(writer->db, "DELETE FROM entry WHERE path>?1 AND path<?2", writer->name, &statement, err);
	if (r < 0)
		return r;
	if (db_bind_blob(statement, 1, (struct bytes){ low.data, low.len }) != SQLITE_OK ||
	    db_bind_blob(statement, 2, (struct bytes){ high.data, high.len }) != SQLITE_OK)
		return err_nomem(err);
	root_freep(&writer->root);
	return db_run(statement, writer->name, err);
}

int baseline_add_signature(int dirfd, const char *name, uint64_t sequence, const char *text, size_t len,
			   struct err *err)
{
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	const struct generation *generation;
	int r;

	r = begin_copy(dirfd, name, &writer, err);
	if (r < 0)
		return r;
	generation = baseline_generation(writer->before, sequence);
	if (!generation)
		return baseline_lacks(writer->before, sequence, err);
	r = generation_store_signature(writer->db, name, generation->statement.sequence, text, len, err);
	if (r < 0)
		return r;
	r = generation_store_meta(writer->db, name, err);
	return r < 0 ? r : writer_finish(writer, err);
}
