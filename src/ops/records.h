/*
 * records.h - reading generations to their end, so that what they hold may be told.
 */
#ifndef OPS_RECORDS_H
#define OPS_RECORDS_H

#include "ops/reference.h"

/* Reads TREE to its end, unless INTERRUPTED (may be NULL): the rows of a generation prove themselves there. */
int records_read(struct tree *tree, const atomic_bool *interrupted, struct err *err);

/* Reads all rows of the reference's generation: count, order and root hash are right when this succeeds. */
int records_prove(struct reference *reference, struct err *err);

/* The same for every generation of the file, each by its own policy. */
int records_prove_all(struct reference *reference, struct err *err);

/* What there is to say of one generation. Borrows from the reference and from TEXTS. */
int records_view(struct reference *reference, uint64_t sequence, struct texts *texts, struct generation_view *ret_view,
		 struct err *err);

#endif
