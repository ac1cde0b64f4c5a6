/*
 * baseline_tree.c - the entries of one generation as a tree that verifies itself, and the versions of one path.
 *
 * The newest generation is the table `entry`. An earlier one, N, is what of `entry` was recorded by then
 * (since <= N) merged with what of `entry_past` held then (since <= N < until).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "store/inner.h"
#include "store/root.h"
#include "store/row.h"
#include "store/schema.h"

/* One table's rows, with the next one at hand. */
struct rows {
	sqlite3_stmt *statement; /* NULL: no such table to be read, or at its end */
	struct entry entry;
	struct buf space; /* for the entry's xattrs */
	bool full; /* entry is at hand */
};

struct rows_tree {
	struct tree tree; /* first */
	struct baseline *baseline;
	const struct generation *generation;
	struct root *root;
	struct rows present, past;
	struct rows *given; /* whose entry the caller has */
	bool ended; /* well */
	struct err broken; /* the failure that every further call gives again */
};

static int rows_open(struct rows *rows, struct baseline *baseline, const char *condition, uint64_t sequence,
		     struct err *err)
{
	char sql[1024];
	int r;

	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM %s ORDER BY path", schema_columns, condition);
	r = db_prepare(baseline->db, sql, baseline->name, &rows->statement, err);
	if (r < 0)
		return r;
	if (sqlite3_bind_parameter_count(rows->statement) &&
	    sqlite3_bind_int64(rows->statement, 1, (sqlite3_int64)sequence) != SQLITE_OK)
		return err_nomem(err);
	return 0;
}

static void rows_done(struct rows *rows)
{
	db_finalizep(&rows->statement);
	buf_done(&rows->space);
}

static int rows_fill(struct rows *rows, const char *name, struct err *err)
{
	int r;

	if (rows->full || !rows->statement)
		return 0;
	r = db_step(rows->statement, name, err);
	if (r < 0)
		return r;
	if (r == 0) {
		db_finalizep(&rows->statement);
		return 0;
	}
	r = row_read(rows->statement, name, &rows->space, &rows->entry, err);
	if (r < 0)
		return r;
	rows->full = true;
	return 0;
}

/* The last step of belief: count, states and root hash are those of the signed statement. */
static int check_end(struct rows_tree *rows, struct err *err)
{
	const struct statement *statement = &rows->generation->statement;
	unsigned char top[HASH_BYTES];

	root_end(rows->root, top);
	if (root_entries(rows->root) != statement->entries || root_unexamined(rows->root) != statement->unexamined ||
	    memcmp(top, rows->generation->top, HASH_BYTES) != 0)
		return err_set(err, ERR_UNTRUSTED,
			       "baseline '%s', generation %llu: the entries are not those that were signed",
			       QUOTE(rows->baseline->name), (unsigned long long)statement->sequence);
	rows->ended = true;
	return 0;
}

static int next_row(struct rows_tree *rows, const struct entry **ret_entry, struct err *err)
{
	const char *name = rows->baseline->name;
	struct rows *next;
	int r;

	if (rows->ended)
		return 0;
	if (rows->given)
		rows->given->full = false;
	rows->given = NULL;
	r = rows_fill(&rows->present, name, err);
	if (r == 0)
		r = rows_fill(&rows->past, name, err);
	if (r < 0)
		return r;
	if (!rows->present.full && !rows->past.full)
		return check_end(rows, err);
	next = &rows->present;
	if (!rows->present.full ||
	    (rows->past.full && path_compare(rows->past.entry.path, rows->present.entry.path) < 0))
		next = &rows->past;
	if (next->entry.since == 0 || next->entry.since > rows->generation->statement.sequence)
		return err_set(err, ERR_DATA, "baseline '%s' is damaged: generation %u cannot have recorded '%s'",
			       QUOTE(name), next->entry.since, QUOTE_N(next->entry.path.data, next->entry.path.len));
	r = root_add(rows->root, &next->entry, err);
	if (r < 0)
		return err_wrap(err, r, "baseline '%s' is damaged", QUOTE(name));
	rows->given = next;
	*ret_entry = &next->entry;
	return 1;
}

static int rows_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct rows_tree *rows = (struct rows_tree *)tree;
	int r;

	if (rows->broken.code) {
		*err = rows->broken;
		return err->code;
	}
	r = next_row(rows, ret_entry, err);
	if (r < 0)
		rows->broken = *err;
	return r;
}

static void rows_free(struct tree *tree)
{
	struct rows_tree *rows = (struct rows_tree *)tree;

	rows_done(&rows->present);
	rows_done(&rows->past);
	root_freep(&rows->root);
	free(rows);
}

int baseline_tree(struct baseline *baseline, uint64_t sequence, bool (*in_scope)(void *context, struct bytes path),
		  void *context, struct tree **ret_tree, struct err *err)
{
	const struct generation *generation = baseline_generation(baseline, sequence);
	CLEANUP(tree_freep) struct tree *tree = NULL;
	struct rows_tree *rows;
	int r;

	if (!generation)
		return baseline_lacks(baseline, sequence, err);
	rows = calloc(1, sizeof(*rows));
	if (!rows)
		return err_nomem(err);
	sequence = generation->statement.sequence;
	rows->tree = (struct tree){ "baseline", baseline->name, ATTR_ALL, rows_next, rows_free };
	rows->baseline = baseline;
	rows->generation = generation;
	tree = &rows->tree;
	r = root_new(in_scope, context, &rows->root, err);
	if (r < 0)
		return r;
	if (sequence == baseline_newest(baseline)) {
		r = rows_open(&rows->present, baseline, "entry", sequence, err);
	} else {
		r = rows_open(&rows->present, baseline, "entry WHERE since<=?1", sequence, err);
		if (r == 0)
			r = rows_open(&rows->past, baseline, "entry_past WHERE since<=?1 AND until>?1", sequence, err);
	}
	if (r < 0)
		return r;
	*ret_tree = STEAL(tree);
	return 0;
}

static int versions_of(struct baseline *baseline, const char *sql, struct bytes path,
		       int (*row)(void *context, const struct entry *entry, uint64_t until, struct err *err),
		       void *context, struct err *err)
{
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	CLEANUP(buf_done) struct buf space = BUF_INIT;
	int r;

	r = db_prepare(baseline->db, sql, baseline->name, &statement, err);
	if (r < 0)
		return r;
	if (db_bind_blob(statement, 1, path) != SQLITE_OK)
		return err_nomem(err);
	while ((r = db_step(statement, baseline->name, err)) > 0) {
		struct entry entry;
		uint64_t until;

		r = row_read(statement, baseline->name, &space, &entry, err);
		if (r < 0)
			return r;
		/* what no generation of this file holds was proved by none */
		if (!db_uint(statement, ROW_COLUMNS, baseline_newest(baseline), &until) ||
		    (until && (until <= entry.since || until <= baseline_oldest(baseline))))
			return err_set(err, ERR_DATA,
				       "baseline '%s' is damaged: a version of '%s' ends before it begins",
				       QUOTE(baseline->name), QUOTE_N(path.data, path.len));
		r = row(context, &entry, until, err);
		if (r < 0)
			return r;
	}
	return r;
}

int baseline_versions(struct baseline *baseline, struct bytes path,
		      int (*row)(void *context, const struct entry *entry, uint64_t until, struct err *err),
		      void *context, struct err *err)
{
	char sql[1024];
	int r;

	(void)snprintf(sql, sizeof(sql), "SELECT %s, until FROM entry_past WHERE path=? ORDER BY since",
		       schema_columns);
	r = versions_of(baseline, sql, path, row, context, err);
	if (r < 0)
		return r;
	(void)snprintf(sql, sizeof(sql), "SELECT %s, 0 FROM entry WHERE path=?", schema_columns);
	return versions_of(baseline, sql, path, row, context, err);
}
