/*
 * evidence_inner.h - what the parent keeps of a child. Private to evidence/.
 */
#ifndef EVIDENCE_EVIDENCE_INNER_H
#define EVIDENCE_EVIDENCE_INNER_H

#include <sys/types.h>

#include "evidence/child.h"
#include "evidence/claims.h"

struct evidence {
	struct evidence_job job;
	struct child_limits limits;
	struct evidence_result result;
	struct claims claims;
	uint64_t linked_bytes; /* of the entries that hard links lead to, each time */
	pid_t pid; /* 0 when it was reaped */
	int fd;
	struct buf in; /* what was read */
	size_t at; /* of the next record in it */
};

/*
 * The next claim for the tree: 1, borrowed until the next call; 0 at the end, however it came (result->whole and result->ended tell);
 * ERR_INTERRUPTED, ERR_IO, ERR_INTERNAL.
 */
int evidence_next(struct evidence *evidence, struct claim *ret_claim, struct err *err);

/* The tree of an archive: members sorted, links resolved. RET_TREE's `kind` and `name` are the caller's to set. */
int members_tree(struct evidence *evidence, struct tree **ret_tree, struct err *err);

#endif
