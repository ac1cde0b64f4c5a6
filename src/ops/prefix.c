/* prefix.c - see prefix.h. */
#include "ops/prefix.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { READ_BYTES = 128 * 1024 };

int prefix_hash(int fd, uint64_t bytes, const atomic_bool *interrupted, struct digest_state *state)
{
	CLEANUP(freep) unsigned char *block = malloc(READ_BYTES);

	if (!block)
		return -ENOMEM;
	while (bytes) {
		ssize_t n = read(fd, block, bytes < READ_BYTES ? (size_t)bytes : READ_BYTES);

		if (interrupted && atomic_load(interrupted))
			return -ECANCELED;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		digest_update(state, block, (size_t)n);
		bytes -= (uint64_t)n;
	}
	return 0;
}
