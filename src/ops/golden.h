/*
 * golden.h - a first generation of a tree that nobody runs: a disk image or an archive, read by the confined parser.
 */
#ifndef OPS_GOLDEN_H
#define OPS_GOLDEN_H

#include "ops/first.h"
#include "ops/side.h"

/*
 * Adds all entries of SIDE, opened and not scanned, to WRITER, and what was read to FIGURES. Warns of partitions that are left out.
 * ERR_DATA when the tree can't be read to its end, or anything in it has no entry: half a tree is no baseline. Times of whole seconds
 * are not recorded: to a check they would be wrong times. Forks: no other thread may run.
 */
int golden_record(struct side *side, const struct policy *policy, struct baseline_writer *writer,
		  struct first_figures *figures, struct err *err);

#endif
