/*
 * policytexts.h - the policies of two generations held against each other, text by text.
 */
#ifndef OPS_POLICYTEXTS_H
#define OPS_POLICYTEXTS_H

#include "diff/diff.h"
#include "store/baseline.h"

/* One generation's policy: what baseline_policy() gives. Borrowed. */
struct policy_texts {
	const struct policy_file *files;
	size_t count;
	const struct policy_file *resolved; /* the text that judges */
};

/* Where policy files lie as a rule; where the host keeps its own is not recorded. */
#define POLICY_TEXTS_FOLDER "/etc/tallystick"

/* The text of that name, or NULL. */
const struct policy_file *policy_text_find(const struct policy_texts *texts, const char *name);
/* A text as an entry: type, size and digest; nothing but the path for NULL. */
struct entry policy_text_entry(const struct policy_file *file, struct bytes path);
bool policy_text_same(const struct policy_file *a, const struct policy_file *b); /* either may be NULL */

/*
 * Calls SINK with one critical change for each text that differs, the resolved one among them: nobody but the signer
 * says that it was made of the files. A change's path is the text's name in the baseline ("policy.yaml",
 * "policy.d/10-x.yaml", "resolved") below POLICY_TEXTS_FOLDER. Adds to *counts. ERR_DATA for a name that makes no path;
 * the errors of the sink. Thread-safe as far as the sink is.
 */
int policy_texts_compare(const struct policy_texts *a, const struct policy_texts *b, const struct diff_sink *sink,
			 struct diff_counts *counts, struct err *err);

#endif
