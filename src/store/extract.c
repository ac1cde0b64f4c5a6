/*
 * extract.c - one generation in a file of its own, the same bytes whenever and wherever it is made.
 *
 * What SQLite puts into a file follows from the rows and the order in which they came: always the same one here, into an empty
 * file, in one transaction. The one thing else is its own version number in the header, which is set to one that says nothing.
 */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "store/writer.h"

enum {
	EXTRACT_MODE = 0644,
	HEADER_VERSION = 96, /* "SQLITE_VERSION_NUMBER", four bytes: https://sqlite.org/fileformat.html 1.3 */
};

static int copy_sets(struct baseline *baseline, struct baseline_writer *writer, struct err *err)
{
	const struct policy_file *files, *resolved;
	const struct mount *mounts;
	size_t file_count, mount_count;
	int r;

	r = baseline_policy(baseline, writer->sequence, &files, &file_count, &resolved, err);
	if (r < 0)
		return r;
	r = baseline_mounts(baseline, writer->sequence, &mounts, &mount_count, err);
	if (r < 0)
		return r;
	r = set_policy_store(writer->db, writer->name, writer->sequence, resolved, files, file_count, err);
	return r < 0 ? r : set_mounts_store(writer->db, writer->name, writer->sequence, mounts, mount_count, err);
}

static int copy_signed(const struct generation *from, struct baseline_writer *writer, struct err *err)
{
	struct bytes text = { (const unsigned char *)from->text, from->text_len };
	int r = generation_store(writer->db, writer->name, writer->sequence, text, from->reason, from->top, err);

	for (size_t i = 0; r >= 0 && i < from->signature_count; i++)
		r = generation_store_signature(writer->db, writer->name, writer->sequence, from->signatures[i].text,
					       from->signatures[i].len, err);
	return r < 0 ? r : generation_store_meta(writer->db, writer->name, err);
}

struct copying {
	struct baseline_writer *writer;
	int (*entry)(void *context, const struct entry *entry, struct err *err);
	void *context;
};

/* To the good end of the tree: then they are those that were signed. */
static int copy_rows(struct tree *tree, const struct copying *copying, struct err *err)
{
	const struct entry *entry;
	int r;

	while ((r = tree_next(tree, &entry, err)) > 0) {
		struct entry row = *entry;

		r = writer_insert(copying->writer, &row, err);
		if (r >= 0 && copying->entry)
			r = copying->entry(copying->context, entry, err);
		if (r < 0)
			return r;
	}
	return r;
}

static int hide_version(const struct baseline_writer *writer, struct err *err)
{
	static const unsigned char version[4] = { 0, 0x2e, 0x63, 0 }; /* 3040000 */
	ssize_t n = pwrite(writer->out.fd, version, sizeof(version), HEADER_VERSION);

	if (n == (ssize_t)sizeof(version))
		return 0;
	return err_errno_as(err, ERR_IO, n < 0 ? errno : ENOSPC, "cannot write '%s'", QUOTE(writer->name));
}

int baseline_extract(struct baseline *baseline, uint64_t sequence, bool (*in_scope)(void *context, struct bytes path),
		     void *scope, int dirfd, const char *name,
		     int (*entry)(void *context, const struct entry *entry, struct err *err), void *context,
		     struct err *err)
{
	CLEANUP(baseline_writer_freep) struct baseline_writer *writer = NULL;
	CLEANUP(tree_freep) struct tree *tree = NULL;
	const struct generation *generation = baseline_generation(baseline, sequence);
	int r;

	if (!generation)
		return baseline_lacks(baseline, sequence, err);
	sequence = generation->statement.sequence;
	r = baseline_tree(baseline, sequence, in_scope, scope, &tree, err);
	if (r >= 0)
		r = writer_begin_new(dirfd, name, EXTRACT_MODE, sequence, &writer, err);
	if (r >= 0)
		r = copy_sets(baseline, writer, err);
	if (r >= 0)
		r = copy_signed(generation, writer, err);
	if (r >= 0)
		r = copy_rows(tree, &(struct copying){ writer, entry, context }, err);
	if (r >= 0)
		r = writer_end(writer, err);
	if (r >= 0)
		r = hide_version(writer, err);
	return r < 0 ? r : outfile_commit_new(&writer->out, err);
}
