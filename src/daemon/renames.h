/*
 * renames.h - renames of the last moments, so that what went from one name and came under another is told as one event. One owner.
 */
#ifndef DAEMON_RENAMES_H
#define DAEMON_RENAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/path.h"
#include "tally/err.h"

enum { RENAMES_MAX = 1024 };
#define RENAMES_KEEP_NS (UINT64_C(30) * 1000 * 1000 * 1000)

struct renames;
int renames_new(struct renames **ret_renames, struct err *err);
void renames_freep(struct renames **renames);

int renames_add(struct renames *renames, struct bytes from, struct bytes to, bool is_dir, uint64_t now_ns,
		struct err *err);
/* The name that PATH, or a directory above it, had before: 1 with it in RET_FROM, 0 there is none. */
int renames_origin(const struct renames *renames, struct bytes path, uint64_t now_ns, struct buf *ret_from,
		   struct err *err);
/* Does PATH lie at or below a name that was moved to another one? */
bool renames_left(const struct renames *renames, struct bytes path, uint64_t now_ns);

/* Its going was told as part of a move: renames_told() once for it, then it is forgotten. */
int renames_tell(struct renames *renames, struct bytes from, uint64_t now_ns, struct err *err);
bool renames_told(struct renames *renames, struct bytes path);

#endif
