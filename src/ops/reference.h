/*
 * reference.h - the baseline generation that a verb stands on: opened, its signatures judged, its sequence held
 * against --min-sequence and against what this host has seen, its policy parsed. One on a medium comes with the medium,
 * whole and in agreement with it.
 *
 * Its rows are not verified yet: whoever reads reference_tree() to the end does that.
 */
#ifndef OPS_REFERENCE_H
#define OPS_REFERENCE_H

#include "medium/medium.h"
#include "ops/config.h"
#include "ops/texts.h"

struct reference {
	struct baseline *baseline;
	struct medium *medium; /* proved, that the baseline lies on; NULL: a file of its own */
	struct trust trust;
	struct trust_verdict verdict; /* borrows from trust */
	uint64_t sequence; /* the generation in use */
	uint64_t oldest, newest; /* in the file; later ones than `sequence` lack a trusted signature */
	const struct statement *statement; /* of `sequence`, borrowed */
	struct policy *policy; /* the signed one */
	const struct policy_file *policy_files; /* the texts it was made of, borrowed */
	size_t policy_file_count;
	const struct policy_file *resolved;
	const struct mount *mounts;
	size_t mount_count;
	bool installed; /* the one in the state folder; else --baseline */
	bool memorable; /* its newest generation, by the configured keys: what `seen` remembers */
	struct seen seen; /* of this state folder; zeros when not installed */
	int state_dirfd, config_dirfd; /* -1 when not installed */
	const atomic_bool *interrupted; /* the place's */
};
#define REFERENCE_INIT ((struct reference){ .sequence = 0, .state_dirfd = -1, .config_dirfd = -1 })

/* The file name of the installed baseline, and of the lock, in the state folder. */
#define BASELINE_FILE "baseline.db"

/* "baseline:FILE" and "FILE" name the same, "medium:FILE" and "FILE", too. Borrows from NAMED. */
const char *baseline_file(const char *named);

int reference_open(const struct place *place, struct reference *ret_reference, struct err *err);
/* The same before the keys that trusted.d/require names have signed: any trusted signature will do. */
int reference_open_unfinished(const struct place *place, struct reference *ret_reference, struct err *err);
void reference_done(struct reference *reference);

/* The entries of the chosen generation; the policy tells it of orphans. */
int reference_tree(struct reference *reference, struct tree **ret_tree, struct err *err);

/* Remembers this generation as seen (after its rows have proved themselves) and, when FULL is not 0, the time of a
 * full check. Takes the state folder's lock unless the caller has it. Nothing for a baseline that is not installed.
 * A failure to write is a warning. */
void reference_remember(const struct reference *reference, int64_t full, bool have_lock, const struct talk *talk);

/* Whose word it is: fills signers, unknown signers, sequence, root, host, created, sides of a summary. */
int reference_summary(const struct reference *reference, const struct place *place, struct texts *texts,
		      struct report_summary *summary, struct err *err);

/* The signers of one verdict. Arrays and strings belong to TEXTS. */
struct signer_list {
	const struct report_signer *signers;
	size_t signer_count;
	const char *const *unknown;
	size_t unknown_count;
};
int signer_list_make(const struct trust_verdict *verdict, struct texts *texts, struct signer_list *ret_list,
		     struct err *err);

/* Exclusive use of a state folder, ERR_LOCKED when somebody else has it. The lock ends when the fd is closed. */
int state_lock(int state_dirfd, int *ret_fd, struct err *err);

#endif
