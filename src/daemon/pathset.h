/*
 * pathset.h - a list of paths made small. Pure.
 */
#ifndef DAEMON_PATHSET_H
#define DAEMON_PATHSET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/path.h"

/*
 * Sorts PATHS and keeps each once; BELOW: only those that lie at or below no other. What is dropped is freed (each path is an
 * allocation of its own). Returns how many are left.
 */
size_t pathset_reduce(struct bytes *paths, size_t count, bool below);
/* Frees the paths and the list. */
void pathset_free(struct bytes *paths, size_t count);

#endif
