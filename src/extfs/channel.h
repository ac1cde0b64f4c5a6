/*
 * channel.h - libext2fs's way to the bytes: an io_manager that reads through a cache and refuses to write.
 */
#ifndef EXTFS_CHANNEL_H
#define EXTFS_CHANNEL_H

#include "extfs/extfs_inner.h"

/* Opens EXTFS's file system; its cache is borrowed until ext2fs_free(). An error of libext2fs. */
errcode_t channel_open(struct extfs *extfs, ext2_filsys *ret_fs);

#endif
