/*
 * generation.h - what init and accept share when they make a generation.
 */
#ifndef OPS_GENERATION_H
#define OPS_GENERATION_H

#include "ops/config.h"

#define TALLY_VERSION_TEXT "tally " TALLY_VERSION

struct generation_parts {
	const char *host, *host_id, *reason;
	const struct policy_file *policy_files; /* as in the configuration folder */
	size_t policy_file_count;
	const struct policy *policy; /* parsed of these; NULL: RESOLVED stands already */
	const struct policy_file *resolved;
	const struct mount *mounts;
	size_t mount_count;
	const char *previous; /* text of the statement that was verified and is followed; NULL for the first */
	const struct policy *scope; /* the policy that tells of orphans; NULL: none can be */
};

/* The policy's word on a path that has no row: for baseline_tree() and baseline_writer_commit(). */
bool generation_in_scope(void *policy, struct bytes path);

/* Commits a writer with these parts, the present time and this program's name. */
int generation_commit(struct baseline_writer *writer, const struct generation_parts *parts,
		      const struct secret_key *key, struct statement *ret_statement, struct err *err);

/*
 * Our own state changes with every run. When the state folder is in the scope of *policy, the policy is parsed again
 * with one more rule, of origin "built-in", that excludes the folder. It is part of the resolved policy, so of what is
 * signed.
 */
int generation_exclude_state(int state_dirfd, const struct policy_set *files, struct policy **policy, struct err *err);

#endif
