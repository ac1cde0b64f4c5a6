/*
 * writer.c - writing a baseline: a first generation, and the commit of any. writer_next.c makes the later ones.
 *
 * Everything is written under a temporary name in one transaction without a journal: until the rename there is
 * nothing to roll back but the file itself.
 */
#include "store/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "crypto/sign.h"
#include "store/row.h"
#include "store/schema.h"

void baseline_writer_freep(struct baseline_writer **writer)
{
	struct baseline_writer *this = *writer;

	if (this) {
		db_finalizep(&this->insert);
		db_finalizep(&this->keep_past);
		db_finalizep(&this->remove);
		db_closep(&this->db);
		baseline_freep(&this->before);
		root_freep(&this->root);
		outfile_abort(&this->out);
		buf_done(&this->space);
		free(this->name);
	}
	free(this);
	*writer = NULL;
}

int writer_begin(int dirfd, const char *name, mode_t mode, struct baseline_writer **ret_writer, struct err *err)
{
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = calloc(1, sizeof(*writer));
	int r;

	if (!writer)
		return err_nomem(err);
	writer->out = OUTFILE_INIT;
	writer->name = strdup(name);
	if (!writer->name)
		return err_nomem(err);
	r = outfile_open(&writer->out, dirfd, name, mode, err);
	if (r < 0)
		return r;
	*ret_writer = STEAL(writer);
	return 0;
}

static int prepare_insert(struct baseline_writer *writer, struct err *err)
{
	CLEANUP(buf_done) struct buf sql = BUF_INIT;
	const char *text;

	(void)buf_add_str(&sql, "INSERT INTO entry VALUES(?");
	for (int i = 1; i < ROW_COLUMNS; i++)
		(void)buf_add_str(&sql, ", ?");
	(void)buf_add_str(&sql, ")");
	text = buf_str(&sql);
	return text ? db_prepare(writer->db, text, writer->name, &writer->insert, err) : err_nomem(err);
}

int writer_begin_new(int dirfd, const char *name, mode_t mode, uint64_t sequence, struct baseline_writer **ret_writer,
		     struct err *err)
{
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	struct stat status;
	int r;

	/* early; outfile_commit_new() refuses as well */
	if (fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return err_errno_as(err, ERR_CANTCREATE, EEXIST, "cannot create baseline '%s'", QUOTE(name));
	r = writer_begin(dirfd, name, mode, &writer, err);
	if (r < 0)
		return r;
	writer->sequence = sequence;
	r = db_open_writable(writer->out.fd, name, &writer->db, err);
	if (r < 0)
		return r;
	r = schema_prepare(writer->db, name, err);
	if (r < 0)
		return r;
	r = db_exec(writer->db, "BEGIN", name, err);
	if (r < 0)
		return r;
	r = schema_create(writer->db, name, err);
	if (r < 0)
		return r;
	r = prepare_insert(writer, err);
	if (r < 0)
		return r;
	*ret_writer = STEAL(writer);
	return 0;
}

int baseline_writer_new(int dirfd, const char *name, struct baseline_writer **ret_writer, struct err *err)
{
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	int r;

	r = writer_begin_new(dirfd, name, BASELINE_MODE, 1, &writer, err);
	if (r < 0)
		return r;
	r = root_new(NULL, NULL, &writer->root, err);
	if (r < 0)
		return r;
	*ret_writer = STEAL(writer);
	return 0;
}

int writer_insert(struct baseline_writer *writer, struct entry *entry, struct err *err)
{
	int r;

	if (!writer->insert) {
		r = prepare_insert(writer, err);
		if (r < 0)
			return r;
	}
	r = row_bind(writer->insert, entry, &writer->space, err);
	return r < 0 ? r : db_run(writer->insert, writer->name, err);
}

int baseline_writer_add(struct baseline_writer *writer, const struct entry *entry, struct err *err)
{
	struct entry recorded = *entry;
	int r;

	recorded.since = (uint32_t)writer->sequence;
	r = entry_check(&recorded, err);
	if (r < 0)
		return err_wrap(err, r, "cannot record '%s'", QUOTE_N(entry->path.data, entry->path.len));
	if (!writer->root)
		return err_set(err, ERR_INTERNAL, "cannot add entries after some were put or removed");
	r = root_add(writer->root, &recorded, err);
	return r < 0 ? r : writer_insert(writer, &recorded, err);
}

/* The root over all rows as they now stand in the file. */
static int root_of_rows(struct baseline_writer *writer, const struct generation_info *info, struct err *err)
{
	CLEANUP(root_freep) struct root *root = NULL;
	CLEANUP(db_finalizep) sqlite3_stmt *statement = NULL;
	char sql[1024];
	int r;

	r = root_new(info->in_scope, info->context, &root, err);
	if (r < 0)
		return r;
	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM entry ORDER BY path", schema_columns);
	r = db_prepare(writer->db, sql, writer->name, &statement, err);
	if (r < 0)
		return r;
	while ((r = db_step(statement, writer->name, err)) > 0) {
		struct entry entry;

		r = row_read(statement, writer->name, &writer->space, &entry, err);
		if (r < 0)
			return r;
		r = root_add(root, &entry, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	writer->root = STEAL(root);
	return 0;
}

static bool copy_text(const char *text, char *ret_text, size_t size)
{
	size_t len = strlen(text);

	if (len >= size)
		return false;
	memcpy(ret_text, text, len + 1);
	return true;
}

/* What the statement says; its strict grammar is tried on the outcome. */
static int make_statement(struct baseline_writer *writer, const struct generation_info *info,
			  const unsigned char top[HASH_BYTES], struct statement *ret_statement, struct buf *text,
			  struct err *err)
{
	struct statement statement = {
		.sequence = writer->sequence,
		.previous = "none",
		.created = { .sec = info->created.sec },
		.entries = root_entries(writer->root),
		.unexamined = root_unexamined(writer->root),
	};

	if (!copy_text(info->host, statement.host, sizeof(statement.host)) ||
	    !copy_text(info->host_id, statement.host_id, sizeof(statement.host_id)) ||
	    !copy_text(info->tool, statement.tool, sizeof(statement.tool)))
		return err_set(err, ERR_USAGE, "the host's name or id, or the tool's name is too long for a statement");
	if (writer->before) {
		const struct generation *last = baseline_generation(writer->before, 0);

		statement_hash(last->text, last->text_len, statement.previous);
		if (strcmp(last->statement.host_id, statement.host_id) != 0)
			return err_set(err, ERR_UNTRUSTED, "baseline '%s' is of another host", QUOTE(writer->name));
	}
	set_policy_hash(&info->resolved, info->policy_files, info->policy_file_count, statement.policy);
	set_mounts_hash(info->mounts, info->mount_count, statement.mounts);
	set_packages_hash(statement.packages);
	root_text(info->reason, strlen(info->reason), top, statement.root);
	if (statement_format(&statement, text) < 0 || !buf_str(text))
		return err_nomem(err);
	return statement_parse((const char *)text->data, text->len, ret_statement, err);
}

static int store_sets(struct baseline_writer *writer, const struct generation_info *info,
		      const struct statement *statement, struct err *err)
{
	const struct statement *last = writer->before ? baseline_statement(writer->before, 0) : NULL;
	int r;

	if (!last || strcmp(last->policy, statement->policy) != 0) {
		r = set_policy_store(writer->db, writer->name, writer->sequence, &info->resolved, info->policy_files,
				     info->policy_file_count, err);
		if (r < 0)
			return r;
	}
	if (!last || strcmp(last->mounts, statement->mounts) != 0) {
		r = set_mounts_store(writer->db, writer->name, writer->sequence, info->mounts, info->mount_count, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int store_signature(struct baseline_writer *writer, const struct statement *statement, const struct buf *text,
			   const struct secret_key *key, struct err *err)
{
	CLEANUP(buf_done) struct buf signature = BUF_INIT;
	char comment[128];
	int r;

	(void)snprintf(comment, sizeof(comment), "tallystick-baseline %s %llu", statement->host_id,
		       (unsigned long long)statement->sequence);
	r = signature_make(key, text->data, text->len, "signature of a tallystick baseline", comment, &signature, err);
	if (r < 0)
		return r;
	r = generation_store_signature(writer->db, writer->name, writer->sequence, (const char *)signature.data,
				       signature.len, err);
	return r < 0 ? r : generation_store_meta(writer->db, writer->name, err);
}

int writer_end(struct baseline_writer *writer, struct err *err)
{
	int r;

	db_finalizep(&writer->insert);
	db_finalizep(&writer->keep_past);
	db_finalizep(&writer->remove);
	r = db_exec(writer->db, "COMMIT", writer->name, err);
	if (r < 0)
		return r;
	db_closep(&writer->db);
	return 0;
}

int writer_finish(struct baseline_writer *writer, struct err *err)
{
	int r = writer_end(writer, err);

	if (r < 0)
		return r;
	return writer->before ? outfile_commit(&writer->out, err) : outfile_commit_new(&writer->out, err);
}

int baseline_writer_commit(struct baseline_writer *writer, const struct generation_info *info,
			   const struct secret_key *key, struct statement *ret_statement, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	unsigned char top[HASH_BYTES];
	struct statement statement;
	int r;

	r = writer->root ? 0 : root_of_rows(writer, info, err);
	if (r < 0)
		return r;
	root_end(writer->root, top);
	r = make_statement(writer, info, top, &statement, &text, err);
	if (r < 0)
		return r;
	if (info->previous && strcmp(info->previous, statement.previous) != 0)
		return err_set(err, ERR_UNTRUSTED, "baseline '%s' is not the one that was verified",
			       QUOTE(writer->name));
	r = store_sets(writer, info, &statement, err);
	if (r < 0)
		return r;
	r = generation_store(writer->db, writer->name, writer->sequence, (struct bytes){ text.data, text.len },
			     info->reason, top, err);
	if (r < 0)
		return r;
	r = store_signature(writer, &statement, &text, key, err);
	if (r < 0)
		return r;
	r = writer_finish(writer, err);
	if (r < 0)
		return r;
	*ret_statement = statement;
	return 0;
}
