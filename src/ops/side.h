/*
 * side.h - one side of a comparison: opened, its parts found, its entries streamed, and how far that went.
 *
 * In this order: side_open() on both sides, side_assemble(), then for each look side_start() on both (they fork), side_tree(), the stream
 * read to its end, side_end(). Not thread-safe.
 */
#ifndef OPS_SIDE_H
#define OPS_SIDE_H

#include "evidence/evidence.h"
#include "ops/assembly.h"
#include "ops/reference.h"
#include "ops/subject.h"
#include "ops/survey.h"
#include "sys/loopmount.h"
#include "tally/compare.h"

/* One file system or archive of it that is read now. */
struct side_part {
	const struct assembled *assembled; /* NULL: an archive */
	struct evidence *evidence; /* NULL: a mount of ours */
	struct loopmount *mount; /* kept from the first look to the end */
	struct pairs *scan; /* of a mount; borrowed from the tree */
	struct buf shadows; /* struct bytes[] */
	bool pending; /* its journal held what was not written yet: after the first look */
};

struct side {
	char letter; /* 'a', 'b' */
	const struct place *place;
	const struct compare_request *request;
	const struct talk *talk;
	struct texts *texts; /* borrowed: the comparison's */
	struct subject subject;

	struct reference reference; /* SUBJECT_BASELINE */
	bool beside_baseline; /* the other side is one, too, and PLACE's generation and min_sequence are of that */
	struct sys_mounts system; /* SUBJECT_LIVE, SUBJECT_DIR, and of the system that a device is mounted on */
	char *root; /* SUBJECT_DIR: its real path */
	struct disk_source source; /* SUBJECT_IMAGE, SUBJECT_ARCHIVE */
	struct evidence *table; /* what the disk is divided into */
	struct assembly assembly;
	struct bytes at; /* where its root stands */
	const char *mounted_at; /* a device that is mounted: where; else NULL */

	struct ground *ground_array;
	struct grounds grounds;

	struct side_part *parts;
	size_t part_count;
	struct evidence *hash;
	struct tree *tree; /* of the present look; NULL when a scan is its consumer's pairs */
	struct pairs *scan; /* SUBJECT_LIVE, SUBJECT_DIR: of the present look, borrowed */
};

int side_open(struct side *side, const char *typed, struct err *err);
void side_done(struct side *side);
static inline bool side_is_scanned(const struct side *side)
{
	return side->subject.kind == SUBJECT_LIVE || side->subject.kind == SUBJECT_DIR;
}

/* What it stands on, by the policy that judges; of an image by the table of OTHER, which has been through this before unless it is an image itself. */
int side_assemble(struct side *side, const struct side *other, const struct policy *policy, struct err *err);

/* What one look is to see. All borrowed until side_end(). */
struct look_options {
	const struct policy *policy;
	const struct path_list *paths; /* these and what is below; empty: everything */
	const struct bytes *shadows; /* sorted: not to be seen on either side */
	size_t shadow_count;
	const struct prefix_of *prefixes; /* of growing logs */
	size_t prefix_count;
	bool metadata_only;
	bool uncovered; /* of each file system of an image also what lies below the mount points of the others */
};
int side_start(struct side *side, const struct look_options *look, struct err *err);
/* Its entries: side->tree, or with a REFERENCE, for a scanned side, the pairs of both (*ret_pairs, else untouched). */
int side_tree(struct side *side, const struct look_options *look, struct tree *reference, struct pairs **ret_pairs,
	      struct err *err);
/* One file system of an image alone, without side_start(). The caller's; PART keeps the evidence until side_end(). */
int side_part_tree(struct side *side, struct side_part *part, const struct look_options *look, struct tree **ret_tree,
		   struct err *err);
/* After the stream: tree and evidence of this look are gone. */
void side_end(struct side *side);

/* The job that reads PART, which is not a mount of ours. Borrows from all three until the evidence is freed. */
int side_job(const struct side *side, struct side_part *part, const struct look_options *look,
	     struct evidence_job *ret_job, struct err *err);

/* An entry of the other side at PATH could be here and was not seen: a parser ended before it. */
bool side_lost(const struct side *side, struct bytes path);
/* Is the stream at its end before its time? Sets ERR_DATA when nothing of its root could be read at all. */
int side_failed(const struct side *side, struct err *err);
/* Attributes that it can give, once its stream has begun. */
uint32_t side_gives(const struct side *side);

#endif
