/*
 * config.h - what lies in the configuration folder: policy files, trusted keys, the host key.
 *
 * Only files are read here; nothing is judged. Not thread-safe.
 */
#ifndef OPS_CONFIG_H
#define OPS_CONFIG_H

#include "crypto/trust.h"
#include "policy/policy.h"
#include "store/baseline.h"
#include "tally/ops.h"

/* The policy files as they are now: policy.yaml, then the .yaml files of policy.d in C order. */
struct policy_set {
	struct policy_file *files;
	size_t count;
};
#define POLICY_SET_INIT ((struct policy_set){ .files = NULL })
void policy_set_done(struct policy_set *set);

/* Opens a folder for use with the *at calls. ERR_NOINPUT when it is missing. */
int config_dir_open(const char *path, int *ret_dirfd, struct err *err);
/* The same, made (0755 and parents as needed) when missing. */
int config_dir_make(const char *path, mode_t mode, int *ret_dirfd, struct err *err);

/* Missing files give an empty set. */
int policy_set_load(int config_dirfd, struct policy_set *ret_set, struct err *err);
int policy_set_parse(const struct policy_set *set, struct policy **ret_policy, struct err *err);
/* Warns of rules whose path leads through a symbolic link. */
int policy_warn(const struct policy *policy, const struct talk *talk, struct err *err);

/* The keys that may vouch for a baseline: PLACE's --trust files, else trusted.d, trusted.d/require and host.pub. */
int config_trust(const struct place *place, struct trust *ret_trust, struct err *err);

int config_public_key(int dirfd, const char *name, struct public_key *ret_key, struct err *err);
/* Asks TALK for a passphrase where the key is encrypted. */
int config_secret_key(int dirfd, const char *name, const struct talk *talk, struct secret_key **ret_key,
		      struct err *err);
/* NAME.pub is the public half of KEY: written when it is missing (a run was killed between the two), refused with
 * ERR_DATA when it is another key. */
int config_public_half(int dirfd, const char *name, const struct secret_key *key, struct err *err);
/* Writes NAME.key (0600) and NAME.pub; neither may exist. PASSPHRASE NULL: unencrypted. */
int config_key_write(int dirfd, const char *name, const struct secret_key *key, const char *passphrase,
		     struct err *err);

#endif
