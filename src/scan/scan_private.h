/*
 * scan_private.h - for tests only.
 */
#ifndef SCAN_SCAN_PRIVATE_H
#define SCAN_SCAN_PRIVATE_H

#include "scan/scan.h"

/* How long a call may give no answer, instead of 30 s. Before the first pair. */
void scan_set_stall_limit(struct pairs *scan, unsigned limit_ms);

#endif
