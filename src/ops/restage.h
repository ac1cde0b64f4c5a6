/*
 * restage.h - the second look: between staging and signing, is everything that was staged still so? And the rest of logs.
 */
#ifndef OPS_RESTAGE_H
#define OPS_RESTAGE_H

#include "ops/stage.h"

/*
 * ERR_LOCKED, naming the first path, when something staged has changed again: type, inode, size, mtime and ctime must
 * be as staged, what was removed must be gone. Nothing is read but metadata.
 */
int restage(struct stage *stage, const struct talk *talk, struct err *err);

/*
 * A log of which the scan read the beginning (digest_bytes): reads it again, as far as its size, and puts the whole
 * digest into the entry. Where that can't be (unreadable by now, or larger than MAX bytes), the size becomes that of the
 * beginning: no more is recorded than was read. ERR_LOCKED when it is not the file that the scan saw; ERR_INTERRUPTED.
 */
int restage_log(struct entry *log, uint64_t max, const atomic_bool *interrupted, struct err *err);

#endif
