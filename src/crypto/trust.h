/*
 * trust.h - which keys may vouch for a text, and whether the signatures over it suffice.
 *
 * Rules (DESIGN section 5): every trusted key is tried on every signature; key ids are hints. One valid
 * signature by a trusted key is enough, unless keys are required: then each of those must have signed. A
 * signature that names a trusted key's id and is valid under none is ERR_UNTRUSTED, even beside a good one;
 * signatures by unknown keys are listed and ignored; no signature at all is ERR_UNTRUSTED.
 * Thread-safe as long as nobody adds to the set.
 */
#ifndef CRYPTO_TRUST_H
#define CRYPTO_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/sign.h"

struct trusted_key {
	struct public_key key;
	char *name; /* the file that pins it, as given: for the text output */
	bool required; /* must have signed */
	bool host; /* the host's own key, host.pub */
	uint64_t device, inode; /* of the file that it was read from; both 0: of none. For the caller to set */
};

struct trust {
	struct trusted_key *keys;
	size_t count;
};
#define TRUST_INIT ((struct trust){ .keys = NULL })

/* Copies KEY and NAME. ERR_INTERNAL when memory is short. Moves the keys: not while a verdict points at them. */
int trust_add(struct trust *trust, const struct public_key *key, const char *name, bool host, struct err *err);
/*
 * Marks keys named in the text of trusted.d/require as required: one file name ("ops.pub") or 16-digit key id a line;
 * blank lines and lines that begin with '#' mean nothing. A name that no key has is ERR_UNTRUSTED, and nothing is
 * marked.
 */
int trust_require(struct trust *trust, const char *text, size_t len, struct err *err);
void trust_done(struct trust *trust);

/* One signature as stored, and what trust_judge() found out about it. */
struct verdict_signature {
	struct signature parsed;
	const struct trusted_key *signer; /* borrowed from the trust set; NULL: by an unknown key */
};
struct trust_verdict {
	struct verdict_signature *signatures; /* owned */
	size_t count;
};
void trust_verdict_done(struct trust_verdict *verdict);

/* More signatures over one text than that are ERR_DATA. */
enum { TRUST_SIGNATURES_MAX = 256 };

/*
 * Applies the rules above to the COUNT signature texts TEXTS over MESSAGE (LEN bytes). 0 when they suffice, with
 * *ret_verdict holding each signature in the order given, for the caller to free; otherwise ERR_UNTRUSTED with the
 * rule that was broken. A text that is no signature is ERR_DATA.
 */
struct signature_text {
	const char *text;
	size_t len;
};
/* Does SIGNATURE name a key of the set and is not that key's? ERR_UNTRUSTED; ERR_DATA when it is no signature. */
int trust_refuse_forged(const struct trust *trust, const void *message, size_t len,
			const struct signature_text *signature, struct err *err);
int trust_judge(const struct trust *trust, const void *message, size_t len, const struct signature_text *texts,
		size_t count, struct trust_verdict *ret_verdict, struct err *err);

#endif
