/*
 * stage.h - a medium being written: a folder under a temporary name beside its destination, which gets its name, whole and
 * synced, in one step, or becomes an ISO file that does.
 *
 * Whatever is put on it is written down in its manifest with its digest. Until stage_finish_*() nothing bears the
 * destination's name; stage_freep() takes away what was not finished. One owner; not thread-safe.
 */
#ifndef MEDIUM_STAGE_H
#define MEDIUM_STAGE_H

#include <stdatomic.h>

#include "base/path.h"
#include "base/timefmt.h"
#include "medium/manifest.h"

struct stage;

/* DEST must not exist (ERR_CANTCREATE), its folder must. ERR_DENIED, ERR_NOINPUT, ERR_IO. */
int stage_new(const char *dest, struct stage **ret_stage, struct err *err);
void stage_freep(struct stage **stage);

/* The folder, for those who write into it themselves and then call stage_count(). Stays the stage's. */
int stage_dirfd(const struct stage *stage);
/* What was put on it so far. The caller fills in whose it is. */
struct manifest *stage_manifest(struct stage *stage);

/* Writes a whole file. Names as manifest_name_fits() has them. ERR_IO with the name, ERR_DATA when it is there already. */
int stage_put(struct stage *stage, const char *name, struct bytes data, struct err *err);
/* The same without a place in the manifest: for the manifest itself and its signature. */
int stage_put_uncounted(struct stage *stage, const char *name, struct bytes data, struct err *err);
/* Copies what FD, a regular file, holds from its beginning. EXECUTABLE: mode 0755, else 0644. */
int stage_copy(struct stage *stage, const char *name, int fd, bool executable, struct err *err);
/* Enters a file that somebody else wrote. */
int stage_count(struct stage *stage, const char *name, struct err *err);

/* A file that comes piece by piece. */
struct stage_file {
	struct stage *stage;
	char name[MEDIUM_NAME_MAX + 1];
	int fd; /* -1: none */
	struct digest_state digest;
};
#define STAGE_FILE_INIT ((struct stage_file){ .fd = -1 })
int stage_file_begin(struct stage *stage, const char *name, struct stage_file *ret_file, struct err *err);
int stage_file_add(struct stage_file *file, struct bytes data, struct err *err);
int stage_file_end(struct stage_file *file, struct err *err); /* synced, and in the manifest */
void stage_file_done(struct stage_file *file); /* due after an end as well */

/* Gives all that is on it the time DATE, syncs, and gives it its name. The stage is empty then. */
int stage_finish_folder(struct stage *stage, struct timestamp date, struct err *err);
/*
 * The same as one ISO 9660 file with Rock Ridge and nothing beside it (iso.h), whose SHA-256 is *ret_digest. INTERRUPTED (may be
 * NULL) ends the writing: ERR_INTERRUPTED.
 */
int stage_finish_iso(struct stage *stage, struct timestamp date, const atomic_bool *interrupted,
		     unsigned char ret_digest[DIGEST_BYTES], struct err *err);

#endif
