/*
 * iso.h - a folder as one ISO 9660 file.
 *
 * Written by xorriso (run as a program; 1.5.4 was tried): level 3, Rock Ridge and no other name tree, one session, all dates
 * the same, so that the same folder gives the same bytes. libarchive's writer does not.
 */
#ifndef MEDIUM_ISO_H
#define MEDIUM_ISO_H

#include <stdatomic.h>

#include "base/timefmt.h"
#include "tally/err.h"

/*
 * Writes the folder DIRFD into the file PATH, relative to that folder, which is there and empty, and syncs nothing. ERR_NOINPUT when there is
 * no xorriso, ERR_IO with its last words when it fails, ERR_INTERRUPTED. Not thread-safe beside others that wait for children.
 */
int iso_write(int dirfd, const char *path, struct timestamp date, const atomic_bool *interrupted, struct err *err);

#endif
