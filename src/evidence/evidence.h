/*
 * evidence.h - trees made of bytes that nobody trusts: a parser in a confined child, and what its parent believes of it.
 *
 * The child is forked (no exec), keeps the source's descriptors and one pipe, confines itself (sys/confine.h), parses, hashes, and
 * writes records. The parent takes each record for a claim: bounded, well formed, in order, within the tree. When the child ends before it said
 * so, everything behind the last path is lost, and that is said.
 *
 * evidence_start() forks: call it before threads are started. One owner each; several may run side by side.
 */
#ifndef EVIDENCE_EVIDENCE_H
#define EVIDENCE_EVIDENCE_H

#include "archive/archive.h"
#include "disk/partitions.h"
#include "evidence/fstab.h"
#include "extfs/extfs.h"
#include "policy/policy.h"
#include "tree/tree.h"

/* How much of a growing log is to be hashed: the length that the other side has. Sorted by path. */
struct prefix_of {
	struct bytes path;
	uint64_t bytes;
};

enum evidence_kind {
	EVIDENCE_PARTITIONS, /* what the disk is divided into */
	EVIDENCE_EXTFS, /* a tree: one file system */
	EVIDENCE_ARCHIVE, /* a tree: an archive */
	EVIDENCE_HASH, /* SHA-256 of all of it */
	EVIDENCE_FSTAB /* of one file system: what its etc/fstab says, when that is a regular file of at most FSTAB_MAX_BYTES */
};

/* Everything is borrowed until evidence_freep(). */
struct evidence_job {
	enum evidence_kind kind;
	const struct disk_source *source;
	uint64_t offset, size; /* the part; size 0: to the end */
	bool replay; /* extfs: with its journal applied */
	struct bytes at; /* where its root stands: "/", "/boot" */
	const struct bytes *shadows; /* sorted: mount points on it, not to be given */
	size_t shadow_count;
	const struct bytes *paths; /* only these and below; count 0: all */
	size_t path_count;
	const struct policy
		*policy; /* what is in scope, whose content is hashed, how much at most. NULL: everything, no content */
	bool metadata_only;
	const struct prefix_of *prefixes;
	size_t prefix_count;
	const char *tmp; /* for what has to be sorted (archives), as spill_new() takes it */
	unsigned threads; /* that hash; 0: one a processor */
	const atomic_bool *interrupted; /* of the parent: kills the child. May be NULL */
};

struct evidence;
int evidence_start(const struct evidence_job *job, struct evidence **ret_evidence, struct err *err);
void evidence_freep(struct evidence **evidence); /* kills the child if it still runs */

/* What came of it, complete when the child has ended (after the tree's end, or evidence_wait()). */
struct evidence_result {
	bool whole; /* the child said that it came to its end */
	char ended
		[256]; /* otherwise: "killed by signal 11 (Segmentation fault)", "stopped: more than ... of memory", its own error line, "its record ... cannot be" */
	uint64_t entries; /* given until then */
	uint64_t examined, files_read, bytes_read, excluded, not_in_scope;
	uint64_t problems; /* told through evidence_problem() */
	bool landlock, seccomp; /* what confined it; a kernel may have neither */
	struct disk_range *ranges; /* unreadable, of the whole disk */
	size_t range_count;
	const struct partitions *partitions; /* EVIDENCE_PARTITIONS */
	const struct extfs_info *extfs; /* EVIDENCE_EXTFS */
	const struct archive_info *archive; /* EVIDENCE_ARCHIVE */
	const struct disk_digest *digest; /* EVIDENCE_HASH */
	const struct fstab *fstab; /* EVIDENCE_FSTAB; count 0: it has none that can be used */
	struct bytes last; /* the last path that is believed; len 0: none */
};
const struct evidence_result *evidence_result(const struct evidence *evidence);

/* Waits for a child without a tree (EVIDENCE_PARTITIONS, EVIDENCE_HASH, EVIDENCE_FSTAB). A child that failed is no error here: result->whole tells. ERR_INTERRUPTED, memory. */
int evidence_wait(struct evidence *evidence, struct err *err);

/*
 * The entries of EVIDENCE_EXTFS or EVIDENCE_ARCHIVE, once. An archive is read to its end by the first call of next(): later members of a
 * name win, hard links are resolved (their links count is not given), of directories above members that are no members only the type is told. The
 * end comes also when the child died: ask result->whole. EVIDENCE outlives the tree; the tree's `gives` is right from the first entry on.
 */
int evidence_tree(struct evidence *evidence, struct tree **ret_tree, struct err *err);

/* The problems, in the order told; index below result->problems, of which at most 10,000, or 16 MiB, are kept. Borrowed. */
bool evidence_problem(const struct evidence *evidence, uint64_t index, struct bytes *ret_path, const char **ret_line);

#endif
