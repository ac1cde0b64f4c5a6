/*
 * wholelog.h - an accepted log is signed whole, though a scan hashes only the beginning that was recorded.
 */
#ifndef OPS_WHOLELOG_H
#define OPS_WHOLELOG_H

#include <stdatomic.h>

#include "tree/entry.h"

/*
 * A log of which the scan read the beginning (digest_bytes): reads it again, as far as its size, and puts the whole
 * digest into the entry. Where that can't be (unreadable by now, or larger than MAX bytes), the size becomes that of the
 * beginning: no more is recorded than was read. ERR_LOCKED when it is not the file that the scan saw; ERR_INTERRUPTED.
 */
int wholelog(struct entry *log, uint64_t max, const atomic_bool *interrupted, struct err *err);

#endif
