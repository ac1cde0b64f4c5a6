/*
 * prefix.h - the next bytes of an open file, hashed: what rotation and accept do with logs.
 */
#ifndef OPS_PREFIX_H
#define OPS_PREFIX_H

#include <stdatomic.h>
#include <stdint.h>

#include "crypto/digest.h"

/*
 * Adds the next BYTES of FD to STATE. INTERRUPTED may be NULL. 0, or a negative errno: -ENODATA where the file ends
 * before, -ECANCELED when interrupted, -ENOMEM, or the read's. Thread-safe on different descriptors.
 */
int prefix_hash(int fd, uint64_t bytes, const atomic_bool *interrupted, struct digest_state *state);

#endif
