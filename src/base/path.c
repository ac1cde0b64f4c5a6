/* path.c - see path.h. */
#include "base/path.h"

#include <stdlib.h>

bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int path_compare(struct bytes a, struct bytes b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.data, b.data, common) : 0;

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

static int by_path(const void *a, const void *b)
{
	return path_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

void path_sort(struct bytes *paths, size_t count)
{
	if (count)
		qsort(paths, count, sizeof(*paths), by_path);
}

bool path_among(struct bytes path, const struct bytes *paths, size_t count)
{
	return count && bsearch(&path, paths, count, sizeof(*paths), by_path);
}

bool path_covers(struct bytes above, struct bytes path)
{
	if (above.len == 1)
		return path.len > 0 && above.data[0] == '/';
	return path.len >= above.len && memcmp(path.data, above.data, above.len) == 0 &&
	       (path.len == above.len || path.data[above.len] == '/');
}

static size_t last_slash(struct bytes path)
{
	size_t at = path.len;

	while (at > 0 && path.data[at - 1] != '/')
		at--;
	return at; /* just behind the slash; 0 when there is none */
}

struct bytes path_parent(struct bytes path)
{
	size_t at = last_slash(path);

	return (struct bytes){ path.data, at > 1 ? at - 1 : 1 };
}

struct bytes path_name(struct bytes path)
{
	size_t at = last_slash(path);

	return (struct bytes){ path.data + at, path.len - at };
}

static bool component_valid(const unsigned char *name, size_t len)
{
	if (len == 0 || (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.'))
		return false;
	return memchr(name, '\0', len) == NULL;
}

bool path_valid(struct bytes path)
{
	size_t start = 1;

	if (path.len == 0 || path.len > PATH_MAX_BYTES || path.data[0] != '/')
		return false;
	if (path.len == 1)
		return true;
	for (size_t i = 1; i <= path.len; i++) {
		if (i < path.len && path.data[i] != '/')
			continue;
		if (!component_valid(path.data + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}
