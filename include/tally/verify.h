/*
 * verify.h - what `tally verify` does with a baseline or a medium; a journal is log.h's. As ops.h has it: an op never prints and
 * never exits.
 */
#ifndef TALLY_VERIFY_H
#define TALLY_VERIFY_H

#include "tally/ops.h"

/*
 * What WHAT (NULL: --baseline, or the installed one) is: by its prefix "baseline:" or "medium:", else by what is there. A folder is a journal unless it comes by
 * --baseline, keys to trust are named, or it holds a file of a medium. What can't be looked at is a baseline, which will say so.
 */
enum verify_kind { VERIFY_BASELINE, VERIFY_JOURNAL, VERIFY_MEDIUM };
enum verify_kind op_verify_kind(const struct place *place, const char *what);

/* Proves the installed baseline (WHAT NULL) or a baseline file whole, all generations of it, and authentic up to the
 * newest that a trusted key signed. Calls GENERATION for those after it, oldest first (vouched false), and last for the
 * reference one (the newest authentic, or the one asked for). */
int op_verify(const struct place *place, const char *what, generation_fn generation, void *context, struct err *err);

/* What was proved of a medium. */
struct medium_view {
	const char *path; /* of the folder or ISO file, as given */
	bool image; /* an ISO file */
	struct generation_view generation; /* the one on it; its signers are those of the statement */
	const struct report_signer *signers; /* of the list of sums: trusted ones */
	size_t signer_count;
	const char *const *unknown_signers; /* key ids */
	size_t unknown_signer_count;
	uint64_t files, bytes; /* on it, list and signatures included */
};
typedef int (*medium_fn)(void *context, const struct medium_view *medium, struct err *err);
/*
 * Proves the medium WHAT (NULL: --baseline): signatures, sums, no file more or less (medium/medium.h); baseline.db whole, its
 * statement, signatures and policy those that lie beside it, its host, sequence and statement those of the list; and what was
 * made of its rows made again, the same. Then calls MEDIUM once. ERR_UNTRUSTED names what is wrong;
 * ERR_INTERRUPTED soon after place->interrupted is set.
 */
int op_verify_medium(const struct place *place, const char *what, medium_fn medium, void *context, struct err *err);

/*
 * Proves the medium request->baseline by place->trust as op_verify_medium() does, and writes a further detached signature over its
 * SHA256SUMS. The programs on it must be the one that an export here would put there (ERR_UNTRUSTED), unless forced; refused where a host key
 * lies, unless forced, as op_sign() is.
 */
int op_sign_medium(const struct place *place, const struct sign_request *request, const struct talk *talk,
		   struct statement *ret_statement, struct err *err);

#endif
