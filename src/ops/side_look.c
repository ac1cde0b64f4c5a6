/* side_look.c - the streams of one side, once a look; see side.h. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "ops/side.h"
#include "ops/survey.h"

static const atomic_bool *interrupted_of(const struct side *side)
{
	return side->talk ? side->talk->interrupted : NULL;
}

/* Everything that is not this part's: what neither side can see, and the other parts below it. */
static int part_shadows(const struct side *side, struct side_part *part, const struct look_options *look)
{
	buf_clear(&part->shadows);
	if (look->shadow_count &&
	    buf_add(&part->shadows, look->shadows, look->shadow_count * sizeof(*look->shadows)) < 0)
		return -1;
	for (size_t i = 0; part->assembled && !look->uncovered && i < side->assembly.count; i++) {
		struct bytes path = side->assembly.parts[i].ground.path;

		if (!bytes_equal(path, part->assembled->ground.path) &&
		    path_covers(part->assembled->ground.path, path) && buf_add(&part->shadows, &path, sizeof(path)) < 0)
			return -1;
	}
	path_sort((struct bytes *)(void *)part->shadows.data, part->shadows.len / sizeof(struct bytes));
	return 0;
}

int side_job(const struct side *side, struct side_part *part, const struct look_options *look,
	     struct evidence_job *ret_job, struct err *err)
{
	const struct assembled *assembled = part->assembled;

	if (part_shadows(side, part, look) < 0)
		return err_nomem(err);
	*ret_job = (struct evidence_job){
		.kind = assembled ? EVIDENCE_EXTFS : EVIDENCE_ARCHIVE,
		.source = &side->source,
		.offset = assembled ? assembled->offset : 0,
		.size = assembled ? assembled->size : 0,
		.replay = true,
		.at = assembled ? assembled->ground.path : side->at,
		.shadows = (const struct bytes *)(const void *)part->shadows.data,
		.shadow_count = part->shadows.len / sizeof(struct bytes),
		.paths = look->paths->paths,
		.path_count = look->paths->count,
		.policy = look->policy,
		.metadata_only = look->metadata_only,
		.prefixes = look->prefixes,
		.prefix_count = look->prefix_count,
		.tmp = side->place->tmp,
		.interrupted = interrupted_of(side),
	};
	return 0;
}

/* The kernel wants one file or device that holds it all. */
static int mount_part(struct side *side, struct side_part *part, struct err *err)
{
	const struct loopmount_request request = {
		.fd = side->source.fds[0],
		.name = side->subject.typed,
		.offset = part->assembled->offset,
		.size = part->assembled->size,
		.type = part->assembled->ground.fstype,
	};

	if (side->source.form != DISK_RAW && side->source.form != DISK_DEVICE)
		return err_set(err, ERR_USAGE, "image '%s': --mount wants one raw file or a device, not %s",
			       QUOTE(side->subject.typed), disk_form_name(side->source.form));
	return loopmount_new(&request, &part->mount, err);
}

static int start_part(struct side *side, struct side_part *part, const struct look_options *look, struct err *err)
{
	struct evidence_job job;
	int r = side_job(side, part, look, &job, err);

	if (r < 0)
		return r;
	if (!part->assembled || !part->assembled->by_kernel)
		return evidence_start(&job, &part->evidence, err);
	return part->mount ? 0 : mount_part(side, part, err);
}

int side_start(struct side *side, const struct look_options *look, struct err *err)
{
	const struct evidence_job hash = { .kind = EVIDENCE_HASH,
					   .source = &side->source,
					   .interrupted = interrupted_of(side) };
	int r = 0;

	if (side->subject.kind != SUBJECT_IMAGE && side->subject.kind != SUBJECT_ARCHIVE)
		return 0;
	if (side->request->hash_image && !side->hash)
		r = evidence_start(&hash, &side->hash, err);
	for (size_t i = 0; r >= 0 && i < side->part_count; i++)
		r = start_part(side, &side->parts[i], look, err);
	return r;
}

/* ---- streams ---- */

static struct scan_options scan_options_of(const struct side *side, const struct look_options *look)
{
	struct scan_options options = {
		.root = side->root ? side->root : "/",
		.at = side->at,
		.policy = look->policy,
		.paths = look->paths->count ? look->paths->paths : NULL,
		.path_count = look->paths->count,
		.mounts = &side->system,
		.blind = look->shadows,
		.blind_count = look->shadow_count,
		.metadata_only = look->metadata_only,
		.interrupted = interrupted_of(side),
	};

	return options;
}

static int scanned_tree(struct side *side, const struct look_options *look, struct tree *reference,
			struct pairs **ret_pairs, struct err *err)
{
	struct scan_options options = scan_options_of(side, look);
	struct pairs *scan;
	int r;

	options.reference = reference;
	r = scan_new(&options, &scan, err);
	if (r < 0)
		return r;
	side->scan = scan;
	if (reference) {
		*ret_pairs = scan;
		return 0;
	}
	r = tree_of_pairs(scan, side->subject.kind_name, side->subject.file, scan_gives(scan), &side->tree, err);
	if (r < 0) {
		side->scan = NULL;
		pairs_freep(&scan);
	}
	return r;
}

static int mounted_tree(struct side *side, struct side_part *part, const struct look_options *look,
			struct tree **ret_tree, struct err *err)
{
	struct scan_options options = scan_options_of(side, look);
	int r;

	options.root = loopmount_root(part->mount);
	options.at = part->assembled->ground.path;
	options.mounts = NULL;
	options.blind = (const struct bytes *)(const void *)part->shadows.data;
	options.blind_count = part->shadows.len / sizeof(struct bytes);
	r = scan_new(&options, &part->scan, err);
	if (r >= 0)
		r = tree_of_pairs(part->scan, "image", side->subject.file, scan_gives(part->scan), ret_tree, err);
	if (r < 0)
		pairs_freep(&part->scan);
	return r;
}

static int part_tree(struct side *side, struct side_part *part, const struct look_options *look, struct tree **ret_tree,
		     struct err *err)
{
	return part->evidence ? evidence_tree(part->evidence, ret_tree, err)
			      : mounted_tree(side, part, look, ret_tree, err);
}

int side_part_tree(struct side *side, struct side_part *part, const struct look_options *look, struct tree **ret_tree,
		   struct err *err)
{
	int r = start_part(side, part, look, err);

	return r < 0 ? r : part_tree(side, part, look, ret_tree, err);
}

static int part_trees(struct side *side, const struct look_options *look, struct err *err)
{
	CLEANUP(freep) struct tree **trees = calloc(side->part_count + 1, sizeof(struct tree *));
	size_t count = 0;
	int r = 0;

	if (!trees)
		return err_nomem(err);
	for (size_t i = 0; r >= 0 && i < side->part_count; i++) {
		r = part_tree(side, &side->parts[i], look, &trees[count], err);
		count += r >= 0;
	}
	if (r >= 0)
		return trees_merge(trees, count, &side->tree, err);
	for (size_t i = 0; i < count; i++)
		tree_freep(&trees[i]);
	return r;
}

/* All rows are read whatever is asked for: they prove themselves together. */
static int recorded_tree(struct side *side, const struct look_options *look, struct err *err)
{
	struct tree *all = NULL;
	struct tree *placed = NULL;
	int r = reference_tree(&side->reference, &all, err);

	if (r >= 0 && side->at.len > 1) {
		r = tree_placed(all, side->at, &placed, err);
		if (r >= 0)
			all = placed;
	}
	if (r >= 0)
		r = survey_filter(all, look->paths, &side->tree, err);
	if (r < 0)
		tree_freep(&all);
	return r;
}

int side_tree(struct side *side, const struct look_options *look, struct tree *reference, struct pairs **ret_pairs,
	      struct err *err)
{
	if (side_is_scanned(side))
		return scanned_tree(side, look, reference, ret_pairs, err);
	if (side->subject.kind == SUBJECT_BASELINE)
		return recorded_tree(side, look, err);
	return part_trees(side, look, err);
}

void side_end(struct side *side)
{
	tree_freep(&side->tree);
	side->scan = NULL;
	for (size_t i = 0; i < side->part_count; i++) {
		struct side_part *part = &side->parts[i];
		const struct evidence_result *result = part->evidence ? evidence_result(part->evidence) : NULL;

		part->pending = part->pending || (result && result->extfs && result->extfs->journal == JOURNAL_PENDING);
		part->scan = NULL;
		evidence_freep(&part->evidence);
	}
}

/* ---- how far it went ---- */

static bool is_shadowed(const struct side_part *part, struct bytes path)
{
	const struct bytes *shadows = (const struct bytes *)(const void *)part->shadows.data;

	for (size_t i = 0; i < part->shadows.len / sizeof(*shadows); i++) {
		if (path_covers(shadows[i], path))
			return true;
	}
	return false;
}

bool side_lost(const struct side *side, struct bytes path)
{
	for (size_t i = 0; i < side->part_count; i++) {
		const struct side_part *part = &side->parts[i];
		const struct evidence_result *result = part->evidence ? evidence_result(part->evidence) : NULL;

		if (!part->assembled && result && result->archive && result->archive->problem[0])
			return true; /* what comes behind in an archive may be anything */
		if (!result || result->whole ||
		    (part->assembled && (!path_covers(part->assembled->ground.path, path) || is_shadowed(part, path))))
			continue;
		if (!part->assembled || result->last.len == 0 || path_compare(path, result->last) > 0)
			return true;
	}
	return false;
}

int side_failed(const struct side *side, struct err *err)
{
	const struct evidence_result *result;

	if (side->part_count == 0 || !side->parts[0].evidence)
		return 0;
	result = evidence_result(side->parts[0].evidence);
	if (result->whole || result->entries)
		return 0;
	return err_set(err, ERR_DATA, "%s '%s': %s", side->subject.kind_name, QUOTE(side->subject.typed),
		       QUOTE(result->ended));
}

uint32_t side_gives(const struct side *side)
{
	if (side->scan)
		return scan_gives(side->scan);
	return side->tree ? side->tree->gives : 0;
}
