/*
 * diff.h - pairs of entries in, changes out, judged by a policy. Pure: no system calls, no clock.
 *
 * What it decides (docs/ARCHITECTURE.md "Judging"):
 *	which attributes differ, of those that the path's profile compares and both sides have
 *	growth of a growing log is no change; truncation, a replaced inode and a changed prefix are, each by name
 *	under profiles that expect change, programs (executable, set-id, ELF) are judged all the same
 *	times, size and links of a directory that follow from a reported change of its children are not a change
 *	what lies below something unexamined is unexamined, once, never removed; what could not be seen on side a
 *	is never called added
 */
#ifndef DIFF_DIFF_H
#define DIFF_DIFF_H

#include "policy/policy.h"
#include "tree/tree.h"

enum change_kind { CHANGE_ADDED, CHANGE_REMOVED, CHANGE_CHANGED, CHANGE_MOVED };
const char *change_kind_name(enum change_kind kind);

/* What a growing log did that it should not (bits). */
enum { LOG_TRUNCATED = 1, LOG_REPLACED = 2, LOG_REWRITTEN = 4 };

/* What accounts for a change without making it less of one: somebody accepted this very state, in a generation that the
 * comparison does not rest on. */
struct explained {
	uint64_t sequence;
	struct timestamp created;
	const char *reason; /* as it was given, "" when none was */
	const char *signers; /* key ids, "A, B", as the signatures name them: nothing proves them here */
};

struct change {
	enum change_kind kind;
	uint32_t attributes; /* that differ; 0 for added, removed and mounts */
	const struct entry *before, *after; /* borrowed; before->path of a move is where it was */
	enum severity severity;
	const char *rule; /* origin; NULL when no rule decided */
	unsigned log; /* LOG_* */
	const struct mount *mount_before, *mount_after; /* a change of the mount table; entries are NULL then */
	struct bytes path; /* where to look now (for removed: where it was) */
	const struct explained *explained; /* NULL: nothing accounts for it. Only of changes_next() */
	bool pending_journal; /* an image shows it only with its pending journal applied. Only of changes_next() */
};

struct unexamined {
	char side; /* 'a' or 'b' */
	struct bytes path;
	struct bytes reason; /* one line */
};

/* Where changes go, in path order but for directories, which come after what is in them. */
struct diff_sink {
	int (*change)(void *context, const struct change *change, struct err *err);
	int (*unexamined)(void *context, const struct unexamined *unexamined, struct err *err);
	void *context;
};

/* Whether what lies at PATH and below it has one history on both sides. */
struct lineage {
	struct bytes path;
	bool strangers; /* not one file system's: identity is not compared */
};

struct diff_options {
	const struct policy *policy;
	const struct bytes *blind; /* sorted: mount points already reported; nothing at or below is judged */
	size_t blind_count;
	bool quick; /* content that was not read is expected, not "not compared" */
	bool strangers; /* the two sides are not one file system's lineage: identity is not compared */
	const struct lineage *lineages; /* instead of that: the longest path above an entry decides */
	size_t lineage_count; /* 0: `strangers` is for all */
};

struct diff_counts {
	uint64_t examined; /* b entries judged */
	uint64_t added, removed, changed, moved, unexamined;
	uint64_t followed; /* directories whose times only follow from their children's changes */
	uint64_t not_in_baseline; /* b entries outside the policy's scope */
	uint64_t incomparable[ATTR_COUNT]; /* entries of which a compared attribute was looked at on one side only */
};

/*
 * Runs the pairs to their end and adds to *counts (start from zeros; diff_mounts() adds to the same). Errors: those of
 * the pairs and of the sink, and ERR_INTERNAL. One owner; nothing is kept between calls.
 */
int diff_run(struct pairs *pairs, const struct diff_options *options, const struct diff_sink *sink,
	     struct diff_counts *counts, struct err *err);

/*
 * The mount tables (sorted by path): calls the sink for each mount that is missing, new, of another type or another
 * file system (severity critical, attributes 0: a change of the mount itself). Only mounts that the policy's scope
 * reaches count; POLICY NULL: all of them. Where the contents can't be compared (all but "another file system") the
 * point is appended to *ret_blind (array of struct bytes in a buf, borrowed from the tables, sorted: what struct
 * diff_options takes) and reported as unexamined, once. Ids are compared where both are of one kind (uuid, fsid)
 * and lasting (not those of tmpfs and overlay, made anew at each mount). Adds to *counts.
 */
int diff_mounts(const struct policy *policy, const struct mount *a, size_t a_count, const struct mount *b,
		size_t b_count, const struct diff_sink *sink, struct buf *ret_blind, struct diff_counts *counts,
		struct err *err);

#endif
