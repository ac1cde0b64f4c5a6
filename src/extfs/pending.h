/*
 * pending.h - what of a file system stands in its journal only.
 */
#ifndef EXTFS_PENDING_H
#define EXTFS_PENDING_H

#include "extfs/extfs_inner.h"

/*
 * Fills the journal's part of the info of an opened file system. When it was asked for and something waits, extfs->replay is made and
 * *ret_over is true: open it again with that laid over. A journal that is damaged is no error but a state. ERR_INTERNAL (memory).
 */
int pending_find(struct extfs *extfs, bool *ret_over, struct err *err);
void pending_done(struct extfs *extfs);

#endif
