/*
 * stage.h - what an accept writes into the next generation, decided pair by pair.
 *
 * For accepted paths: what is there replaces what was recorded, unless something of it could be examined then and
 * not now (then the record stays, and the pair goes on as one that could not be examined). A log is recorded whole. For
 * a new policy: only what enters the scope is recorded, what leaves it goes, and a record that lacks content that is
 * wanted now gets it. Differences stay differences. What was staged is kept in bounded memory (base/spill.h).
 */
#ifndef OPS_STAGE_H
#define OPS_STAGE_H

#include "ops/reference.h"
#include "ops/survey.h"

struct stage;

struct stage_options {
	struct baseline_writer *writer;
	const struct policy *old_policy;
	const struct policy *new_policy; /* NULL: paths are accepted, not a policy */
	const struct mount *mounts; /* of the new generation */
	size_t mount_count;
	const struct bytes *blind; /* mount points whose contents are hidden: records there stay */
	size_t blind_count;
	const struct sys_mounts *system;
	const char *tmpdir; /* as for spill_new() */
	const atomic_bool *interrupted; /* may be NULL */
};

int stage_new(const struct stage_options *options, struct stage **ret_stage, struct err *err);
void stage_freep(struct stage **stage);

/* The reference's rows at or below PATHS (empty: all); on the way it keeps the rows of the directories above. */
int stage_rows(struct stage *stage, struct reference *reference, const struct path_list *paths, struct tree **ret_rows,
	       struct err *err);

/* The pairs of SCAN, each staged as it passes. SCAN stays the caller's. */
int stage_pairs(struct stage *stage, struct pairs *scan, struct pairs **ret_pairs, struct err *err);

/*
 * After the pairs, the directories above what was accepted: one that is not recorded yet becomes so (a row without its
 * parent would be an orphan), and the next one above it, whose times, size or link count follow from that, is recorded
 * anew when nothing else of it differs.
 */
int stage_parents(struct stage *stage, const struct policy *policy, const struct sys_mounts *system, struct err *err);

/* How many rows were put and removed. */
struct stage_counts {
	uint64_t recorded, dropped;
};
struct stage_counts stage_counts(const struct stage *stage);

/* One staged path, as far as a second look needs it: what was there, even where not all of it was recorded. */
struct staged {
	const char *path; /* borrowed until the next call */
	bool removed, settled; /* settled: may have changed again (a log), may be there (where nobody looks any more) */
	enum file_type type;
	uint64_t inode, size;
	struct timestamp mtime, ctime;
};
/* Once, when nothing more will be staged; then 1 with the next one in path order, 0 at the end, negative on error. */
int stage_sort(struct stage *stage, struct err *err);
int stage_next(struct stage *stage, struct staged *ret_staged, struct err *err);

/* A sink that hears nothing. */
struct diff_sink stage_silent_sink(void);

#endif
