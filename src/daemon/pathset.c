/* pathset.c - see pathset.h. */
#include "daemon/pathset.h"

#include <stdlib.h>

#include "base/cleanup.h"

/* Between "/a" and "/a/b" stands "/a-c": the last one kept says nothing, each directory above must be looked for. */
static bool is_below(const struct bytes *kept, size_t count, struct bytes path)
{
	while (path.len > 1) {
		path = path_parent(path);
		if (path_among(path, kept, count))
			return true;
	}
	return false;
}

size_t pathset_reduce(struct bytes *paths, size_t count, bool below)
{
	size_t kept = 0;

	path_sort(paths, count);
	for (size_t i = 0; i < count; i++) {
		bool same = kept && bytes_equal(paths[kept - 1], paths[i]);

		if (same || (below && is_below(paths, kept, paths[i])))
			freep(&paths[i].data);
		else
			paths[kept++] = paths[i];
	}
	return kept;
}

void pathset_free(struct bytes *paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		freep(&paths[i].data);
	free(paths);
}
