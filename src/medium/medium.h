/*
 * medium.h - a medium that somebody hands us, a folder or an ISO file, read and proved. Nothing of it is believed before.
 *
 * Reading an ISO file needs no mounting; one with another name tree beside Rock Ridge's (Joliet, a second session, a boot
 * catalogue), with a name twice, a link or a device is refused. baseline.db of an ISO is copied into memory (memfd_create(2)) when
 * all is proved: a medium is used where nothing may be written.
 */
#ifndef MEDIUM_MEDIUM_H
#define MEDIUM_MEDIUM_H

#include <stdatomic.h>

#include "base/path.h"
#include "crypto/trust.h"
#include "medium/manifest.h"

struct medium;

/* Is WHAT a folder, or a file that begins as an ISO 9660 image does? "medium:" before it says so without looking. 1, 0, or ERR_NOINPUT ... */
int medium_is(const char *what, struct err *err);
/* WHAT behind its prefix "medium:", where it has one. Borrows. */
const char *medium_path(const char *what);

/* Whoever makes a medium puts there the key that he signed it with, too: ERR_USAGE, with what to do. */
int medium_refuse_key(const struct trusted_key *key, struct err *err);

/*
 * Reads every file of the medium WHAT and holds it against SHA256SUMS, and its signatures against TRUST (rules of
 * crypto/trust.h), which must outlive it. A signature over SHA256SUMS by a key that is not trusted is listed when it is valid under keys/KEYID.pub,
 * and refused otherwise; what no signature covers in it must be as tally and
 * minisign write it. Keys in keys/ must be those that their names say. The one date in an ISO file must be that of statement.txt.
 *
 * ERR_USAGE when a key of TRUST was read from this very medium: those on it are hints.
 * ERR_UNTRUSTED names the first file that is missing, one too many, or not as the list says, or the
 * signature that is wrong or wanting; ERR_NOINPUT, ERR_DENIED, ERR_IO when it can't be read; ERR_DATA when it is neither folder
 * nor file; ERR_INTERRUPTED soon after INTERRUPTED (may be NULL) is set: nothing bounds the size of its files. The list names host and sequence; that they are baseline.db's is for the caller to compare.
 */
int medium_open(const char *what, const struct trust *trust, const atomic_bool *interrupted, struct medium **ret_medium,
		struct err *err);
void medium_freep(struct medium **medium);

const struct manifest *medium_manifest(const struct medium *medium);
/* Over SHA256SUMS. Borrows from the medium and the trust. */
const struct trust_verdict *medium_verdict(const struct medium *medium);
/* A descriptor on baseline.db that stays the medium's. */
int medium_baseline_fd(const struct medium *medium);
/* All files on it, the list and its signatures among them. */
void medium_size(const struct medium *medium, uint64_t *ret_files, uint64_t *ret_bytes);
bool medium_is_image(const struct medium *medium); /* else a folder */

/* The bytes of a small file (statement.txt, keys, ...); false when the medium has none of that name. Borrowed. */
bool medium_text(const struct medium *medium, const char *name, struct bytes *ret_text);

#endif
