/*
 * reach.h - opening directories by path without following a link anywhere, however long the path is.
 */
#ifndef WATCH_REACH_H
#define WATCH_REACH_H

#include "base/path.h"

/* PATH: absolute, below ROOT_FD. An O_PATH descriptor, or a negative errno. */
int reach_open(int root_fd, struct bytes path);

#endif
