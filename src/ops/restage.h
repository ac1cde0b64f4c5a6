/*
 * restage.h - the second look: between staging and signing, is everything that was staged still so?
 */
#ifndef OPS_RESTAGE_H
#define OPS_RESTAGE_H

#include "ops/stage.h"

/*
 * ERR_LOCKED, naming the first path, when something staged has changed again: type, inode, size, mtime and ctime must
 * be as staged, what was removed must be gone. Nothing is read but metadata.
 */
int restage(struct stage *stage, const struct talk *talk, struct err *err);

#endif
