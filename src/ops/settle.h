/*
 * settle.h - a first generation made while the tree changes: what changed is examined again until nothing does.
 */
#ifndef OPS_SETTLE_H
#define OPS_SETTLE_H

#include "tally/settled.h"

/* OPTIONS: as of the scan that filled WRITER. */
int settle_first(const struct scan_options *options, struct baseline_writer *writer, const struct init_settle *settle,
		 struct err *err);

#endif
