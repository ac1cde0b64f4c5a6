/*
 * survey.h - one look at a system: which paths, which mounts, and a scan set up over them. What init, check,
 * accept and explain share.
 */
#ifndef OPS_SURVEY_H
#define OPS_SURVEY_H

#include "ops/texts.h"
#include "policy/policy.h"
#include "scan/scan.h"
#include "tally/ops.h"

/* Absolute paths as the scan wants them: parents' links resolved, sorted, none below another. */
struct path_list {
	struct bytes *paths;
	size_t count;
};
#define PATH_LIST_INIT ((struct path_list){ .paths = NULL })

/* One path as typed: made absolute, its parents' symbolic links resolved as far as they exist; the last component is
 * not followed. Heap memory of the caller. */
int path_resolve(const char *typed, char **ret_path, struct err *err);
/* AS_TYPED: the names as they were typed stand in the list, too, where links lead elsewhere: what was recorded under a
 * name whose parent has become a link must not be overlooked. */
int path_list_make(const char *const *typed, size_t count, bool as_typed, struct path_list *ret_list, struct err *err);
int path_list_add(struct path_list *list, struct bytes path, struct err *err); /* copies; keeps it sorted and minimal */
bool path_list_covers(const struct path_list *list, struct bytes path);
void path_list_done(struct path_list *list);

/*
 * The mounts that matter to a policy: those in its scope and those that its roots lie on; what lies below a mount that
 * is not crossed does not. Sorted by path, borrowing from SYSTEM; *ret_mounts is the caller's (free).
 */
int survey_mounts(const struct sys_mounts *system, const struct policy *policy, struct mount **ret_mounts,
		  size_t *ret_count, struct err *err);

/* Only the rows of TREE at or below the paths of LIST, though all are read: the baseline proves itself meanwhile.
 * Owns TREE once it succeeded. An empty list lets everything pass. */
int survey_filter(struct tree *tree, const struct path_list *list, struct tree **ret_tree, struct err *err);

/* How many entries a scan may meet, for the progress line. */
struct forecast {
	uint64_t entries; /* 0: unknown */
	bool at_most;
};

/* Without a record to go by: the inodes in use on the file systems that the policy's roots lie on below ROOT. */
struct forecast survey_forecast(const char *root, const struct policy *policy);

/* Runs BEGIN and END of a talk around a scan. */
void survey_begin(const struct talk *talk, const char *what, const struct pairs *scan, struct forecast forecast);
void survey_end(const struct talk *talk);

#endif
