/*
 * path.h - bytes, and paths as bytes: absolute, "/" or "/a/b", no empty or dot component, no trailing slash.
 * Pure functions, thread-safe.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct bytes {
	const unsigned char *data;
	size_t len;
};

static inline struct bytes bytes_of(const char *text)
{
	return (struct bytes){ (const unsigned char *)text, strlen(text) };
}
bool bytes_equal(struct bytes a, struct bytes b);

/* The longest path that is recorded; longer ones are unexamined. Deeper nesting ends there too. */
enum { PATH_MAX_BYTES = 65536 };

/* Path order: raw bytes, shorter first. <0, 0, >0. */
int path_compare(struct bytes a, struct bytes b);
/* Sorts into path order. */
void path_sort(struct bytes *paths, size_t count);
/* Is it among PATHS, which are in path order? */
bool path_among(struct bytes path, const struct bytes *paths, size_t count);
/* PATH is ABOVE itself or below it. "/" is above everything. */
bool path_covers(struct bytes above, struct bytes path);
/* The path without its last component; "/" for "/a" and for "/". */
struct bytes path_parent(struct bytes path);
/* The last component; empty for "/". */
struct bytes path_name(struct bytes path);
/* Is it in the form described at the top, without NUL, at most PATH_MAX_BYTES? */
bool path_valid(struct bytes path);

#endif
