/*
 * shared.h - what all parts of one scan look at: its options resolved, constant while it runs.
 */
#ifndef SCAN_SHARED_H
#define SCAN_SHARED_H

#include "sys/names.h"
#include "scan/scan.h"

struct shared {
	struct scan_options options;
	struct names names;
	char *real_root; /* of options.root in this system, "" for "/": the prefix of paths in the mount table */
	uint32_t dev_major, dev_minor; /* of the root directory */
	struct buf starts; /* struct bytes[]: where scanning starts, sorted; none below another with SCAN_BELOW */
	size_t start_count;
	bool trusted; /* trusted.* xattrs are seen */
};

/* The path of the root, and what the paths of its children begin with. */
static inline struct bytes shared_root(const struct shared *shared)
{
	return shared->options.at.len > 1 ? shared->options.at : bytes_of("/");
}
static inline struct bytes shared_prefix(const struct shared *shared)
{
	return shared->options.at.len > 1 ? shared->options.at : bytes_of("");
}

static inline struct bytes shared_start(const struct shared *shared, size_t index)
{
	return ((const struct bytes *)(const void *)shared->starts.data)[index];
}

#endif
