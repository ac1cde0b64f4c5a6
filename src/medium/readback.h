/*
 * readback.h - an ISO file that was just written, read as tally verify will read it. Private to this room.
 *
 * Another program wrote it, and another version of that may lay it out in a way that the room's reader refuses: better told
 * while the host is there than on the day when the medium is needed.
 */
#ifndef MEDIUM_READBACK_H
#define MEDIUM_READBACK_H

#include <stdatomic.h>

#include "base/timefmt.h"
#include "medium/manifest.h"

/*
 * Is the image PATH what source.h reads, dated DATE, with the files of MANIFEST, their digests, and beside them the list and its signature, no more?
 * ERR_IO says what is not as it was written; ERR_INTERRUPTED, INTERRUPTED (may be NULL) being set.
 */
int readback_iso(const char *path, const struct manifest *manifest, struct timestamp date,
		 const atomic_bool *interrupted, struct err *err);

#endif
