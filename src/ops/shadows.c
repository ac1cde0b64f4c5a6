/* shadows.c - see shadows.h. */
#include "ops/shadows.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/quote.h"

struct shadow_row {
	struct bytes path;
	const char *fstype;
	struct side *side; /* that has not mounted it; of one that COVERS, whose own it is */
	char letter; /* of that side */
	bool covers; /* another file system of the same image stands there */
	enum shadow_kind kind; /* else */
	uint64_t entries, files; /* that SIDE has below */
	struct bytes first; /* of the files */
	bool unsure; /* not all of it could be read */
	uint64_t doubts; /* paths below that SIDE has not, and that nobody judged */
};

static struct shadow_row *rows_of(const struct shadows *shadows)
{
	return (struct shadow_row *)(void *)shadows->rows.data;
}

static size_t count_of(const struct shadows *shadows)
{
	return shadows->rows.len / sizeof(struct shadow_row);
}

void shadows_done(struct shadows *shadows)
{
	buf_done(&shadows->rows);
	buf_done(&shadows->hidden);
	path_list_done(&shadows->places);
}

static bool is_below(struct bytes above, struct bytes path)
{
	return path.len > above.len && path_covers(above, path);
}

/* Of the places that are not one side's own, the nearest row above PATH, or at it. */
static struct shadow_row *row_above(const struct shadows *shadows, struct bytes path)
{
	struct shadow_row *rows = rows_of(shadows), *best = NULL;

	for (size_t i = 0; i < count_of(shadows); i++) {
		if (!rows[i].covers && path_covers(rows[i].path, path) && (!best || rows[i].path.len > best->path.len))
			best = &rows[i];
	}
	return best;
}

/* ---- which places ---- */

static int add_row(struct shadows *shadows, const struct shadow_row *row, const struct path_list *paths,
		   struct err *err)
{
	bool asked = paths->count == 0 || path_list_covers(paths, row->path);

	if (!asked && row->kind != SHADOW_UNSEEN)
		return 0;
	if (!asked) /* what was asked for may lie below it */
		return buf_add(&shadows->hidden, &row->path, sizeof(row->path)) < 0 ? err_nomem(err) : 0;
	if (buf_add(&shadows->rows, row, sizeof(*row)) < 0)
		return err_nomem(err);
	return path_list_add(&shadows->places, row->path, err);
}

/* Of OWNER, where LACKING has nothing mounted. */
static int add_lacking(struct shadows *shadows, const struct side *owner, struct side *lacking,
		       const struct path_list *paths, struct err *err)
{
	CLEANUP(buf_done) struct buf found = BUF_INIT;
	const struct shadow *shadow;
	int r = 0;

	if (grounds_shadows(&owner->grounds, &lacking->grounds, &found) < 0)
		return err_nomem(err);
	shadow = (const struct shadow *)(const void *)found.data;
	for (size_t i = 0; r >= 0 && i < found.len / sizeof(*shadow); i++, shadow++) {
		const struct shadow_row row = { .path = shadow->ground->path,
						.fstype = shadow->ground->fstype,
						.side = lacking,
						.letter = lacking->letter,
						.kind = shadow->kind };

		/* a folder or an archive is what it holds: what is not in it is missing */
		if (shadow->kind == SHADOW_DOUBTFUL && (lacking->subject.kind != SUBJECT_IMAGE || shadows->device))
			continue;
		r = add_row(shadows, &row, paths, err);
	}
	return r;
}

/* Of an image, where one of its file systems stands on another one. */
static int add_covered(struct shadows *shadows, struct side *side, const struct path_list *paths, struct err *err)
{
	int r = 0;

	for (size_t i = 1; r >= 0 && i < side->assembly.count && !shadows->device; i++) {
		const struct ground *ground = &side->assembly.parts[i].ground;
		const struct shadow_row row = { .path = ground->path,
						.fstype = ground->fstype,
						.side = side,
						.letter = side->letter,
						.covers = true,
						.kind = SHADOW_ABSENT };

		r = add_row(shadows, &row, paths, err);
	}
	return r;
}

/* ---- what lies there ---- */

static bool is_file(const struct shadow_row *row, const struct entry *entry)
{
	bool node = entry->type == TYPE_CHAR || entry->type == TYPE_BLOCK || entry->type == TYPE_SYMLINK;

	if (!(entry->value & ATTR_BIT(ATTR_TYPE)))
		return true;
	return entry->type != TYPE_DIR && !(node && strcmp(row->fstype, "devtmpfs") == 0);
}

/* ENTRY lies below the place of ROW. */
static int count_entry(struct shadows *shadows, struct shadow_row *row, const struct entry *entry, struct err *err)
{
	row->entries++;
	if (!is_file(row, entry) || row->files++)
		return 0;
	row->first.data = (const unsigned char *)texts_add_bytes(shadows->texts, entry->path.data, entry->path.len);
	row->first.len = entry->path.len;
	return row->first.data ? 0 : err_nomem(err);
}

/* The entries of TREE, which stands at AT, below the places of SIDE. */
static int count_tree(struct shadows *shadows, const struct side *side, struct bytes at, struct tree *tree,
		      struct err *err)
{
	const struct entry *entry;
	int r;

	while ((r = tree_next(tree, &entry, err)) > 0) {
		struct shadow_row *rows = rows_of(shadows);

		for (size_t i = 0; i < count_of(shadows); i++) {
			struct shadow_row *row = &rows[i];

			if (row->side != side || !is_below(at, row->path) || !path_covers(row->path, entry->path))
				continue;
			row->unsure = row->unsure || (entry->failed & ATTR_BIT(ATTR_CONTENT));
			if (row->path.len == entry->path.len)
				continue;
			if (count_entry(shadows, row, entry, err) < 0)
				return ERR_INTERNAL;
		}
	}
	return r;
}

static bool any_below(const struct shadows *shadows, const struct side *side, struct bytes at)
{
	const struct shadow_row *rows = rows_of(shadows);

	for (size_t i = 0; i < count_of(shadows); i++) {
		if (rows[i].side == side && is_below(at, rows[i].path))
			return true;
	}
	return false;
}

static void doubt_below(struct shadows *shadows, const struct side *side, struct bytes at)
{
	struct shadow_row *rows = rows_of(shadows);

	for (size_t i = 0; i < count_of(shadows); i++)
		rows[i].unsure = rows[i].unsure || (rows[i].side == side && is_below(at, rows[i].path));
}

static int count_part(struct shadows *shadows, struct side *side, struct side_part *part,
		      const struct look_options *look, struct err *err)
{
	struct bytes at = part->assembled->ground.path;
	CLEANUP(tree_freep) struct tree *tree = NULL;
	int r;

	if (!any_below(shadows, side, at))
		return 0;
	r = side_part_tree(side, part, look, &tree, err);
	if (r >= 0)
		r = count_tree(shadows, side, at, tree, err);
	if (r >= 0 && part->evidence &&
	    (!evidence_result(part->evidence)->whole || evidence_result(part->evidence)->problems))
		doubt_below(shadows, side, at);
	return r;
}

/* Before a look. What an archive or a baseline has is read to its end in any case. */
static bool is_walked(const struct side *side)
{
	return side_is_scanned(side) || side->subject.kind == SUBJECT_IMAGE;
}

static int count_side(struct shadows *shadows, struct side *side, const struct policy *policy, struct err *err)
{
	const struct look_options look = {
		.policy = policy, .paths = &shadows->places, .metadata_only = true, .uncovered = true
	};
	int r = 0;

	if (side_is_scanned(side) && any_below(shadows, side, side->at)) {
		r = side_tree(side, &look, NULL, NULL, err);
		if (r >= 0)
			r = count_tree(shadows, side, side->at, side->tree, err);
	}
	for (size_t i = 0; r >= 0 && side->subject.kind == SUBJECT_IMAGE && i < side->part_count; i++)
		r = count_part(shadows, side, &side->parts[i], &look, err);
	side_end(side);
	return r;
}

static int by_path(const void *a, const void *b)
{
	return path_compare(((const struct shadow_row *)a)->path, ((const struct shadow_row *)b)->path);
}

/* Where an image that may be a copy has anything, it is compared. */
static int hide(struct shadows *shadows, struct err *err)
{
	struct shadow_row *rows = rows_of(shadows);

	for (size_t i = 0; i < count_of(shadows); i++) {
		if (rows[i].covers || (rows[i].kind == SHADOW_DOUBTFUL && (rows[i].entries || rows[i].unsure)))
			continue;
		if (rows[i].kind == SHADOW_DOUBTFUL)
			rows[i].kind = SHADOW_ABSENT;
		shadows->skipped++;
		if (buf_add(&shadows->hidden, &rows[i].path, sizeof(rows[i].path)) < 0)
			return err_nomem(err);
	}
	path_sort((struct bytes *)(void *)shadows->hidden.data, shadows->hidden.len / sizeof(struct bytes));
	return 0;
}

int shadows_find(struct side *a, struct side *b, const struct policy *policy, const struct path_list *paths,
		 struct shadows *shadows, struct err *err)
{
	int r;

	shadows->device = a->mounted_at || b->mounted_at;
	r = add_lacking(shadows, a, b, paths, err);
	if (r >= 0)
		r = add_lacking(shadows, b, a, paths, err);
	if (r >= 0)
		r = add_covered(shadows, a, paths, err);
	if (r >= 0)
		r = add_covered(shadows, b, paths, err);
	if (r < 0)
		return r;
	if (count_of(shadows) && !shadows->device) {
		qsort(shadows->rows.data, count_of(shadows), sizeof(struct shadow_row), by_path);
		r = count_side(shadows, a, policy, err);
		if (r >= 0)
			r = count_side(shadows, b, policy, err);
	}
	return r < 0 ? r : hide(shadows, err);
}

int shadows_doubt(struct shadows *shadows, const struct pair *pair, struct err *err)
{
	const struct entry *entry = pair->a ? pair->a : pair->b;
	char letter = pair->a ? 'a' : 'b';
	struct shadow_row *row;

	if (pair->a && pair->b)
		return 0;
	row = row_above(shadows, entry->path);
	if (!row)
		return 0;
	if (row->kind == SHADOW_DOUBTFUL) {
		row->doubts += row->letter != letter;
		return row->letter != letter;
	}
	if (row->letter != letter || !is_below(row->path, entry->path) || is_walked(row->side))
		return 0;
	return count_entry(shadows, row, entry, err) < 0 ? ERR_INTERNAL : 1;
}

/* ---- what is said of it ---- */

static void add_beneath(const struct shadow_row *row, const char *before, struct buf *line)
{
	if (row->files)
		(void)buf_printf(line, "%s%" PRIu64 " %s here below its mount point, the first %s: not compared",
				 before, row->files, row->files == 1 ? "path lies" : "paths lie",
				 QUOTE_N(row->first.data, row->first.len));
	else if (row->unsure)
		(void)buf_printf(line, "%swhat lies here below its mount point could not be read", before);
}

static void say(const struct shadow_row *row, struct buf *line)
{
	if (row->covers || row->kind == SHADOW_UNSEEN) {
		add_beneath(row, "", line);
	} else if (row->kind == SHADOW_ABSENT) {
		(void)buf_printf(line, "the file system that was mounted here (%s) is not part of %s",
				 QUOTE(row->fstype), QUOTE(row->side->subject.typed));
		add_beneath(row, "; ", line);
	} else if (row->doubts) {
		(void)buf_printf(line,
				 "the file system that was mounted here (%s) is not known to be part of %s: %" PRIu64
				 " %s not there %s not compared",
				 QUOTE(row->fstype), QUOTE(row->side->subject.typed), row->doubts,
				 row->doubts == 1 ? "path of it that is" : "paths of it that are",
				 row->doubts == 1 ? "was" : "were");
	}
}

int shadows_tell(const struct shadows *shadows, struct comparison *comparison, struct err *err)
{
	const struct diff_sink sink = changes_sink(comparison->changes);
	const struct shadow_row *rows = rows_of(shadows);
	int r = 0;

	comparison->summary.mounts_skipped += shadows->skipped;
	for (size_t i = 0; r >= 0 && !shadows->device && i < count_of(shadows); i++) {
		CLEANUP(buf_done) struct buf line = BUF_INIT;
		struct unexamined unexamined = { rows[i].letter, rows[i].path, { NULL, 0 } };

		say(&rows[i], &line);
		if (buf_failed(&line))
			return err_nomem(err);
		if (line.len == 0)
			continue;
		unexamined.reason = (struct bytes){ line.data, line.len };
		comparison->summary.counts.unexamined++;
		r = sink.unexamined(sink.context, &unexamined, err);
	}
	return r;
}
