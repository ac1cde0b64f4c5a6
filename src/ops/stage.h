/*
 * stage.h - what an accept writes into the next generation, decided pair by pair.
 *
 * For accepted paths: what is there replaces what was recorded, unless it could not be examined (then the record
 * stays). For a new policy: only what enters the scope is recorded, what leaves it goes, and a record that lacks
 * an attribute that is wanted now gets it, if everything else is as recorded. Differences stay differences.
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

/* How many rows were put or removed. */
uint64_t stage_count(const struct stage *stage);

/* One staged path, as far as a second look needs it. In path order but for parents, which come last. */
struct staged {
	unsigned char *path;
	size_t path_len;
	bool removed, settled; /* settled: may have changed again (a log), may be there (out of a new policy's scope) */
	enum file_type type;
	uint64_t inode, size;
	struct timestamp mtime, ctime;
};
const struct staged *stage_list(const struct stage *stage, size_t *ret_count);

/* A sink that hears nothing. */
struct diff_sink stage_silent_sink(void);

#endif
