/*
 * draft.h - a medium being written: a folder under a temporary name beside its destination, which gets its name, whole and
 * synced, in one step, or becomes an ISO file that does.
 *
 * Whatever is put on it is written down in its manifest with its digest. Until draft_finish_*() nothing bears the
 * destination's name; draft_freep() takes away what was not finished. One owner; not thread-safe.
 */
#ifndef MEDIUM_DRAFT_H
#define MEDIUM_DRAFT_H

#include <stdatomic.h>

#include "base/path.h"
#include "base/timefmt.h"
#include "medium/manifest.h"

struct draft;

/* DEST must not exist (ERR_CANTCREATE), its folder must. ERR_DENIED, ERR_NOINPUT, ERR_IO. */
int draft_new(const char *dest, struct draft **ret_draft, struct err *err);
void draft_freep(struct draft **draft);

/* The folder, for those who write into it themselves and then call draft_count(). Stays the draft's. */
int draft_dirfd(const struct draft *draft);
/* What was put on it so far. The caller fills in whose it is. */
struct manifest *draft_manifest(struct draft *draft);

/* Writes a whole file. Names as manifest_name_fits() has them. ERR_IO with the name, ERR_DATA when it is there already. */
int draft_put(struct draft *draft, const char *name, struct bytes data, struct err *err);
/* The same without a place in the manifest: for the manifest itself and its signature. */
int draft_put_uncounted(struct draft *draft, const char *name, struct bytes data, struct err *err);
/* Copies what FD, a regular file, holds from its beginning. EXECUTABLE: mode 0755, else 0644. */
int draft_copy(struct draft *draft, const char *name, int fd, bool executable, struct err *err);
/* Enters a file that somebody else wrote. */
int draft_count(struct draft *draft, const char *name, struct err *err);

/* A file that comes piece by piece. */
struct draft_file {
	struct draft *draft;
	char name[MEDIUM_NAME_MAX + 1];
	int fd; /* -1: none */
	struct digest_state digest;
};
#define DRAFT_FILE_INIT ((struct draft_file){ .fd = -1 })
int draft_file_begin(struct draft *draft, const char *name, struct draft_file *ret_file, struct err *err);
int draft_file_add(struct draft_file *file, struct bytes data, struct err *err);
int draft_file_end(struct draft_file *file, struct err *err); /* synced, and in the manifest */
void draft_file_done(struct draft_file *file); /* due after an end as well */

/* Gives all that is on it the time DATE, syncs, and gives it its name. The draft is empty then. */
int draft_finish_folder(struct draft *draft, struct timestamp date, struct err *err);
/*
 * The same as one ISO 9660 file with Rock Ridge and nothing beside it (iso.h), whose SHA-256 is *ret_digest. INTERRUPTED (may be
 * NULL) ends the writing: ERR_INTERRUPTED. It is read back as a medium will be read before it gets its name: ERR_IO says
 * what is not as it was written.
 */
int draft_finish_iso(struct draft *draft, struct timestamp date, const atomic_bool *interrupted,
		     unsigned char ret_digest[DIGEST_BYTES], struct err *err);

#endif
