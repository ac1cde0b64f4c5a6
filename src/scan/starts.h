/*
 * starts.h - where a scan starts: the policy's roots, restricted to the paths that were asked for. With a depth other
 * than SCAN_BELOW: the paths that were asked for, as far as the policy may cover something there.
 */
#ifndef SCAN_STARTS_H
#define SCAN_STARTS_H

#include "scan/listing.h"
#include "scan/shared.h"

/* Fills shared->starts from its options. The bytes are borrowed from policy and options. */
int starts_find(struct shared *shared, struct err *err);

/* The name that comes next on the way from a directory whose path has PATH_LEN bytes to START. */
struct bytes starts_name(struct bytes start, size_t path_len);

/* The names that lead from that directory to starts[low..high), which lie below it, each once. 0 or a negative errno. */
int starts_listing(const struct shared *shared, size_t path_len, size_t low, size_t high, struct listing *ret_listing);

/* Narrows low..high, starts below a directory, to those below its child PATH. True when the child is itself a start.
 * In logarithmic time. */
bool starts_narrow(const struct shared *shared, struct bytes path, size_t *low, size_t *high);

/* PATH itself is not behind options.after; nor is anything below it. */
bool starts_is_past(const struct shared *shared, struct bytes path);
bool starts_is_past_below(const struct shared *shared, struct bytes path);

#endif
