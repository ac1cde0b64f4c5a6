/*
 * baseline_rows.c - rows of a baseline that was proved before: single ones, parts, and those that a generation changed.
 *
 * Nothing here computes the root hash again: see baseline.h on who may call it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/quote.h"
#include "store/inner.h"
#include "store/row.h"
#include "store/schema.h"

int baseline_again(const struct baseline *baseline, struct baseline **ret_baseline, struct err *err)
{
	int fd = fcntl(baseline->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(err, errno, "cannot open baseline '%s' again", QUOTE(baseline->name));
	return baseline_open_fd(fd, baseline->name, ret_baseline, err);
}

static int prepare(struct baseline *baseline, const char *condition, sqlite3_stmt **ret_statement, struct err *err)
{
	char sql[1024];

	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM entry WHERE %s", schema_columns, condition);
	return db_prepare(baseline->db, sql, baseline->name, ret_statement, err);
}

int baseline_find(struct baseline *baseline, struct bytes path, const struct entry **ret_entry, struct err *err)
{
	int r = 0;

	if (!baseline->find)
		r = prepare(baseline, "path=?1", &baseline->find, err);
	if (r < 0)
		return r;
	(void)sqlite3_reset(baseline->find);
	if (db_bind_blob(baseline->find, 1, path) != SQLITE_OK)
		return err_nomem(err);
	r = db_step(baseline->find, baseline->name, err);
	if (r > 0) {
		r = row_read(baseline->find, baseline->name, &baseline->find_space, &baseline->found, err);
		r = r < 0 ? r : 1;
	}
	if (r > 0)
		*ret_entry = &baseline->found;
	return r;
}

/* --- what lies at or below a path --- */

struct part {
	struct tree tree; /* first */
	struct baseline *baseline;
	sqlite3_stmt *top, *below; /* NULL: done with, or not wanted */
	struct buf within, low, high; /* bound to them */
	struct buf space;
	struct entry entry;
};

static void part_free(struct tree *tree)
{
	struct part *part = (struct part *)tree;

	db_finalizep(&part->top);
	db_finalizep(&part->below);
	buf_done(&part->within);
	buf_done(&part->low);
	buf_done(&part->high);
	buf_done(&part->space);
	free(part);
}

static int part_step(struct part *part, sqlite3_stmt **statement, struct err *err)
{
	const char *name = part->baseline->name;
	int r = *statement ? db_step(*statement, name, err) : 0;

	if (r > 0) {
		r = row_read(*statement, name, &part->space, &part->entry, err);
		return r < 0 ? r : 1;
	}
	if (r == 0)
		db_finalizep(statement);
	return r;
}

static int part_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct part *part = (struct part *)tree;
	int r = part_step(part, &part->top, err);

	if (r == 0)
		r = part_step(part, &part->below, err);
	if (r > 0)
		*ret_entry = &part->entry;
	return r;
}

static struct bytes bytes_in(const struct buf *buf)
{
	return (struct bytes){ buf->data, buf->len };
}

/* WITHIN itself, and what lies between "WITHIN/" and "WITHIN0": '0' follows '/'. */
static int part_begin(struct part *part, struct bytes within, struct bytes after, struct err *err)
{
	size_t stem = within.len == 1 ? 0 : within.len; /* "/" ends with its slash */
	int r;

	if (buf_add(&part->within, within.data, within.len) < 0 || buf_add(&part->low, within.data, stem) < 0 ||
	    buf_add_byte(&part->low, '/') < 0 || buf_add(&part->high, within.data, stem) < 0 ||
	    buf_add_byte(&part->high, '/' + 1) < 0)
		return err_nomem(err);
	r = prepare(part->baseline, "path>?1 AND path<?2 ORDER BY path", &part->below, err);
	if (r == 0 && (after.len == 0 || path_compare(after, within) < 0))
		r = prepare(part->baseline, "path=?1", &part->top, err);
	if (r < 0)
		return r;
	if (after.len && path_compare(after, bytes_in(&part->low)) > 0) {
		buf_clear(&part->low);
		if (buf_add(&part->low, after.data, after.len) < 0)
			return err_nomem(err);
	}
	if (db_bind_blob(part->below, 1, bytes_in(&part->low)) != SQLITE_OK ||
	    db_bind_blob(part->below, 2, bytes_in(&part->high)) != SQLITE_OK ||
	    (part->top && db_bind_blob(part->top, 1, bytes_in(&part->within)) != SQLITE_OK))
		return err_nomem(err);
	return 0;
}

int baseline_rows(struct baseline *baseline, struct bytes within, struct bytes after, struct tree **ret_tree,
		  struct err *err)
{
	struct part *part = calloc(1, sizeof(*part));
	CLEANUP(tree_freep) struct tree *tree = NULL;
	int r;

	if (!part)
		return err_nomem(err);
	part->tree = (struct tree){ "baseline", baseline->name, ATTR_ALL, part_next, part_free };
	part->baseline = baseline;
	tree = &part->tree;
	r = part_begin(part, within, after, err);
	if (r < 0)
		return r;
	*ret_tree = STEAL(tree);
	return 0;
}

/* --- walks over all rows --- */

int baseline_since(struct baseline *baseline, uint64_t sequence,
		   int (*path)(void *context, struct bytes path, struct err *err), void *context, struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	const struct statement *since = baseline_statement(baseline, sequence);
	int r;

	if (!since)
		return baseline_lacks(baseline, sequence, err);
	r = db_prepare(baseline->db,
		       "SELECT path FROM entry WHERE since>?1 UNION "
		       "SELECT path FROM entry_past WHERE since<=?1 AND until>?1 ORDER BY path",
		       baseline->name, &statement, err);
	if (r < 0)
		return r;
	if (sqlite3_bind_int64(statement, 1, (sqlite3_int64)since->sequence) != SQLITE_OK)
		return err_nomem(err);
	while ((r = db_step(statement, baseline->name, err)) > 0) {
		struct bytes bytes;

		if (!db_blob(statement, 0, &bytes) || !path_valid(bytes))
			return err_set(err, ERR_DATA, "baseline '%s' is damaged: a malformed path",
				       QUOTE(baseline->name));
		r = path(context, bytes, err);
		if (r < 0)
			return r;
	}
	return r;
}

int baseline_linked(struct baseline *baseline, int (*row)(void *context, const struct entry *entry, struct err *err),
		    void *context, struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	CLEANUP(buf_done) struct buf space = BUF_INIT;
	char condition[64];
	int r;

	(void)snprintf(condition, sizeof(condition), "links>1 AND type<>%d ORDER BY path", TYPE_DIR);
	r = prepare(baseline, condition, &statement, err);
	if (r < 0)
		return r;
	while ((r = db_step(statement, baseline->name, err)) > 0) {
		struct entry entry;

		r = row_read(statement, baseline->name, &space, &entry, err);
		if (r == 0)
			r = row(context, &entry, err);
		if (r < 0)
			return r;
	}
	return r;
}

static int by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

int baseline_inodes(struct baseline *baseline, const uint64_t *inodes, size_t count,
		    int (*fn)(void *context, struct bytes path, uint64_t inode, struct err *err), void *context,
		    struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	char sql[96];
	int r;

	(void)snprintf(sql, sizeof(sql), "SELECT inode, path FROM entry WHERE inode IS NOT NULL AND type<>%d",
		       TYPE_DIR);
	r = db_prepare(baseline->db, sql, baseline->name, &statement, err);
	if (r < 0)
		return r;
	while (count && (r = db_step(statement, baseline->name, err)) > 0) {
		uint64_t inode = (uint64_t)sqlite3_column_int64(statement, 0);
		struct bytes path;

		if (!bsearch(&inode, inodes, count, sizeof(*inodes), by_number))
			continue;
		if (!db_blob(statement, 1, &path))
			return err_set(err, ERR_DATA, "baseline '%s' is damaged: a path is none",
				       QUOTE(baseline->name));
		r = fn(context, path, inode, err);
		if (r < 0)
			return r;
	}
	return r;
}
