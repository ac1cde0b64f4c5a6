/*
 * medium_inner.h - what medium.c and medium_sums.c share.
 */
#ifndef MEDIUM_MEDIUM_INNER_H
#define MEDIUM_MEDIUM_INNER_H

#include "base/buf.h"
#include "medium/medium.h"
#include "medium/source.h"

/* A file that was read whole and kept. */
struct medium_kept {
	struct buf text;
	bool whole; /* false: not kept, or not read yet */
};

struct medium {
	struct source source;
	struct manifest manifest;
	struct trust_verdict verdict; /* its signatures are of the files with these numbers: */
	size_t signed_by[TRUST_SIGNATURES_MAX];
	struct medium_kept *kept; /* as many as source.files */
	size_t kept_bytes;
	int baseline_fd;
	const atomic_bool *interrupted; /* the caller's; may be NULL */
};

/* Reads file number AT: its digest, and what is kept of it. */
int medium_read(struct medium *medium, size_t at, unsigned char ret_digest[DIGEST_BYTES], struct err *err);

/* Reads SHA256SUMS and what signs it, and judges that: then the manifest is believed. */
int medium_sums_open(struct medium *medium, const struct trust *trust, struct err *err);
/* When keys/ has been read: what those of the signatures are worth that rest on no trusted key, and what none of them covers. */
int medium_sums_prove(const struct medium *medium, struct err *err);
/* Is it SHA256SUMS, or does its name say that it signs that? */
bool medium_sums_is(const char *name);

#endif
